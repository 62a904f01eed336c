"""Averages over items and over subjects, with bootstrap intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Average:
    """An average and its 95 % interval."""

    value: float
    low: float
    high: float


def micro(credit: Floats, *, resamples: int, seed: int) -> Average:
    """Mean over items; the interval from a bootstrap of items."""
    return _interval(float(credit.mean()), _resampled_means(credit, resamples, np.random.default_rng(seed)))


def macro(credit: Floats, groups: Sequence[str], *, resamples: int, seed: int) -> Average:
    """Mean over groups of the mean over their items; the interval from a bootstrap of items within each group."""
    rng = np.random.default_rng(seed)
    parts = _parts(credit, groups)
    draws = np.mean([_resampled_means(part, resamples, rng) for part in parts.values()], axis=0)
    return _interval(float(np.mean([part.mean() for part in parts.values()])), draws)


def by_group(credit: Floats, groups: Sequence[str]) -> dict[str, tuple[float, int]]:
    """Mean and number of items of each group, sorted by name."""
    return {name: (float(part.mean()), len(part)) for name, part in _parts(credit, groups).items()}


def _parts(credit: Floats, groups: Sequence[str]) -> dict[str, Floats]:
    labels = np.asarray(groups, dtype=np.str_)
    return {str(name): credit[labels == name] for name in np.unique(labels)}


def _resampled_means(credit: Floats, resamples: int, rng: np.random.Generator) -> Floats:
    """Means of bootstrap samples; float64[resamples].

    Of credits that are all 0 or 1, a bootstrap sample's sum is binomial, which is drawn without resampling.
    """
    size = len(credit)
    if np.isin(credit, (0.0, 1.0)).all():
        return np.asarray(rng.binomial(size, float(credit.mean()), resamples) / size, dtype=np.float64)
    return np.array([credit[rng.integers(0, size, size)].mean() for _ in range(resamples)])


def _interval(value: float, draws: Floats) -> Average:
    low, high = np.percentile(draws, (2.5, 97.5))
    return Average(value, float(low), float(high))
