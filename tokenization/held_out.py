"""Which documents no tokenizer may learn from, so that it can be measured on text that it has not seen.

The rule is fixed: a document is held out when xxHash64 of its id, with seed 20240722, leaves a rest below the
percentage when divided by 100. Both sides of a parallel text go by the id of the pair, and so the same way. Every
command of the project that learns or measures goes by this rule, so that no figure is taken on text learned from.
"""

import polars as pl
import xxhash

HELD_OUT_SEED = 20_240_722
HELD_OUT_PERCENT = 5


def is_held_out(documents: pl.DataFrame, percent: int = HELD_OUT_PERCENT) -> pl.Series:
    """Whether each document is held out, by its columns id and, where it has one, pair.

    >>> is_held_out(pl.DataFrame({"id": ["a", "a", "b"], "pair": [None, "7", "7"]}), 100).to_list()
    [True, True, True]
    """
    key = pl.coalesce("pair", "id") if "pair" in documents.columns else pl.col("id")
    keys = documents.select(key.cast(pl.String).alias("key"))["key"]
    return pl.Series("held_out", [rest_of(key) < percent for key in keys], dtype=pl.Boolean)


def rest_of(key: str) -> int:
    """The number from 0 to 99 that an id falls on.

    >>> rest_of("wiki_ar/1")
    22
    """
    return xxhash.xxh64_intdigest(key.encode(), seed=HELD_OUT_SEED) % 100
