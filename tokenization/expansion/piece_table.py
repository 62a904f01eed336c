"""pieces.parquet: every new id, what it stands for, and what the base made of it."""

from collections.abc import Sequence

import polars as pl

from tokenization.base import Additions

SCHEMA: dict[str, pl.DataType] = {
    "id": pl.Int32(),
    "piece": pl.String(),  # as in the vocabulary
    "text": pl.String(),  # null for reserve, and where its bytes are no whole UTF-8
    "base_ids": pl.List(pl.Int32()),  # the base's own cut; empty for reserve
    "parts": pl.List(pl.Int32()),  # the ids that join to make it; empty for reserve
    "role": pl.String(),  # learned, character or reserve
    "count": pl.Int64(),  # how often it is made in the sample
}


def piece_table(additions: Additions, reserve: Sequence[str], base_size: int) -> pl.DataFrame:
    """One row per new id, in id order."""
    number = len(reserve)
    total = len(additions) + number
    columns = {
        "id": range(base_size, base_size + total),
        "piece": [*additions.pieces, *reserve],
        "text": [*additions.texts, *[None] * number],
        "base_ids": [*map(list, additions.base_ids), *[[] for _ in range(number)]],
        "parts": [*map(list, additions.parts), *[[] for _ in range(number)]],
        "role": [*additions.roles, *["reserve"] * number],
        "count": [*additions.counts, *[0] * number],
    }
    return pl.DataFrame(columns, schema=SCHEMA)


def additions_of(table: pl.DataFrame) -> Additions:
    """The additions that a table without reserve was made from."""
    return Additions(
        pieces=table["piece"].to_list(),
        texts=table["text"].to_list(),
        parts=table["parts"].to_list(),
        base_ids=table["base_ids"].to_list(),
        roles=table["role"].to_list(),
        counts=table["count"].to_list(),
    )
