"""Fertility against the number of new pieces, and the size that it suggests.

Merges are made in the order in which they were learned, so the cut under the first n pieces is the cut under all of
them with the later joins undone. One cut of the held-out text thus gives the whole curve, exactly.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

from tokenization.base import Additions, Encode
from tokenization.expand_config import Choice

ALL = "all"
_SLICED_BY = ("source", "dialect")
_BATCH = 500


def measure_curve(
    encode: Encode, additions: Additions, base_size: int, documents: pl.DataFrame, step: int
) -> pl.DataFrame:
    """Pieces that held-out documents take under the first 0, `step`, 2 `step`, ... new pieces.

    `encode` cuts with all of them. Returns columns slice ("all", "source wiki", "dialect arz"), pieces (new ones),
    taken, words, characters, fertility (pieces per word between white space) and characters_per_piece.
    """
    sizes = np.unique(np.append(np.arange(0, len(additions), step), len(additions)))
    rows = []
    for name, chosen in _slices(documents):
        uses = count_uses(encode, chosen["text"], base_size + len(additions))
        taken = taken_under(uses, additions)[sizes]
        words, characters = int(chosen["words"].sum()), int(chosen["characters"].sum())
        rows.append(
            pl.DataFrame({"pieces": sizes, "taken": taken}).select(
                pl.lit(name).alias("slice"),
                "pieces",
                "taken",
                pl.lit(words).alias("words"),
                pl.lit(characters).alias("characters"),
                (pl.col("taken") / words).alias("fertility"),
                (characters / pl.col("taken")).alias("characters_per_piece"),
            )
        )
    return pl.concat(rows)


def taken_under(uses: npt.NDArray[np.int64], additions: Additions) -> npt.NDArray[np.int64]:
    """Pieces that the text takes under the first 0, 1, ... all additions: int64[additions + 1].

    `uses` counts each id in the cut under all additions.
    """
    saved = additions.times_made(uses) * np.array([len(parts) - 1 for parts in additions.parts], np.int64)
    undone = np.append(np.cumsum(saved[::-1])[::-1], 0)
    return undone + uses.sum()  # type: ignore[no-any-return]


def count_uses(encode: Encode, texts: pl.Series, size: int) -> npt.NDArray[np.int64]:
    """How often each id stands in the cuts of texts: int64[size]."""
    uses = np.zeros(size, np.int64)
    for offset in range(0, len(texts), _BATCH):
        for ids in encode(texts[offset : offset + _BATCH].to_list()):
            uses += np.bincount(np.asarray(ids, np.int64), minlength=size)
    return uses


def choose(curve: pl.DataFrame, choice: Choice) -> int:
    """The first size after which another step saves less than the least gain; the largest where none does."""
    whole = curve.filter(pl.col("slice") == ALL).sort("pieces")
    sizes, taken = whole["pieces"].to_list(), whole["taken"].to_list()
    for position in range(1, len(sizes) - 1):
        part = (sizes[position + 1] - sizes[position]) / choice.step
        if 1 - taken[position + 1] / taken[position] < choice.minimum_gain * part:
            return int(sizes[position])
    return int(sizes[-1])


def _slices(documents: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    yield ALL, documents
    for column in _SLICED_BY:
        labels = [label for label in documents[column].unique().sort().to_list() if label]
        if column == "dialect" or len(labels) > 1:
            for label in labels:
                yield f"{column} {label}", documents.filter(pl.col(column) == label)
