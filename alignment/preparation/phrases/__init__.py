"""Lists of phrases, one to a line and compared as folded words: refusals, talk of models and of translators."""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import polars as pl

from alignment.errors import AlignmentError
from corpus.errors import cause_of
from corpus.fold import fold
from corpus.text_buffers import from_buffers


def read_phrases(name: str, more: Sequence[str] = ()) -> list[str]:
    """Folded phrases of the package's list `name`, and of further files; blank lines and those with # are skipped.

    Raises:
        AlignmentError: A file cannot be read.
    """
    texts = [files("alignment.preparation.phrases").joinpath(f"{name}.txt").read_text(encoding="utf-8")]
    for path in more:
        try:
            texts.append(Path(path).read_text(encoding="utf-8-sig"))
        except (OSError, UnicodeDecodeError) as error:
            cause = cause_of(error)
            raise AlignmentError(
                f"phrases {path}: cannot be read ({cause}): give a UTF-8 text file"
            ) from error
    lines = [
        line for text in texts for line in text.splitlines() if line.strip() and not line.startswith("#")
    ]
    folded = from_buffers(fold(pl.Series(lines, dtype=pl.String)))
    return folded.filter(folded != "").unique(maintain_order=True).to_list()


def holds_phrase(phrases: Sequence[str], folded: pl.Expr | None = None) -> pl.Expr:
    """Whether a folded text between spaces (`turns_of`) holds one of the phrases as whole words."""
    return _in(folded).str.contains_any(_patterns(phrases))


def first_phrase(phrases: Sequence[str], folded: pl.Expr | None = None) -> pl.Expr:
    """The phrase that comes first in the text; null where there is none."""
    found = _in(folded).str.extract_many(_patterns(phrases), leftmost=True)
    return found.list.get(0, null_on_oob=True).str.strip_chars()


def _in(folded: pl.Expr | None) -> pl.Expr:
    return pl.col("folded") if folded is None else folded


def _patterns(phrases: Sequence[str]) -> pl.Expr:
    return pl.lit(pl.Series([f" {phrase} " for phrase in phrases], dtype=pl.String).implode())
