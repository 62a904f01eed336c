"""Byte-pair encoding over unique words with weights."""

import numpy as np

from tokenization.learning.merges import Merges, Starts, Symbols, Weights
from tokenization.learning.words import check_words, exact_shares, exact_weights


def learn(
    symbols: Symbols,
    starts: Starts,
    counts: Weights,
    num_symbols: int,
    num_merges: int,
    *,
    minimum_weight: float = 0.0,
    joints: Weights | None = None,
) -> Merges:
    """Learn merges: again and again the pair of neighbors of the greatest weight becomes a symbol of its own.

    Word i is `symbols[starts[i]:starts[i + 1]]`, cut by the base as far as its own merges go. A pair's weight is the
    sum of the counts of its places; of places of a symbol with itself that overlap, as in a run of three, so many are
    counted as can be merged. Of pairs of equal weight the one with the lower left symbol comes first, then the one
    with the lower right symbol, as in Hugging Face's trainer. The order of the words makes no difference.

    Args:
        symbols: int32[n], words end to end.
        starts: int64[w + 1].
        counts: float64[w], at least 0; rounded where their sums would not be exact in float64.
        num_symbols: The base's size; merge j makes symbol `num_symbols + j`.
        num_merges: How many merges to learn; fewer come back where no pair is left.
        minimum_weight: Pairs of less weight are not merged; pairs of no weight never are.
        joints: float64[n], from 0 to 1: a pair whose right symbol began at that place has so much of the word's count,
            so that with 0 none is learned for its sake. Once learned elsewhere it joins there too, as in an encoder,
            which sees no boundary. The first of a word is not asked. Rounded to 1/64; None is 1 everywhere.

    Raises:
        ValueError: The words do not hang together.
    """
    from tokenization.learning.pair_kernels import learn_pairs

    check_words(symbols, starts, counts, num_symbols)
    if joints is not None and len(joints) != len(symbols):
        raise ValueError(f"joints must be as many as symbols, {len(symbols)}, got {len(joints)}")
    if joints is not None and not bool(((joints >= 0) & (joints <= 1)).all()):
        raise ValueError("joints must be from 0 to 1")
    if num_merges < 0:
        raise ValueError(f"num_merges must be at least 0, got {num_merges}")
    left, right, weights = learn_pairs(
        np.array(symbols, np.int32),  # a copy, which the kernel merges in place
        np.ascontiguousarray(starts, np.int64),
        exact_weights(starts, counts),
        np.ones(len(symbols)) if joints is None else exact_shares(joints),
        num_symbols,
        num_merges,
        minimum_weight,
    )
    return Merges(num_symbols=num_symbols, left=left, right=right, weights=weights)
