"""How much each base piece weighs in a new row: one sparse row of weights for each new piece, adding up to 1.

The same weights make the input row and the output row, so a method is a way to weigh and nothing more.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse

Weights: TypeAlias = scipy.sparse.csr_array
"""float32[new pieces, base pieces]."""


@dataclass(frozen=True)
class Parts:
    """Base pieces that the base cuts each new piece into: piece i is `ids[starts[i]:starts[i + 1]]`.

    `ids` int32[sum of lengths], `starts` int64[n + 1]. A reserve piece has no parts.
    """

    ids: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts) - 1


def mean_weights(parts: Parts, base_size: int) -> Weights:
    """Every part weighs the same: row = 1/k sum over parts of E[part].

    A part that stands twice weighs twice. Source: the mean of sub-word rows of Yamaguchi et al. 2024
    (arXiv:2406.11477) and Gosal et al. 2024 (arXiv:2407.12869).

    >>> parts = Parts(np.array([0, 2, 2, 1], np.int32), np.array([0, 3, 4, 4]))
    >>> mean_weights(parts, 3).toarray().astype(float).round(2).tolist()
    [[0.33, 0.0, 0.67], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    """
    return _normalized(parts, np.ones(len(parts.ids)), base_size)


def length_weights(parts: Parts, lengths: npt.NDArray[np.int64], base_size: int) -> Weights:
    """A part weighs by the bytes of text it stands for: row = sum of len(part) E[part] / sum of len(part).

    `lengths` int64[base pieces], in bytes of UTF-8; a byte-fallback piece has 1. So three bytes of a rare letter weigh
    as much as one piece for it would. A part of no bytes (a special) weighs nothing unless all parts have none.
    """
    weights = lengths[parts.ids].astype(np.float64)
    owner = _owners(parts)
    weights[np.bincount(owner, weights, minlength=len(parts))[owner] == 0] = 1.0
    return _normalized(parts, weights, base_size)


def _owners(parts: Parts) -> npt.NDArray[np.int64]:
    return np.repeat(np.arange(len(parts)), np.diff(parts.starts))


def _normalized(parts: Parts, weights: npt.NDArray[np.float64], base_size: int) -> Weights:
    owner = _owners(parts)
    sums = np.bincount(owner, weights, minlength=len(parts))
    shares = (weights / sums[owner]).astype(np.float32)
    # A copy, since duplicates are summed in place, and the parts are used again.
    matrix = scipy.sparse.csr_array(
        (shares, parts.ids, parts.starts), shape=(len(parts), base_size), dtype=np.float32, copy=True
    )
    matrix.sum_duplicates()
    return matrix
