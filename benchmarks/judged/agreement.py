"""How far judges agree with one another, beyond chance."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.human.alpha import alpha

Floats = npt.NDArray[np.float64]

CODES = {"A": 0.0, "B": 1.0, "C": 2.0}


def cohen_kappa(first: Floats, second: Floats, *, weighted: bool = False) -> float | None:
    """Cohen's kappa of two judges on the same units (1960); weighted by squared distance (1968) for ratings.

    None where both gave one and the same value to all, so that chance explains everything.
    """
    values = np.unique(np.concatenate([first, second]))
    seen = np.zeros((len(values), len(values)))
    np.add.at(seen, (np.searchsorted(values, first), np.searchsorted(values, second)), 1.0)
    seen /= len(first)
    chance = np.outer(seen.sum(axis=1), seen.sum(axis=0))
    distance = (values[:, None] - values[None, :]) ** 2 if weighted else 1 - np.eye(len(values))
    expected = float((chance * distance).sum())
    return None if expected == 0 else 1 - float((seen * distance).sum()) / expected


def agreements(judgments: pl.DataFrame, *, resamples: int, seed: int) -> list[dict[str, Any]]:
    """One entry for each mode: Krippendorff's alpha over all judges, and kappa of each two.

    Ratings are ordinal; verdicts are nominal, each unit a pair in one order. Empty where there is one judge.
    """
    judges = judgments["judge"].unique(maintain_order=True).to_list()
    found = []
    for mode in ("single", "pairwise") if len(judges) > 1 else ():
        part = judgments.filter(pl.col("mode") == mode)
        if part.is_empty():
            continue
        values = _matrix(part, mode, judges)
        level = "ordinal" if mode == "single" else "nominal"
        whole = alpha(values, level, resamples=resamples, seed=seed)  # type: ignore[arg-type]
        told = {"value": whole.value, "low": whole.low, "high": whole.high, "units": whole.units}
        kappas = [
            {
                "judges": [judges[left], judges[right]],
                **_two(values[:, left], values[:, right], mode == "single"),
            }
            for left, right in combinations(range(len(judges)), 2)
        ]
        found.append({"mode": mode, "krippendorff": told | {"level": level}, "cohen": kappas})
    return found


def _two(left: Floats, right: Floats, single: bool) -> dict[str, Any]:
    both = ~np.isnan(left) & ~np.isnan(right)
    first, second = left[both], right[both]
    if not len(first):
        return {"units": 0, "kappa": None, "equal": None}
    kappa = cohen_kappa(first, second, weighted=single)
    return {"units": len(first), "kappa": kappa, "equal": float((first == second).mean())}


def _matrix(part: pl.DataFrame, mode: str, judges: Sequence[str]) -> Floats:
    """Values as float64[units, judges], NaN where a judge gave none."""
    keys = ["question", "turn", "first", "second"]
    value = (
        pl.col("rating")
        if mode == "single"
        else pl.col("verdict").replace_strict(CODES, return_dtype=pl.Float64)
    )
    by = pl.lit("by ") + pl.col("judge")  # one may be called "first"
    wide = part.with_columns(value=value, by=by).pivot("by", index=keys, values="value", maintain_order=True)
    return wide.select(f"by {judge}" for judge in judges).to_numpy().astype(np.float64)
