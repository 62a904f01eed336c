"""The words of folded texts as 64-bit keys, in the order in which they stand."""

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from corpus.text_buffers import Bytes, Offsets, TextBuffers
from corpus.word_keys import PRIME, SEED, mixed


class FoldedWords(NamedTuple):
    """Words of many texts, laid end to end; text i has the words `first[i]` to `first[i + 1]`.

    Attributes:
        keys: uint64, key of each word.
        starts: int64, first byte of each word.
        first: int64, index of the first word of each text, and the number of words at the end.
    """

    keys: npt.NDArray[np.uint64]
    starts: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]


def folded_words(folded: TextBuffers) -> FoldedWords:
    """Cut folded texts at their spaces and hash each word (FNV-1a, finalized)."""
    if len(folded) == 0:
        return FoldedWords(np.empty(0, np.uint64), np.empty(0, np.int64), np.zeros(1, np.int64))
    num_bytes = int(folded.offsets[-1] - folded.offsets[0])
    keys, starts = (
        np.empty(num_bytes // 2 + len(folded), np.uint64),
        np.empty(num_bytes // 2 + len(folded), np.int64),
    )
    first = np.zeros(len(folded) + 1, np.int64)
    _cut(folded.data, folded.offsets, keys, starts, first)
    return FoldedWords(keys[: first[-1]], starts[: first[-1]], first)


@numba.njit(cache=True, nogil=True)
def _cut(
    data: Bytes,
    offsets: Offsets,
    keys: npt.NDArray[np.uint64],
    starts: npt.NDArray[np.int64],
    first: npt.NDArray[np.int64],
) -> None:
    num_words = 0
    for text in range(len(offsets) - 1):
        position, end = offsets[text], offsets[text + 1]
        while position < end:
            if data[position] == 0x20:
                position += 1
                continue
            key, starts[num_words] = SEED, position
            while position < end and data[position] != 0x20:
                key = (key ^ np.uint64(data[position])) * PRIME
                position += 1
            keys[num_words] = mixed(key)
            num_words += 1
        first[text + 1] = num_words
