"""New rows of one matrix: weighted sums of base rows, their norms, and the random control. Arrays in, arrays out."""

from typing import Literal

import numpy as np

from tokenization.embeddings.floats import Array
from tokenization.embeddings.settings import Norms
from tokenization.embeddings.weights import Weights

_BLOCK = 1024
"""Rows that are widened to float64 at a time."""


def center_of(base: Array) -> Array:
    """Mean of the base's rows, summed in float64; float32[d]. What reserve rows are set to."""
    return np.asarray(base.mean(axis=0, dtype=np.float64), np.float32)


def lengths_about(rows: Array, center: Array) -> Array:
    """Norm of each row about the center: |row - center|; float32[n].

    The rows of a trained model share a large common part, which averaging leaves alone and scaling must not blow up.
    """
    norms = np.empty(len(rows), np.float32)
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK].astype(np.float64) - center
        norms[start : start + _BLOCK] = np.sqrt(np.einsum("nd,nd->n", block, block))
    return norms


def weighted_rows(base: Array, weights: Weights) -> Array:
    """row_i = sum over j of W_ij E_j, in float32; float32[n, d]. A row without weights is 0."""
    return np.asarray(weights @ base, np.float32)


def with_norms(rows: Array, base: Array, weights: Weights, norms: Norms) -> Array:
    """Rows as long as `norms` says, in the same direction from the mean of the base's rows.

    With c the mean of the base's rows and m a weighted mean, the new row is c + (m - c) t / |m - c|. The mean of k rows
    that point anywhere is about 1/sqrt(k) as long as they are, so a model would take every new piece for a faint one
    (the norm correction of NVIDIA's tokenizer extension is against the same). The target t is

    - `parts`: sum over j of W_ij |E_j - c|, the mean length of what the row was averaged of;
    - `base`: the quantile of the base's |E - c| at the row's own rank among the new rows, (rank + 1/2) / n, so that
      the lengths of new rows are distributed as the base's and keep their order;
    - `keep`: |m - c|, nothing changes.

    A row that is the mean itself has no direction and stays.
    """
    if norms == "keep" or not len(rows):
        return rows
    center = center_of(base)
    of_base, of_rows = lengths_about(base, center), lengths_about(rows, center)
    if norms == "parts":
        target = np.asarray(weights @ of_base, np.float32)
    else:
        rank = np.empty(len(rows))
        rank[np.argsort(of_rows, kind="stable")] = np.arange(len(rows)) + 0.5
        target = np.quantile(of_base, rank / len(rows)).astype(np.float32)
    factors = np.divide(target, of_rows, out=np.ones_like(target), where=of_rows > 0)
    scaled = rows - center
    scaled *= factors[:, None]
    scaled += center
    return scaled


def random_rows(
    base: Array, count: int, seed: int, stream: int, statistics: Literal["covariance", "dimensions"]
) -> Array:
    """Rows drawn from a normal with the base's statistics; float32[count, d]. Each stream draws other numbers.

    `covariance` draws from N(mean, covariance of the base's rows), as Hewitt 2021 ("Initializing new word embeddings
    for pretrained language models") proposes, and as `resize_token_embeddings` does by default with the covariance made
    a billion times smaller; `dimensions` takes the variance of each dimension and no correlations. The covariance is
    that of a population (divided by the number of rows).
    """
    draw = np.random.default_rng([seed, stream])
    normal = draw.standard_normal((count, base.shape[1]), dtype=np.float32)
    center = center_of(base)
    if statistics == "dimensions":
        return np.asarray(center + normal * base.std(axis=0, dtype=np.float64).astype(np.float32), np.float32)
    covariance = np.zeros((base.shape[1], base.shape[1]))
    for start in range(0, len(base), _BLOCK):
        block = base[start : start + _BLOCK].astype(np.float64) - center
        covariance += block.T @ block
    values, vectors = np.linalg.eigh(covariance / len(base))
    root = (
        vectors * np.sqrt(np.clip(values, 0, None))
    ) @ vectors.T  # unlike a triangular root, good for any rank
    return np.asarray(center + normal @ root.astype(np.float32), np.float32)


def describe_norms(norms: Array) -> dict[str, float]:
    """Mean and quantiles of norms, to six digits."""
    if not len(norms):
        return {}
    quantiles = np.quantile(norms, (0.05, 0.5, 0.95))
    named = {"mean": norms.mean(dtype=np.float64)}
    named |= dict(zip(("p05", "median", "p95"), quantiles, strict=True))
    return {name: float(f"{value:.6g}") for name, value in named.items()}
