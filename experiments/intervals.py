"""Means over seeds with intervals, paired differences, and their p-values corrected for being many."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import stats

CONFIDENCE = 0.95


def interval(values: Sequence[float]) -> dict[str, float | None]:
    """Mean over seeds and the half width of its 95 % interval by Student's t; none for a single seed.

    >>> {name: round(value, 3) for name, value in interval([1.0, 2.0, 3.0]).items()}
    {'mean': 2.0, 'half_width': 2.484}
    """
    count = len(values)
    half = None
    if count > 1:
        quantile = float(stats.t.ppf((1 + CONFIDENCE) / 2, count - 1))
        half = quantile * float(np.std(values, ddof=1)) / math.sqrt(count)
    return {"mean": float(np.mean(values)), "half_width": half}


def paired(first: Sequence[float], second: Sequence[float]) -> dict[str, Any]:
    """Differences of the same seeds, first less second: interval as above, and p of the two-sided paired t-test."""
    differences = np.asarray(first) - np.asarray(second)
    account: dict[str, Any] = interval(differences.tolist())
    account["differences"] = differences.tolist()
    account["p"] = _p(differences)
    return account


def _p(differences: Any) -> float | None:
    count = len(differences)
    if count < 2:
        return None
    spread = float(np.std(differences, ddof=1))
    if not spread:
        return 0.0 if differences.any() else 1.0
    statistic = float(np.mean(differences)) / (spread / math.sqrt(count))
    return float(2 * stats.t.sf(abs(statistic), count - 1))


def holm(values: Sequence[float]) -> list[float]:
    """P-values that keep their meaning for all of a family at once (Holm 1979), in the order given.

    >>> [round(value, 2) for value in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(values, kind="stable")
    adjusted = np.empty(len(values))
    least = 0.0
    for rank, place in enumerate(order):
        least = max(least, min(1.0, (len(values) - rank) * values[place]))
        adjusted[place] = least
    return [float(value) for value in adjusted]
