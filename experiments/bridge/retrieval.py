"""Which text of the other language is a translation, by what a model makes of both.

Representations are moved so that each language's mean is at 0 (that two languages lie apart says nothing of their
sentences), and compared by cosine, corrected for hubs: CSLS (Conneau et al. 2018, arXiv:1710.04087).
"""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_SHARED = re.compile(r"[0-9\u0660-\u0669]+|[A-Za-z]{2,}")
_DIGITS = {0x0660 + digit: str(digit) for digit in range(10)}


def similarities(left: NDArray[np.floating], right: NDArray[np.floating]) -> Floats:
    """Cosines of all rows with all others, each side's mean taken off; float64[left, right]."""
    sides = []
    for side in (left, right):
        moved = side.astype(np.float64) - side.mean(0, dtype=np.float64)
        sides.append(moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-12))
    return np.asarray(sides[0] @ sides[1].T, dtype=np.float64)


def csls(cosines: Floats, neighbors: int) -> Floats:
    """Twice the cosine, less each side's mean cosine with its nearest neighbors on the other side.

    >>> csls(np.array([[1.0, 0.5], [0.0, 0.5]]), 1)
    array([[ 0. , -0.5],
           [-1.5,  0. ]])
    """
    hubs = [
        np.sort(cosines, axis=axis).take(range(-min(neighbors, cosines.shape[axis]), 0), axis=axis).mean(axis)
        for axis in (1, 0)
    ]
    return np.asarray(2 * cosines - hubs[0][:, None] - hubs[1][None, :], dtype=np.float64)


def hits(scores: Floats) -> Floats:
    """1 for each row whose own column has the highest score, and a share of 1 where it shares that place.

    >>> hits(np.array([[2.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]))
    array([1.        , 0.5       , 0.33333333])
    """
    highest = scores.max(1)
    shared = (scores >= highest[:, None]).sum(1)
    return np.where(np.diag(scores) >= highest, 1 / shared, 0.0)


def both_ways(
    left: NDArray[np.floating], right: NDArray[np.floating], neighbors: int
) -> tuple[Floats, Floats]:
    """Hits of each left row among the right ones, and of each right row among the left ones."""
    scores = csls(similarities(left, right), neighbors)
    return hits(scores), hits(scores.T)


def best_layer(left: NDArray[np.floating], right: NDArray[np.floating], neighbors: int) -> int:
    """The layer with most hits both ways; the first of equals. Arrays are [layers, texts, width]."""
    means = [
        np.mean([ways.mean() for ways in both_ways(one, other, neighbors)])
        for one, other in zip(left, right, strict=True)
    ]
    return int(np.argmax(means))


def lexical(left: Sequence[str], right: Sequence[str]) -> Floats:
    """What needs no model: cosines of the numbers and Latin words in both texts, rarer ones weighing more.

    >>> lexical(["born 1990"], ["\u0661\u0669\u0669\u0660", "-"]).round(3).tolist()
    [[1.0, 0.0]]
    """
    bags = [
        [Counter(_SHARED.findall(text.translate(_DIGITS).lower())) for text in side] for side in (left, right)
    ]
    shared = sorted(set().union(*bags[0]) & set().union(*bags[1]))
    number = {word: place for place, word in enumerate(shared)}
    counts = [np.zeros((len(side), len(shared))) for side in bags]
    for side, matrix in zip(bags, counts, strict=True):
        for row, bag in enumerate(side):
            for word, count in bag.items():
                if word in number:
                    matrix[row, number[word]] = count
    texts = len(left) + len(right)
    found_in = sum((matrix > 0).sum(0) for matrix in counts)
    weights = np.log(texts / np.maximum(found_in, 1))
    sides = []
    for matrix in counts:
        weighted = matrix * weights
        sides.append(weighted / np.maximum(np.linalg.norm(weighted, axis=1, keepdims=True), 1e-12))
    return np.asarray(sides[0] @ sides[1].T, dtype=np.float64)
