"""Words and phrases to look for, as hash tables that kernels read."""

from collections.abc import Mapping
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from corpus.word_keys import followed_by

Keys = npt.NDArray[np.uint64]


class PhraseTable(NamedTuple):
    """Open-addressing tables with a power of two of slots; key 0 is an empty slot.

    Attributes:
        firsts: Keys of the first words of all phrases.
        keys: Keys of the phrases.
        labels: uint8, bits that say which lists hold the phrase.
        longest: Words in the longest phrase.
    """

    firsts: Keys
    keys: Keys
    labels: npt.NDArray[np.uint8]
    longest: int


def phrase_table(phrases: Mapping[tuple[int, ...], int]) -> PhraseTable:
    """The table of phrases, given as the keys of their words, with their labels (bits of one byte)."""
    slots = 1 << max(6, (4 * len(phrases)).bit_length())
    table = PhraseTable(
        np.zeros(slots, np.uint64),
        np.zeros(slots, np.uint64),
        np.zeros(slots, np.uint8),
        max((len(words) for words in phrases), default=0),
    )
    for words, label in phrases.items():
        if words:
            _insert(np.array(words, np.uint64), label, table)
    return table


@numba.njit(cache=True, nogil=True)
def _insert(words: Keys, label: int, table: PhraseTable) -> None:
    table.firsts[slot_of(words[0], table.firsts)] = words[0]
    run = words[0]
    for word in words[1:]:
        run = followed_by(run, word)
    slot = slot_of(run, table.keys)
    table.keys[slot] = run
    table.labels[slot] |= np.uint8(label)


@numba.njit(cache=True, nogil=True)
def slot_of(key: np.uint64, keys: Keys) -> np.int64:
    """The slot that holds this key, or the empty one where it would go."""
    last = len(keys) - 1
    slot = np.int64(key >> np.uint64(20)) & last
    while keys[slot] != key and keys[slot] != 0:
        slot = (slot + 1) & last
    return slot


@numba.njit(cache=True, nogil=True)
def longest_phrase(words: Keys, first: int, num_words: int, table: PhraseTable) -> tuple[int, np.int64]:
    """Words in the longest phrase that starts at word `first`, and its label; (0, 0) where none does."""
    run = words[first]
    if table.firsts[slot_of(run, table.firsts)] != run:
        return 0, np.int64(0)
    length, label = 0, np.int64(0)
    for size in range(1, min(table.longest, num_words - first) + 1):
        if size > 1:
            run = followed_by(run, words[first + size - 1])
        slot = slot_of(run, table.keys)
        if table.keys[slot] == run:
            length, label = size, np.int64(table.labels[slot])
    return length, label
