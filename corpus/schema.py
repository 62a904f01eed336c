"""The columns that documents have between stages and in the shards."""

import polars as pl

READ_COLUMNS: dict[str, pl.DataType] = {
    "record": pl.String(),  # the record's own id, null where it has none
    "row": pl.Int64(),  # number of the record (line, row, page) in its file, from 1
    "text": pl.String(),
    "language": pl.String(),  # as declared by the source or the side of a pair; "" where it is not known
    "domain": pl.String(),
    "url": pl.String(),
    "license": pl.String(),
    "pair": pl.Int64(),  # sides of one pair carry the row number of the pair; null outside parallel text
}
"""What a reader yields for each document, in file order."""

SHARD_COLUMNS: dict[str, pl.DataType] = {
    "id": pl.String(),
    "text": pl.String(),
    "language": pl.String(),
    "language_confidence": pl.Float32(),
    "source": pl.String(),
    "domain": pl.String(),
    "kind": pl.String(),
    "url": pl.String(),
    "license": pl.String(),
    "characters": pl.Int64(),
    "words": pl.Int64(),
    "pair": pl.String(),  # id shared by the sides of one pair, null outside parallel text
    "dialect": pl.String(),  # e.g. "arz" for Egyptian, "" where it is not known
    "vocalized": pl.Float32(),  # tashkeel marks per Arabic letter
}
"""What every shard holds."""

DROPPED_COLUMNS: dict[str, pl.DataType] = SHARD_COLUMNS | {
    "stage": pl.String(),
    "reason": pl.String(),  # a short fixed word, counted in the manifest, e.g. "too_few_words"
    "detail": pl.String(),  # the figure that decided, e.g. "12 words < 50"; or the id of the copy that stayed
}
"""What the shards of dropped documents hold."""
