"""The threshold that separates right pairs from wrong ones best, and what it does to pairs that it did not see."""

from typing import Any

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float64]
Labels = npt.NDArray[np.bool_]

MEASURES = ("right_kept", "wrong_dropped", "precision", "f1")


def choose_threshold(scores: Scores, good: Labels, keep: float = 0.0) -> float:
    """The score below which pairs are best dropped.

    With `keep`, the highest threshold that leaves so great a share of the right pairs; without, the one with the best
    F1 for finding wrong ones (the lowest of several).

    >>> choose_threshold(np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True]))
    0.8
    >>> choose_threshold(np.array([0.1, 0.2, 0.3, 0.9]), np.array([False, True, True, True]), keep=0.6)
    0.3
    """
    candidates = np.unique(scores)
    below = np.searchsorted(np.sort(scores), candidates)
    wrong_below = np.searchsorted(np.sort(scores[~good]), candidates)
    right_below = below - wrong_below
    if keep:
        # A share of .95 of 20 is 19, whatever floats make of it.
        allowed = right_below <= (1 - keep) * good.sum() + 1e-9
        return float(candidates[allowed][-1])
    f1 = 2 * wrong_below / np.maximum(1, below + (~good).sum())
    return float(candidates[np.argmax(f1)])


def outcome(scores: Scores, good: Labels, threshold: float) -> dict[str, float]:
    """MEASURES of a threshold: shares of right pairs that stay and of wrong ones that go; F1 of finding the wrong."""
    low = scores < threshold
    found = int((low & ~good).sum())
    wrong, right, dropped = int((~good).sum()), int(good.sum()), int(low.sum())
    return {
        "right_kept": int((~low & good).sum()) / max(1, right),
        "wrong_dropped": found / max(1, wrong),
        "precision": found / max(1, dropped),
        "f1": 2 * found / max(1, dropped + wrong),
    }


def area_under_curve(scores: Scores, good: Labels) -> float:
    """How often a right pair has a higher score than a wrong one; equal ones count half."""
    right, wrong = scores[good], np.sort(scores[~good])
    less = np.searchsorted(wrong, right, "left") + np.searchsorted(wrong, right, "right")
    return float(less.mean() / 2 / max(1, len(wrong))) if len(right) else 0.0


def halves(good: Labels, seed: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Two halves of the pairs, each with half of the right and half of the wrong ones."""
    draw = np.random.Generator(np.random.PCG64(seed))
    first, second = [], []
    for label in (True, False):
        rows = draw.permutation(np.flatnonzero(good == label))
        first.append(rows[: len(rows) // 2])
        second.append(rows[len(rows) // 2 :])
    return np.sort(np.concatenate(first)), np.sort(np.concatenate(second))


def held_out(
    scores: Scores, good: Labels, *, keep: float, splits: int, resamples: int, seed: int
) -> dict[str, Any]:
    """The threshold that one half chooses and what it does to either half, with bootstrap intervals of 95 %.

    The half that chose flatters the threshold; the other one tells. `thresholds` are those of all halvings, in order.
    """
    thresholds, others = [], []
    for number in range(splits):
        choosing, telling = halves(good, seed + number)
        thresholds.append(choose_threshold(scores[choosing], good[choosing], keep))
        others.append(outcome(scores[telling], good[telling], thresholds[-1]))
    choosing, telling = halves(good, seed)
    draw = np.random.Generator(np.random.PCG64(seed))
    drawn = [draw.choice(telling, len(telling)) for _ in range(resamples)]
    again = [outcome(scores[rows], good[rows], thresholds[0]) for rows in drawn]
    told = others[0]
    return {
        "threshold": thresholds[0],
        "half_that_chose": outcome(scores[choosing], good[choosing], thresholds[0]),
        "other_half": {
            name: {"value": told[name], "interval": _interval([each[name] for each in again])}
            for name in MEASURES
        },
        "pairs": {"chose": len(choosing), "told": len(telling), "wrong": int((~good).sum())},
        "area_under_curve": area_under_curve(scores[telling], good[telling]),
        "splits": {
            "thresholds": _interval(thresholds),
            **{name: float(np.mean([each[name] for each in others])) for name in MEASURES},
        },
    }


def _interval(values: list[float]) -> list[float]:
    return [float(each) for each in np.percentile(values, [2.5, 97.5])]
