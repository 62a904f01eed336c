"""Texts as columns of units and words, each different one kept once.

A **word** is what stands between white space, punctuation attached to it. A **unit** is what most tokenizers cut on
their own: a word with the one space before it, or several words that stand apart by more than one space (line
breaks, runs of spaces), for tokenizers join these to the words around them. The units of a text, put together, are the
text.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

_WORD = r"\S+"
_UNIT = r"\s*\S+(?:(?: \s+|[^\S ]\s*)\S+)*(?:\s+\z)?"


class Units(NamedTuple):
    """Different units of some documents, and where they stand.

    Units of document i are `different[units[unit_offsets[i]:unit_offsets[i + 1]]]`; its words are numbers into
    `words`, whose unit, a space before the word, is `different[word_units[number]]`.
    """

    different: Sequence[str]
    units: NDArray[np.int32]
    unit_offsets: NDArray[np.int64]
    words: Sequence[str]
    word_units: NDArray[np.int32]
    running: NDArray[np.int32]
    word_offsets: NDArray[np.int64]


def split(texts: pl.Series) -> Units:
    """Cut texts into units and words."""
    units, unit_offsets = _extract(texts, _UNIT)
    words, word_offsets = _extract(texts, _WORD)
    different_words = words.unique(maintain_order=True)
    as_units = (" " + different_words).alias("")
    different = pl.concat([units.alias(""), as_units]).unique(maintain_order=True)
    return Units(
        different=different.to_list(),
        units=_numbers(units, different),
        unit_offsets=unit_offsets,
        words=different_words.to_list(),
        word_units=_numbers(as_units, different),
        running=_numbers(words, different_words),
        word_offsets=word_offsets,
    )


def _extract(texts: pl.Series, pattern: str) -> tuple[pl.Series, NDArray[np.int64]]:
    found = texts.str.extract_all(pattern)
    counts = found.list.len().to_numpy()
    offsets = np.concatenate(([0], np.cumsum(counts, dtype=np.int64)))
    return found.explode(empty_as_null=False, keep_nulls=False), offsets


def _numbers(values: pl.Series, different: pl.Series) -> NDArray[np.int32]:
    """Where each value stands among the different ones."""
    known = pl.DataFrame({"value": different}).with_row_index("number")
    joined = pl.DataFrame({"value": values}).join(known, on="value", how="left", maintain_order="left")
    return joined["number"].cast(pl.Int32).to_numpy()


def sum_by_document(
    values: NDArray[np.float64], numbers: NDArray[np.int32], offsets: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Sum of `values[number]` over the numbers of each document.

    >>> sum_by_document(np.array([1.0, 10.0]), np.array([0, 1, 1], np.int32), np.array([0, 1, 1, 3])).tolist()
    [1.0, 0.0, 20.0]
    """
    sums = np.concatenate(([0.0], np.cumsum(values[numbers], dtype=np.float64)))
    return np.asarray(sums[offsets[1:]] - sums[offsets[:-1]], np.float64)
