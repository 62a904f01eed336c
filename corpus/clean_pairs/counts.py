"""Characters, words and letters by script of each text, in one pass over its bytes."""

import unicodedata
from functools import lru_cache

import numba
import numpy as np
import numpy.typing as npt
import polars as pl

from corpus.text_buffers import Bytes, Offsets, to_buffers

COUNTS = ("characters", "words", "letters", "latin", "arabic")

_LETTER, _LATIN, _ARABIC, _BLANK = 1, 2, 4, 8


def count(texts: pl.Series) -> pl.DataFrame:
    """COUNTS of each text, int64. Letters beyond U+FFFF are of other scripts and are not counted as letters.

    >>> count(pl.Series(["ab \N{ARABIC LETTER BEH}1"])).rows()
    [(5, 2, 3, 2, 1)]
    """
    buffers = to_buffers(texts)
    return pl.DataFrame(_count(buffers.data, buffers.offsets, _traits()), schema=list(COUNTS))


@lru_cache(maxsize=1)
def _traits() -> npt.NDArray[np.uint8]:
    """What each code point of the basic plane is."""
    traits = np.zeros(0x10000, np.uint8)
    for code in range(0x10000):
        character = chr(code)
        if unicodedata.category(character).startswith("L"):
            name = unicodedata.name(character, "")
            traits[code] = _LETTER | _LATIN * name.startswith("LATIN") | _ARABIC * name.startswith("ARABIC")
        elif character.isspace():
            traits[code] = _BLANK
    return traits


@numba.njit(cache=True, nogil=True)
def _count(data: Bytes, offsets: Offsets, traits: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    counts = np.zeros((len(offsets) - 1, 5), np.int64)
    for text in range(len(offsets) - 1):
        position, end = np.uint64(offsets[text]), np.uint64(offsets[text + 1])
        characters, words, letters, latin, arabic = 0, 0, 0, 0, 0
        blank_before = np.uint8(_BLANK)
        while position < end:
            byte = data[position]
            if byte < 0x80:
                trait = traits[byte]
                position += np.uint64(1)
            elif byte < 0xE0:
                trait = traits[(np.uint32(byte & 0x1F) << 6) | (data[position + np.uint64(1)] & 0x3F)]
                position += np.uint64(2)
            elif byte < 0xF0:
                high = (np.uint32(byte & 0x0F) << 12) | (np.uint32(data[position + np.uint64(1)] & 0x3F) << 6)
                trait = traits[high | (data[position + np.uint64(2)] & 0x3F)]
                position += np.uint64(3)
            else:
                trait = np.uint8(0)
                position += np.uint64(4)
            characters += 1
            letters += trait & _LETTER
            latin += (trait & _LATIN) >> 1
            arabic += (trait & _ARABIC) >> 2
            blank = trait & np.uint8(_BLANK)
            words += (not blank) and blank_before != 0
            blank_before = blank
        counts[text] = (characters, words, letters, latin, arabic)
    return counts
