"""Words by how they are cut: distribution over words, growth with length, and which are worth looking at."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tokenization.arabic_script import word_class
from tokenization.measures.units import Units

MOST_PIECES = 7
"""The last class of the distribution: so many pieces or more."""

LONGEST = 16
"""The last length of the growth: so many letters or more."""

_MARKS = r"[\x{0610}-\x{061A}\x{064B}-\x{065F}\x{0670}\x{06D6}-\x{06DC}\x{06DF}-\x{06E4}\x{06E7}\x{06E8}\x{06EA}-\x{06ED}]"


def word_times(units: Units, documents: NDArray[np.int64]) -> NDArray[np.int64]:
    """How often each different word stands in these documents."""
    wanted = np.zeros(len(units.word_offsets) - 1, np.bool_)
    wanted[documents] = True
    numbers = units.running[np.repeat(wanted, np.diff(units.word_offsets))]
    return np.bincount(numbers, minlength=len(units.words))


def distribution(counts: NDArray[np.int64], times: NDArray[np.int64]) -> list[float]:
    """Share of running words in 1, 2, ... pieces, the last class being open.

    >>> distribution(np.array([1, 2, 9]), np.array([6, 2, 2]))
    [0.6, 0.2, 0.0, 0.0, 0.0, 0.0, 0.2]
    """
    classes = np.bincount(np.minimum(counts, MOST_PIECES), weights=times, minlength=MOST_PIECES + 1)[1:]
    return [float(share) for share in classes / max(times.sum(), 1)]


def letters(words: Sequence[str]) -> NDArray[np.int64]:
    """Letters of each word: marks, tatweel, digits and punctuation do not count."""
    series = pl.Series(words, dtype=pl.String)
    plain = series.str.replace_all(_MARKS, "").str.replace_all("\N{ARABIC TATWEEL}", "")
    return plain.str.count_matches(r"\p{L}").cast(pl.Int64).to_numpy()


def growth(
    counts: NDArray[np.int64], times: NDArray[np.int64], lengths: NDArray[np.int64]
) -> list[float | None]:
    """Mean pieces of running words of 1, 2, ... letters, the last class being open; None where there are none."""
    classes = np.minimum(lengths, LONGEST)
    pieces = np.bincount(classes, weights=counts * times, minlength=LONGEST + 1)[1:]
    running = np.bincount(classes, weights=times, minlength=LONGEST + 1)[1:]
    return [float(p / n) if n else None for p, n in zip(pieces, running, strict=True)]


def bare_words(units: Units, times: NDArray[np.int64]) -> pl.DataFrame:
    """Words without the punctuation around them, those of letters only: word, count; by falling count."""
    pattern = rf"^[^\p{{L}}]*([\p{{L}}][\p{{L}}\p{{M}}{word_class()}]*)[^\p{{L}}\p{{M}}]*$"
    frame = pl.DataFrame({"word": pl.Series(units.words, dtype=pl.String), "count": times})
    return (
        frame.filter(pl.col("count") > 0)
        .with_columns(pl.col("word").str.extract(pattern, 1))
        .drop_nulls("word")
        .group_by("word")
        .agg(pl.sum("count"))
        .sort("count", "word", descending=[True, False])
    )
