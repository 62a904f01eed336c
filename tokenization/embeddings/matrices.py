"""From a method and a matrix to its new rows, as they are stored, and an account of their norms."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tokenization.embeddings.checkpoint import Checkpoint, Placed
from tokenization.embeddings.expansion import Expansion
from tokenization.embeddings.floats import Array, from_float32, is_finite
from tokenization.embeddings.rows import (
    center_of,
    describe_norms,
    lengths_about,
    random_rows,
    weighted_rows,
    with_norms,
)
from tokenization.embeddings.settings import Embeddings
from tokenization.embeddings.tensor_file import Growth, read_rows
from tokenization.embeddings.weights import Weights, length_weights, mean_weights
from tokenization.errors import TokenizationError


@dataclass(frozen=True)
class Recipe:
    """How rows are made of any matrix; `weights` is None where they are drawn."""

    settings: Embeddings
    weights: Weights | None
    account: dict[str, Any]


@dataclass(frozen=True)
class Grown:
    """New rows of a matrix as they are stored, and what the manifest says of them."""

    growth: Growth
    described: dict[str, Any]


def make_recipe(expansion: Expansion, settings: Embeddings) -> Recipe:
    """Weights of base pieces in new ones, the same for input and output matrix.

    Raises:
        TokenizationError: The corpus that a method learns from cannot be used.
    """
    parts, base_size = expansion.parts, expansion.base_size
    if settings.method == "random":
        return Recipe(settings, None, {})
    if settings.method == "length_weighted":
        weights = length_weights(parts, expansion.vocabulary.lengths(base_size), base_size)
        return Recipe(settings, weights, _account(weights))
    weights = mean_weights(parts, base_size)
    if settings.method == "similarity":
        from tokenization.embeddings.auxiliary import auxiliary_vectors, read_documents
        from tokenization.embeddings.similarity import similarity_weights

        documents = read_documents(
            Path(settings.corpus), expansion.directory / "tokenizer.json", settings.similarity.megabytes
        )
        vectors, counts = auxiliary_vectors(documents, expansion.size, settings.similarity, settings.seed)
        seen = counts >= settings.similarity.minimum_count
        weights, compared = similarity_weights(vectors, seen, weights, settings.similarity)
        account = {
            "pieces_cut": int(counts.sum()),
            "base_pieces_seen": int(seen[:base_size].sum()),
            "new_pieces_compared": int(compared.sum()),
            "new_pieces_by_mean": int((~compared & expansion.is_learned).sum()),
        }
        return Recipe(settings, weights, _account(weights) | account)
    return Recipe(settings, weights, _account(weights))


def new_rows(base: Array, expansion: Expansion, recipe: Recipe, stream: int = 0) -> tuple[Array, Array]:
    """Rows of all new pieces, reserve included, in float32, and their norms before correction, reserve left out.

    `stream` keeps what two matrices draw apart.

    Reserve rows are the mean of the base's: such a piece is never read, and as output it scores as the average piece.
    """
    settings, learned, center = recipe.settings, expansion.is_learned, center_of(base)
    if recipe.weights is None:
        made = random_rows(base, int(learned.sum()), settings.seed, stream, settings.statistics)
        norms = lengths_about(made, center)
    else:
        weights = recipe.weights[learned]
        made = weighted_rows(base, weights)
        norms = lengths_about(made, center)
        made = with_norms(made, base, weights, settings.norms)
    rows = np.empty((len(learned), base.shape[1]), np.float32)
    rows[learned], rows[~learned] = made, center
    return rows, norms


def grow(matrix: Placed, checkpoint: Checkpoint, expansion: Expansion, recipe: Recipe) -> Grown:
    """Make the new rows of a matrix of the checkpoint, in the type in which it is stored.

    Raises:
        TokenizationError: Its numbers, or those of the new rows, are not finite.
    """
    tensor = matrix.tensor
    is_second = not checkpoint.is_tied and matrix != checkpoint.input
    base = read_rows(matrix.file.path, tensor, expansion.base_size)
    rows, before = new_rows(base, expansion, recipe, int(is_second))
    stored = from_float32(rows, tensor.dtype)
    if not is_finite(stored, tensor.dtype):
        raise TokenizationError(
            f"{matrix.file.path}: new rows of {tensor.name} do not fit {tensor.dtype}: store it as F32 first"
        )
    center = center_of(base)
    norms = {
        "about": "the mean of the base's rows",
        "base": describe_norms(lengths_about(base, center)),
        "new_before_correction": describe_norms(before),
        "new": describe_norms(lengths_about(rows, center)[expansion.is_learned]),
    }
    described = {
        "name": tensor.name,
        "file": matrix.file.path.name,
        "dtype": tensor.dtype,
        "shape_before": list(tensor.shape),
        "shape": [expansion.size, tensor.shape[1]],
        "norms": norms,
    }
    return Grown(Growth(expansion.base_size, stored), described)


def _account(weights: Weights) -> dict[str, Any]:
    """How many base pieces a new row is made of."""
    counts = np.diff(weights.indptr)
    counts = counts[counts > 0]
    quantiles = np.quantile(counts, (0.05, 0.5, 0.95)).tolist() if len(counts) else []
    return {"base_pieces_in_a_row": dict(zip(("p05", "median", "p95"), quantiles, strict=False))}
