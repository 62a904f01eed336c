"""Krippendorff's alpha: how far annotators agree beyond chance, whoever judged what.

Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011): alpha = 1 - observed / expected disagreement over a
matrix of coincidences, in which each unit with m values adds its m (m - 1) ordered pairs, each with weight 1 / (m - 1).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Level = Literal["nominal", "ordinal"]


@dataclass(frozen=True, kw_only=True)
class Alpha:
    """Agreement, its 95 % interval, and what it rests on.

    Attributes:
        value: Alpha: 1 for perfect agreement, 0 for that of chance; None where it is not defined.
        low: Lower end of the interval; None where too few units have several values.
        high: Upper end.
        units: Units that at least two annotators judged.
        values: Values on these units.
    """

    value: float | None
    low: float | None
    high: float | None
    units: int
    values: int


def coincidences(values: Floats) -> tuple[Floats, Floats]:
    """The categories in ascending order, and the coincidences of each unit.

    `values` is float64[units, annotators], NaN where an annotator gave none. Returns float64[categories] and
    float64[units, categories, categories]; a unit with fewer than two values adds nothing.
    """
    categories = np.unique(values[~np.isnan(values)])
    counts = (values[:, :, None] == categories).sum(axis=1).astype(np.float64)
    pairs = counts[:, :, None] * counts[:, None, :]
    pairs -= np.eye(len(categories)) * counts[:, :, None]
    sizes = counts.sum(axis=1)
    return categories, pairs / np.maximum(sizes - 1, 1)[:, None, None]


def from_coincidences(coincidence: Floats, level: Level) -> Floats:
    """Alpha of a matrix of coincidences, float64[..., categories, categories]; NaN where all values are the same."""
    totals = coincidence.sum(axis=-1)
    count = totals.sum(axis=-1)
    distance = _distances(totals, level)
    observed = (coincidence * distance).sum(axis=(-2, -1))
    expected = (totals[..., :, None] * totals[..., None, :] * distance).sum(axis=(-2, -1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(1 - (count - 1) * observed / expected)


def _distances(totals: Floats, level: Level) -> Floats:
    """Squared distances of categories: 1 where they differ, or by how many values lie between them."""
    size = totals.shape[-1]
    if level == "nominal":
        return np.asarray(1 - np.eye(size))
    upto = np.cumsum(totals, axis=-1) - totals / 2  # to the middle of each category
    return np.asarray((upto[..., :, None] - upto[..., None, :]) ** 2)


def alpha(values: Floats, level: Level, *, resamples: int, seed: int, turned: Floats | None = None) -> Alpha:
    """Alpha with a percentile interval from a bootstrap of units; `values` as for `coincidences`.

    `turned` holds the same judgments with the two sides of each comparison changed over. Both count then, so that
    alpha does not hang on which of two models is named first; a unit and its turned twin are drawn together.
    """
    several = (~np.isnan(values)).sum(axis=1) >= 2
    num_units, num_values = int(several.sum()), int((~np.isnan(values[several])).sum())
    if not num_units:
        return Alpha(value=None, low=None, high=None, units=0, values=0)
    rows = values[several] if turned is None else np.concatenate([values[several], turned[several]])
    _, each = coincidences(rows)
    by_unit = each.reshape(-1, num_units, *each.shape[1:]).sum(axis=0)
    value = float(from_coincidences(by_unit.sum(axis=0), level))
    weights = np.random.default_rng(seed).multinomial(num_units, np.full(num_units, 1 / num_units), resamples)
    drawn = from_coincidences(np.asarray(np.tensordot(weights.astype(np.float64), by_unit, axes=1)), level)
    known = drawn[~np.isnan(drawn)]
    low, high = np.percentile(known, (2.5, 97.5)) if len(known) else (np.nan, np.nan)
    return Alpha(
        value=None if np.isnan(value) else value,
        low=None if np.isnan(low) else float(low),
        high=None if np.isnan(high) else float(high),
        units=num_units,
        values=num_values,
    )
