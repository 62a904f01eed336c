"""Checks of the words that a learner is given, and weights whose sums do not depend on their order."""

import math

import numpy as np

from tokenization.learning.merges import Starts, Symbols, Weights

_MANTISSA_BITS = 52 - 6
_SHARES = 2**6


def check_words(symbols: Symbols, starts: Starts, counts: Weights, num_symbols: int) -> None:
    """Raise ValueError for words that do not hang together."""
    if len(starts) != len(counts) + 1:
        raise ValueError(f"starts must be one longer than counts, got {len(starts)} and {len(counts)}")
    if starts[0] != 0 or starts[-1] != len(symbols) or bool((np.diff(starts) < 0).any()):
        raise ValueError(f"starts must rise from 0 to the number of symbols, {len(symbols)}")
    if len(symbols) >= 2**31 // 3:
        raise ValueError(
            f"symbols must be fewer than {2**31 // 3:,}, got {len(symbols):,}: sample fewer words"
        )
    if len(symbols) and not 0 <= int(symbols.min()) <= int(symbols.max()) < num_symbols:
        raise ValueError(f"symbols must be at least 0 and below num_symbols, {num_symbols}")
    if not bool((np.isfinite(counts) & (counts >= 0)).all()):
        raise ValueError("counts must be finite and at least 0")


def exact_weights(starts: Starts, counts: Weights) -> Weights:
    """Counts rounded so that every sum over places is exact, whatever its order.

    They become multiples of one power of two, of which the weight of all places together is at most 2^46, so that
    shares of them are exact too. Whole numbers stay as they are up to a total of 2^46.
    """
    total = float(np.dot(np.diff(starts).astype(np.float64), counts))
    if total == 0:
        return counts.astype(np.float64)
    quantum = 2.0 ** (math.ceil(math.log2(total)) - _MANTISSA_BITS)
    return np.rint(counts / quantum) * quantum


def exact_shares(joints: Weights) -> Weights:
    """Shares of a count, as multiples of 1/64."""
    return np.rint(np.asarray(joints, np.float64) * _SHARES) / _SHARES
