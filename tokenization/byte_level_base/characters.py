"""Joins that make characters whole, before any word is learned: a piece that ends inside a letter helps nobody."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tokenization.byte_level_base.arabic_bytes import continues, is_admitted
from tokenization.byte_level_base.words import Words

Pair = tuple[int, int]


class Joined(NamedTuple):
    """What was joined: pair j makes the symbol `first + j`; and the words in which they are joined."""

    pairs: list[Pair]
    weights: list[float]
    words: Words
    bytes_of: list[bytes | None]


def join_characters(words: Words, bytes_of: list[bytes | None], min_count: float) -> Joined:
    """Join symbols that share a character, from left to right, until characters are whole.

    Args:
        words: Words of base ids.
        bytes_of: What each symbol stands for; new symbols follow.
        min_count: Joins seen less often are left to the base's bytes.
    """
    pairs: list[Pair] = []
    weights: list[float] = []
    bytes_of = list(bytes_of)
    while True:
        found = _find(words, bytes_of, min_count)
        if not found:
            return Joined(pairs, weights, words, bytes_of)
        first = len(bytes_of)
        for (left, right), weight in found.items():
            pairs.append((left, right))
            weights.append(weight)
            bytes_of.append((bytes_of[left] or b"") + (bytes_of[right] or b""))
        words = _replace(words, list(found), first)


def _find(words: Words, bytes_of: list[bytes | None], min_count: float) -> dict[Pair, float]:
    """Pairs whose border lies inside an Arabic character, the most frequent first."""
    inside = np.array([piece is not None and continues(piece) for piece in bytes_of])[words.symbols]
    places = np.flatnonzero(inside[1:] & ~inside[:-1] & ~_word_begins(words)[1:])
    keys = words.symbols[places].astype(np.int64) << 32 | words.symbols[places + 1]
    unique, groups = np.unique(keys, return_inverse=True)
    owners = np.searchsorted(words.starts, places, side="right") - 1
    totals = np.bincount(groups, words.counts[owners], len(unique))
    found = {}
    for place in np.lexsort((unique, -totals)):
        left, right = int(unique[place] >> 32), int(unique[place] & 0xFFFFFFFF)
        data = (bytes_of[left] or b"") + (bytes_of[right] or b"")
        if totals[place] >= min_count and is_admitted(data):
            found[left, right] = float(totals[place])
    return found


def _replace(words: Words, pairs: list[Pair], first: int) -> Words:
    """Put symbol `first + j` wherever pair j stands; pairs share no symbol, for only right parts begin inside."""
    known = np.array([left << 32 | right for left, right in pairs], np.int64)
    order = np.argsort(known)
    keys = words.symbols[:-1].astype(np.int64) << 32 | words.symbols[1:]
    slots = np.minimum(np.searchsorted(known[order], keys), len(known) - 1)
    hits = np.flatnonzero((known[order][slots] == keys) & ~_word_begins(words)[1:])
    symbols = words.symbols.copy()
    symbols[hits] = first + order[slots[hits]]
    kept = np.ones(len(symbols), np.bool_)
    kept[hits + 1] = False
    before = np.concatenate([[0], np.cumsum(kept)])
    return Words(symbols[kept], before[words.starts], words.counts)


def _word_begins(words: Words) -> npt.NDArray[np.bool_]:
    begins = np.zeros(len(words.symbols) + 1, np.bool_)
    begins[words.starts] = True
    return begins[:-1]
