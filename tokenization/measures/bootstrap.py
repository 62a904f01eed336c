"""Intervals by resampling documents with replacement (Efron 1979), as products of matrices.

A resample is how often each document is drawn; figures of a resample are ratios of its weighted sums. All tokenizers
meet the same resamples, so their figures may be compared resample by resample.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
"""Share of resamples within an interval."""

_BLOCK_DRAWS = 8_000_000


class Estimate(NamedTuple):
    """A figure and the interval that holds it in 95 % of resamples; NaN where there is none to give."""

    value: float
    low: float
    high: float


def resampled_sums(columns: NDArray[np.float64], resamples: int, seed: int) -> NDArray[np.float64]:
    """Sums of the columns (documents, figures) in each resample: (resamples, figures)."""
    number = len(columns)
    generator = np.random.default_rng(seed)
    at_once = max(1, min(resamples, _BLOCK_DRAWS // max(number, 1)))
    blocks = []
    for start in range(0, resamples, at_once):
        rows = min(at_once, resamples - start)
        drawn = generator.integers(0, number, (rows, number), dtype=np.int64)
        drawn += (np.arange(rows) * number)[:, None]
        times = np.bincount(drawn.ravel(), minlength=rows * number).reshape(rows, number)
        blocks.append(times.astype(np.float64) @ columns)
    return np.concatenate(blocks)


def interval(value: float, resampled: NDArray[np.float64], num_documents: int) -> Estimate:
    """The percentile interval of a figure; one document cannot be resampled, so it has none."""
    finite = resampled[np.isfinite(resampled)]
    if num_documents < 2 or not len(finite) or not np.isfinite(value):
        return Estimate(value, float("nan"), float("nan"))
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(finite, [tail, 100 - tail])
    return Estimate(value, float(low), float(high))


def ratio(
    numerators: NDArray[np.float64], denominators: NDArray[np.float64], scale: float = 1.0
) -> NDArray[np.float64]:
    """Scaled ratios; NaN where nothing is divided by nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(scale * numerators / denominators, np.float64)
