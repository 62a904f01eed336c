"""The figures: each measure of each leg, and how legs differ, with intervals over seeds and over items."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.bridge.facts import UNSEEN
from experiments.bridge.legs import COMPARISONS, START
from experiments.bridge.translation import chrf_of
from experiments.errors import ExperimentError
from experiments.intervals import holm, interval, paired

Floats = NDArray[np.float64]
Answers = Mapping[str, Mapping[int, Mapping[str, Any]]]
"""What was measured, by leg and seed: the content of each `measures.json`."""

GROUPS = ("translation", "reading", "retrieval", "facts")


def results(answers: Answers, *, resamples: int, draw_seed: int) -> dict[str, Any]:
    """All tables as plain data.

    `measures` holds for each its items, and for each leg a value by seed, the mean with its interval over seeds, and
    the ends of its interval over items; `comparisons` the same for differences. P-values over seeds are Holm's, over
    all differences within a group of measures.

    Raises:
        ExperimentError: Models were asked different things.
    """
    first = next(iter(next(iter(answers.values())).values()))
    measures, comparisons = {}, []
    for name in sorted(first["measures"], key=_place):
        rows = {
            leg: {seed: np.array(one["measures"].get(name, ()), np.float64) for seed, one in of_seeds.items()}
            for leg, of_seeds in answers.items()
        }
        if len({each.shape for of_seeds in rows.values() for each in of_seeds.values()}) != 1:
            raise ExperimentError(
                f"{name}: models were asked different things: run all again in a new output_dir"
            )
        items = len(next(iter(rows[START].values())))
        if not items:
            continue
        draws = np.random.default_rng(draw_seed).multinomial(items, np.full(items, 1 / items), resamples)
        of_sums = ratio if name.split()[0] != "translation" else chrf_each
        seen = {leg: _Leg(of_seeds, draws, of_sums) for leg, of_seeds in rows.items()}
        measures[name] = {"items": items, "legs": {leg: each.described() for leg, each in seen.items()}}
        comparisons += [
            {"measure": name, "first": one, "second": other, "what": what, **seen[one].less(seen[other])}
            for (one, other), what in COMPARISONS.items()
            if one in seen and other in seen
        ]
    for group in GROUPS:
        tests = [row for row in comparisons if row["measure"].startswith(group) and row["p"] is not None]
        for test, value in zip(tests, holm([row["p"] for row in tests]), strict=True):
            test["p_holm"] = value
    return {"measures": measures, "comparisons": comparisons}


def _place(name: str) -> tuple[int, bool, bool, str]:
    """Where a measure stands: by group; the corpus's pairs before others; facts that cross before their controls."""
    group, kind, direction = name.split()
    control = group == "facts" and kind in (UNSEEN, direction)
    return GROUPS.index(group), control, kind in ("news", UNSEEN), f"{kind} {direction}"[::-1]


def ratio(sums: Floats) -> Floats:
    """The first of each row's sums by the second: credit by items, bits by bytes.

    >>> ratio(np.array([[1.0, 4.0], [6.0, 3.0]])).tolist()
    [0.25, 2.0]
    """
    return np.asarray(sums[:, 0] / sums[:, 1], dtype=np.float64)


def chrf_each(sums: Floats) -> Floats:
    """chrF++ of each row of summed counts."""
    return np.array([chrf_of(row) for row in sums], np.float64)


class _Leg:
    """One measure of one leg: by seed, and by drawn items as the mean over seeds."""

    def __init__(
        self, rows: Mapping[int, Floats], draws: NDArray[np.int64], of_sums: Callable[[Floats], Floats]
    ) -> None:
        self.seeds = sorted(rows)
        self.values = [float(of_sums(rows[seed].sum(0, keepdims=True))[0]) for seed in self.seeds]
        self.drawn = np.mean([of_sums(draws @ rows[seed]) for seed in self.seeds], axis=0)

    def described(self) -> dict[str, Any]:
        return {"by_seed": self.values, **interval(self.values), **_ends(self.drawn)}

    def less(self, other: "_Leg") -> dict[str, Any]:
        """The same seeds and the same drawn items of both."""
        return {**paired(self.values, other.values), **_ends(self.drawn - other.drawn)}


def _ends(drawn: Floats) -> dict[str, float]:
    low, high = np.percentile(drawn, (2.5, 97.5))
    return {"low": float(low), "high": float(high)}


def languages_learned(curves: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Bits per byte of held-out text at the end of each leg: the last validation of each run, by language."""
    return {
        leg: {
            language: interval([float(line["languages"][language]["bits_per_byte"]) for line in lines])
            for language in ("ar", "en")
        }
        for leg, lines in curves.items()
    }
