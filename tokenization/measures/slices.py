"""Slices of the documents: all of a language, and its parts by dialect, genre, vocalization and source."""

import hashlib
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tokenization.loading.settings import VOCALIZATIONS

DIMENSIONS = ("dialect", "genre", "vocalization", "source")
_ORDER = {name: place for place, name in enumerate(VOCALIZATIONS)}


class Slice(NamedTuple):
    """Some documents: row numbers (int64), and the label that they share."""

    language: str
    dimension: str  # "" for all of a language
    value: str
    rows: NDArray[np.int64]

    @property
    def name(self) -> str:
        """What it is called in JSON, CSV and signatures.

        >>> Slice("ar", "", "", np.zeros(0, np.int64)).name, Slice("ar", "dialect", "arz", np.zeros(0, np.int64)).name
        ('ar', 'ar/dialect=arz')
        """
        return f"{self.language}/{self.dimension}={self.value}" if self.dimension else self.language


def make_slices(documents: pl.DataFrame) -> list[Slice]:
    """All slices of the documents, languages with the most text first; a label that all share makes none of its own."""
    numbered = documents.with_row_index("row").with_columns(size=pl.col("text").str.len_bytes())
    languages = (
        numbered.group_by("language").agg(pl.sum("size")).sort("size", "language", descending=[True, False])
    )
    found = []
    for language in languages["language"]:
        own = numbered.filter(pl.col("language") == language)
        found.append(Slice(language, "", "", own["row"].cast(pl.Int64).to_numpy()))
        for dimension in DIMENSIONS:
            values = sorted(own[dimension].unique(), key=lambda value: (_ORDER.get(value, -1), value))
            if len(values) < 2:
                continue
            for value in values:
                rows = own.filter(pl.col(dimension) == value)["row"].cast(pl.Int64).to_numpy()
                found.append(Slice(language, dimension, value, rows))
    return found


def digest(texts: pl.Series) -> str:
    """Twelve hexadecimal digits that stand for these texts in this order."""
    found = hashlib.sha256()
    for text in texts:
        found.update(text.encode("utf-8", "surrogatepass") + b"\0")
    return found.hexdigest()[:12]
