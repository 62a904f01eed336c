"""The figures: every leg at equal bytes and at equal compute, and how legs differ."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from experiments.curves import LANGUAGES, Curve, read_at
from experiments.errors import ExperimentError
from experiments.forgetting.legs import COMPARISONS
from experiments.forgetting.matrix import Points
from experiments.intervals import holm, interval, paired

AXES = {"bytes": "num_bytes", "compute": "flops"}
"""What legs are compared at, and which axis of a curve that is."""

WHEN = {"start": 0.0, "half": 0.5, "end": 1.0}
"""Places of a table, as shares of the way to the point of comparison."""

Curves = Mapping[str, Mapping[int, Curve]]
"""By leg and seed."""


def results(curves: Curves, points: Points) -> dict[str, Any]:
    """All tables as plain data.

    Raises:
        ExperimentError: Legs were measured on different texts.
    """
    held_out = _one_held_out(curves)
    base = base_bits(curves)
    places = {"bytes": points.num_bytes, "compute": points.flops}
    return {
        "points": {"bytes": points.num_bytes, "flops": points.flops},
        "held_out_bytes": held_out,
        "base": {language: interval(list(base[language].values())) for language in LANGUAGES},
        "tables": {
            name: {leg: _row(of_seeds, axis, places[name], base["en"]) for leg, of_seeds in curves.items()}
            for name, axis in AXES.items()
        },
        "comparisons": {name: compare(curves, axis, places[name]) for name, axis in AXES.items()},
    }


def base_bits(curves: Curves) -> dict[str, dict[int, float]]:
    """Bits per byte of the unexpanded base, by language and seed: where the legs with its tokenizer begin."""
    leg = next(letter for letter in ("a", "b") if letter in curves)
    return {
        language: {seed: float(curve.bits[language][0]) for seed, curve in curves[leg].items()}
        for language in LANGUAGES
    }


def compare(curves: Curves, axis: str, place: float) -> list[dict[str, Any]]:
    """Paired differences of the legs that differ in one thing; p-values are corrected for all of them together."""
    rows: list[dict[str, Any]] = []
    tests: list[dict[str, Any]] = []
    for (first, second), what in COMPARISONS.items():
        if first not in curves or second not in curves:
            continue
        row: dict[str, Any] = {"first": first, "second": second, "what": what}
        for language in LANGUAGES:
            one, other = (_values(curves[leg], axis, place, language) for leg in (first, second))
            # Forgetting is English less the same base for both, so its difference is that of English.
            row[language] = paired(one, other)
            tests.append(row[language])
        rows.append(row)
    known = [test for test in tests if test["p"] is not None]
    for test, value in zip(known, holm([test["p"] for test in known]), strict=True):
        test["p_holm"] = value
    return rows


def _row(of_seeds: Mapping[int, Curve], axis: str, place: float, base: Mapping[int, float]) -> dict[str, Any]:
    seeds = sorted(of_seeds)

    def means(value: Callable[[Curve, float], float]) -> dict[str, Any]:
        return {
            when: interval([value(of_seeds[seed], place * share) for seed in seeds])
            for when, share in WHEN.items()
        }

    row: dict[str, Any] = {
        language: means(lambda curve, at, name=language: read_at(curve, axis, at, name))  # type: ignore[misc]
        for language in LANGUAGES
    }
    row["forgetting"] = means(lambda curve, at: read_at(curve, axis, at, "en") - base[curve.seed])
    others = {"num_bytes": "flops", "flops": "num_bytes"}
    row[others[axis]] = sum(_other(of_seeds[seed], axis, place) for seed in seeds) / len(seeds)
    row["reached"] = all(getattr(curve, axis)[-1] >= place for curve in of_seeds.values())
    return row


def _other(curve: Curve, axis: str, place: float) -> float:
    """FLOPs at so many bytes, or bytes at so many FLOPs."""
    other = curve.flops if axis == "num_bytes" else curve.num_bytes
    return float(np.interp(place, getattr(curve, axis), other))


def _values(of_seeds: Mapping[int, Curve], axis: str, place: float, language: str) -> list[float]:
    return [read_at(of_seeds[seed], axis, place, language) for seed in sorted(of_seeds)]


def _one_held_out(curves: Curves) -> dict[str, int]:
    everything: Sequence[Mapping[str, int]] = [
        curve.held_out for of_seeds in curves.values() for curve in of_seeds.values()
    ]
    if any(held_out != everything[0] for held_out in everything):
        raise ExperimentError(
            "the runs were validated on different texts: give a new output_dir and run all again"
        )
    return dict(everything[0])
