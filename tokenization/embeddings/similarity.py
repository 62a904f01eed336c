"""Weights by similarity: a new piece's row is made of the rows of base pieces that are used like it (FOCUS)."""

import numpy as np
import numpy.typing as npt
import scipy.sparse

from tokenization.embeddings.floats import Array
from tokenization.embeddings.settings import Similarity
from tokenization.embeddings.weights import Weights

_BLOCK = 512
"""New pieces compared with all base pieces at a time."""


def similarity_weights(
    vectors: Array, seen: npt.NDArray[np.bool_], fallback: Weights, settings: Similarity
) -> tuple[Weights, npt.NDArray[np.bool_]]:
    """Weights of FOCUS (Dobler & de Melo 2023, arXiv:2305.14481, section 3): row_i = sum over j of w_ij E_j.

        w_i = sparsemax_j(cos(a_i, a_j) / temperature) over the base pieces j that the corpus holds,

    with a the auxiliary vectors; softmax in its place is a setting. Only the `neighbors` most similar base pieces take
    part. `vectors` float32[size, k] have unit length; `seen` bool[size] tells those that have one. A new piece
    without one, or without a base piece to compare with, takes its row of `fallback`. Also returns which new pieces
    did not fall back; bool[new].
    """
    count, base_size = fallback.shape
    candidates = np.flatnonzero(seen[:base_size])
    able = seen[base_size:] & (len(candidates) > 0)
    rows = np.flatnonzero(able)
    most = min(settings.neighbors, len(candidates))
    weigh = sparsemax if settings.weighting == "sparsemax" else softmax
    near = np.ascontiguousarray(vectors[candidates].T)
    columns, values = [np.empty((0, most), np.int64)], [np.empty((0, most), np.float32)]
    scale = np.float32(settings.temperature)
    for start in range(0, len(rows), _BLOCK):
        cosines = vectors[base_size + rows[start : start + _BLOCK]] @ near
        best = np.argpartition(-cosines, most - 1, axis=1)[:, :most]
        values.append(weigh((np.take_along_axis(cosines, best, axis=1) / scale).astype(np.float32)))
        columns.append(candidates[best])
    owner = np.repeat(rows, most)
    found = scipy.sparse.coo_array(
        (np.concatenate(values).ravel(), (owner, np.concatenate(columns).ravel())), shape=(count, base_size)
    ).tocsr()
    kept = scipy.sparse.diags_array((~able).astype(np.float32)) @ fallback
    result = scipy.sparse.csr_array(found + kept, dtype=np.float32)
    result.eliminate_zeros()
    return result, able


def sparsemax(scores: Array) -> Array:
    """The nearest point of the simplex to each row, so that low scores get exactly 0; float32[n, k].

    Martins & Astudillo 2016 (ICML), algorithm 1: with scores sorted downward, k the last rank with
    1 + k z_(k) > sum of the first k, and tau = (that sum - 1) / k, the weights are max(0, z - tau).

    >>> sparsemax(np.array([[1.0, 0.8, 0.1]], np.float32)).round(3).tolist()
    [[0.6000000238418579, 0.4000000059604645, 0.0]]
    """
    wide = scores.astype(np.float64)
    ordered = -np.sort(-wide, axis=1)
    sums = np.cumsum(ordered, axis=1)
    ranks = np.arange(1, scores.shape[1] + 1)
    support = (1 + ranks * ordered > sums).sum(axis=1)
    threshold = (np.take_along_axis(sums, support[:, None] - 1, axis=1) - 1) / support[:, None]
    return np.asarray(np.maximum(wide - threshold, 0), np.float32)


def softmax(scores: Array) -> Array:
    """Exponentials of each row, divided by their sum; float32[n, k]."""
    powers = np.exp(scores.astype(np.float64) - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)
