"""MADAR's sentences: which of 26 cities, or of 6, is it spoken in; of the corpus, and of its shared task of 2019.

The corpus has a file for each city (sentID.BTEC, split, lang, sent), whose `split` names the parts that a sentence has
in either corpus, as corpus-6-test-corpus-26-train. The shared task has a sentence and a city's code, without a header.
"""

import json
import re
from functools import cache, partial
from importlib.resources import files
from typing import Any

from benchmarks.items import Item
from benchmarks.tasks.row_parts import item_of, text_of
from benchmarks.tasks.rows import Row

SIX = ("BEI", "CAI", "DOH", "MSA", "RAB", "TUN")
"""Codes of the smaller corpus: five cities and Standard Arabic."""


def city(row: Row, corpus: int) -> Item:
    """MADAR: a sentence, and the code of its city among 26, or among 6."""
    known = _known()
    codes = SIX if corpus == 6 else tuple(known["cities"])
    code = text_of(row.values["lang"]).upper()
    if code not in codes:
        raise ValueError(f"lang must be one of {', '.join(codes)}, got {code!r}")
    name = "sentID.BTEC"
    return item_of(
        row,
        known["question"],
        tuple(known["cities"][each][0] for each in codes),
        codes.index(code),
        id=f"{row.values[name]} {code}" if name in row.values else row.label,
        passage=text_of(row.values["sent"]),
        country=known["cities"][code][1],
        split=_split(text_of(row.values.get("split")), corpus) or row.split,
    )


def _split(told: str, corpus: int) -> str:
    """The part that a sentence has in one of the corpora; "none" where it has none there."""
    if not told.startswith("corpus-"):
        return ""
    found = re.search(rf"corpus-{corpus}-(train|dev|test)", told)
    return found[1] if found else "none"


@cache
def _known() -> dict[str, Any]:
    known: dict[str, Any] = json.loads(
        files("benchmarks.tasks").joinpath("madar_cities.json").read_text(encoding="utf-8")
    )
    return known


of_26 = partial(city, corpus=26)
of_6 = partial(city, corpus=6)
