"""Cuts within words, told in letters, as shares of counts for the symbols that the base cuts the words into."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import polars as pl

from tokenization.learning.merges import Starts, Symbols, Weights

_ARABIC_LETTER_BYTES = 2


def joint_shares(
    symbols: Symbols, starts: Starts, texts: Sequence[bytes | None], cuts: pl.DataFrame, share: float
) -> Weights:
    """`share` at symbols that begin where a word is to be cut, 1 elsewhere; float64[n], for `learn`.

    Args:
        symbols: int32[n], words end to end, or parts of words; a part that is a word by itself is cut as that word.
        starts: int64[w + 1].
        texts: What each symbol stands for as UTF-8, a space for U+2581; None stands for nothing.
        cuts: Columns word and cuts (list[int64]), as `tokenization.clitics.clitic_cuts` makes them.
        share: 1 leaves learning free, 0 keeps it from joining across a cut.

    Raises:
        ValueError: The share is not from 0 to 1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share must be from 0 to 1, got {share}")
    shares = np.ones(len(symbols))
    if share == 1 or not len(symbols):
        return shares
    spelled = np.array([text or b"" for text in texts], object)
    lengths = np.fromiter(map(len, spelled), np.int64, len(spelled))
    begins = np.concatenate([[0], np.cumsum(lengths[symbols])])  # in bytes, over all words
    data = b"".join(spelled[symbols])
    bounds = begins[starts].tolist()
    words = [data[first:end].decode(errors="replace") for first, end in pairwise(bounds)]
    wanted = (
        pl.DataFrame({"word": words, "begin": begins[starts[:-1]]})
        .with_columns(
            pl.col("word").str.strip_prefix(" "), space=pl.col("word").str.starts_with(" ").cast(pl.Int64)
        )
        .join(cuts, on="word", how="inner")
        .explode("cuts", empty_as_null=False)
        .select(pl.col("begin") + pl.col("space") + pl.col("cuts") * _ARABIC_LETTER_BYTES)
        .to_series()
    )
    shares[np.isin(begins[:-1], wanted.to_numpy())] = share
    return shares
