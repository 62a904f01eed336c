"""Sentence alignment as the best path through a band: 1-1, 1-0, 0-1, 2-1, 1-2 and 2-2 beads.

Gale and Church 1993, A Program for Aligning Sentences in Bilingual Corpora: a bead costs by how unlikely its lengths
are and by how rare its kind is. What its sentences cover of one another is added in nats.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from corpus.align_texts.settings import Beads

Lengths = npt.NDArray[np.int64]
Matrix = npt.NDArray[np.float32]

KINDS = np.array([(1, 1), (1, 0), (0, 1), (2, 1), (1, 2), (2, 2)], np.int64)
_PRIORS = np.log(np.array([0.89, 0.00495, 0.00495, 0.0445, 0.0445, 0.011]))


class Bead(NamedTuple):
    """Sentences `left[0]:left[1]` go with `right[0]:right[1]`; one of the two may be empty."""

    left: tuple[int, int]
    right: tuple[int, int]
    coverage: float


def align(left: Lengths, right: Lengths, forward: Matrix, backward: Matrix, settings: Beads) -> list[Bead]:
    """The best beads for sentences of these lengths (characters), in order; all sentences are in one.

    `forward[i, j]` is the share of left sentence i that right sentence j covers, `backward[i, j]` that of j by i; both
    may be of shape (0, 0), which leaves the lengths.
    """
    if not len(left) or not len(right):
        return [*(Bead((i, i + 1), (0, 0), 0.0) for i in range(len(left))),
                *(Bead((0, 0), (j, j + 1), 0.0) for j in range(len(right)))]  # fmt: skip
    # Where a left sentence stands for many right ones, the bands of neighboring rows must overlap, or no path fits.
    band = max(settings.band, max(len(left), len(right)) // 10, len(right) // len(left) + 1)
    weight = settings.coverage_weight if forward.size else 0.0
    path, covered = _align(
        left, right, forward, backward, KINDS, _PRIORS, settings.length_ratio, settings.length_variance,
        weight, settings.coverage_floor, band,
    )  # fmt: skip
    return [
        Bead((int(i), int(i + a)), (int(j), int(j + b)), float(share))
        for (i, j, a, b), share in zip(path[::-1], covered[::-1], strict=True)
    ]


def packed(beads: Sequence[Bead]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Beads as arrays: int64[n, 4] of starts and ends, float64[n] of coverage."""
    ends = np.array([(*bead.left, *bead.right) for bead in beads], np.int64).reshape(-1, 4)
    return ends, np.array([bead.coverage for bead in beads], np.float64)


def unpacked(arrays: tuple[npt.NDArray[Any], ...]) -> list[Bead]:
    """Beads of such arrays."""
    ends, coverage = arrays
    return [
        Bead((a, b), (c, d), share)
        for (a, b, c, d), share in zip(ends.tolist(), coverage.tolist(), strict=True)
    ]


@numba.njit(cache=True, nogil=True)
def length_cost(left: float, right: float, ratio: float, variance: float) -> float:
    """-log of the two-sided probability that lengths are at least so far apart; at most 25."""
    mean = (left + right / ratio) / 2
    delta = abs(right - left * ratio) / math.sqrt(max(mean, 1.0) * variance)
    return float(-math.log(max(math.erfc(delta / math.sqrt(2.0)), 1e-11)))


@numba.njit(cache=True, nogil=True)
def _covered(
    forward: Matrix, backward: Matrix, left: Lengths, right: Lengths, i: int, j: int, a: int, b: int
) -> float:
    """Mutual coverage of a bead: what of either side the other covers, weighted by lengths, the mean of both."""
    shares = np.zeros(2)
    weights = np.zeros(2)
    for row in range(i, i + a):
        total = 0.0
        for column in range(j, j + b):
            total += forward[row, column]
        shares[0] += min(total, 1.0) * left[row]
        weights[0] += left[row]
    for column in range(j, j + b):
        total = 0.0
        for row in range(i, i + a):
            total += backward[row, column]
        shares[1] += min(total, 1.0) * right[column]
        weights[1] += right[column]
    return float((shares[0] / max(weights[0], 1.0) + shares[1] / max(weights[1], 1.0)) / 2)


@numba.njit(cache=True, nogil=True)
def _align(
    left: Lengths, right: Lengths, forward: Matrix, backward: Matrix, kinds: Any, priors: Any, ratio: float,
    variance: float, weight: float, floor: float, band: int,
) -> Any:  # fmt: skip
    rows, columns = len(left), len(right)
    width = 2 * band + 1
    best = np.full((rows + 1, width), -np.inf)
    came = np.full((rows + 1, width), -1, np.int8)
    # Column j of row i lies at j - first[i], the band following the straight line between the corners.
    first = np.empty(rows + 1, np.int64)
    for i in range(rows + 1):
        first[i] = i * columns // rows - band
    best[0, -first[0]] = 0.0
    for i in range(rows + 1):
        for j in range(max(0, first[i]), min(columns, first[i] + width - 1) + 1):
            at = j - first[i]
            for kind in range(len(kinds)):
                a, b = kinds[kind, 0], kinds[kind, 1]
                if a > i or b > j:
                    continue
                before = j - b - first[i - a]
                if before < 0 or before >= width or best[i - a, before] == -np.inf:
                    continue
                score = best[i - a, before] + priors[kind]
                if a and b:
                    score -= length_cost(left[i - a : i].sum(), right[j - b : j].sum(), ratio, variance)
                    if weight:
                        share = _covered(forward, backward, left, right, i - a, j - b, a, b)
                        score += weight * (share - floor) * (a + b) / 2
                if score > best[i, at]:
                    best[i, at] = score
                    came[i, at] = kind
    path = np.empty((rows + columns, 4), np.int64)
    covered = np.zeros(rows + columns)
    i, j, count = rows, columns, 0
    while i or j:
        kind = came[i, j - first[i]]
        a, b = kinds[kind, 0], kinds[kind, 1]
        i, j = i - a, j - b
        path[count] = (i, j, a, b)
        if weight and a and b:
            covered[count] = _covered(forward, backward, left, right, i, j, a, b)
        count += 1
    return path[:count], covered[:count]
