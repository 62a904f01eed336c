"""Messages of `django` with their Arabic translations, as requests to translate."""

from importlib.util import find_spec
from pathlib import Path

import polars as pl
import polib

from alignment.errors import AlignmentError
from alignment.instructions.facts import FACT_COLUMNS

LONGEST_MESSAGE = 60
"""Characters; a small model is asked for phrases, not for paragraphs."""

_NOT_PLAIN = r"[%{}<>\n\\_]|&\w+;"
"""Placeholders, markup and line breaks."""


def message_translations() -> pl.DataFrame:
    """FACT_COLUMNS of relation `translate`, one row for each direction of each short plain message.

    Raises:
        AlignmentError: The package django is missing.
    """
    catalogs = sorted(_package_dir().glob("**/locale/ar/LC_MESSAGES/*.po"))
    pairs = [
        (f"messages/{entry.msgid}", entry.msgid, entry.msgstr)
        for catalog in catalogs
        for entry in polib.pofile(str(catalog), encoding="utf-8")
        if entry.msgid and entry.msgstr and not entry.msgid_plural and not entry.fuzzy
    ]
    messages = (
        pl.DataFrame(pairs, schema=["entity", "en", "ar"], orient="row")
        .unique("entity", keep="first", maintain_order=True)
        .filter(
            pl.all_horizontal(
                ~pl.col("en", "ar").str.contains(_NOT_PLAIN),
                pl.col("en", "ar").str.len_chars() <= LONGEST_MESSAGE,
                pl.col("en").str.contains("[a-z]{2}"),
                pl.col("ar").str.contains(r"\p{Arabic}{2}"),
            )
        )
    )
    directions = [
        messages.select(
            relation=pl.lit("translate"), entity="entity", language=pl.lit(own), subject=own, answer=other
        )
        for own, other in (("en", "ar"), ("ar", "en"))
    ]
    return pl.concat(directions).cast(FACT_COLUMNS)  # type: ignore[arg-type]


def _package_dir() -> Path:
    spec = find_spec("django")
    if spec is None or not spec.submodule_search_locations:
        raise AlignmentError(
            "package django is missing: the instructions use its translated messages; pip install django"
        )
    return Path(next(iter(spec.submodule_search_locations)))
