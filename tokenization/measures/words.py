"""Words by how they are cut: distribution over words, growth with length, and which are worth looking at."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tokenization.measures.units import Units

MOST_PIECES = 7
"""The last class of the distribution: so many pieces or more."""

LONGEST = 14
"""The longest words of the growth, in letters: longer ones are few, and mostly run-together words and addresses."""

_MARKS = r"\p{Mn}"


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
    """Mean pieces of running words of 1, 2, ... `LONGEST` letters; None where there are none."""
    kept = lengths <= LONGEST
    counts, times, classes = counts[kept], times[kept], lengths[kept]
    pieces = np.bincount(classes, weights=counts * times, minlength=LONGEST + 1)[1:]
    running = np.bincount(classes, weights=times, minlength=LONGEST + 1)[1:]
    return [float(p / n) if n else None for p, n in zip(pieces, running, strict=True)]


def bare_words(units: Units, times: NDArray[np.int64]) -> pl.DataFrame:
    """Words without the punctuation around them, those of letters only: word, count; by falling count."""
    pattern = r"^[^\p{L}\p{M}\p{N}]*(\p{L}[\p{L}\p{M}]*)[^\p{L}\p{M}\p{N}]*$"
    frame = pl.DataFrame({"word": pl.Series(units.words, dtype=pl.String), "count": times})
    return (
        frame.filter(pl.col("count") > 0)
        .with_columns(pl.col("word").str.extract(pattern, 1))
        .drop_nulls("word")
        .group_by("word")
        .agg(pl.sum("count"))
        .sort("count", "word", descending=[True, False])
    )
