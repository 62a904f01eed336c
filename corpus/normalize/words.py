"""Kernels for the inside of words: order and composition of marks, and tatweel."""

import unicodedata
from functools import cache

import numba
import numpy as np
import numpy.typing as npt

from corpus.normalize import characters
from corpus.normalize.scan import CLASS_SHIFT, LETTER, MARK, MARKS, Codes, kind_of

_FIRST_LETTER, _FIRST_MARK = 0x0600, 0x0653
_HAMZAS_AND_DAGGER_ALEF = (0x0654, 0x0655, 0x0670)
_TATWEEL, _ALEF, _LAM = characters.TATWEEL, 0x0627, 0x0644
_WAW_FEH, _BEH_KAF = (0x0648, 0x0641), (0x0628, 0x0643)
_LONGEST_DETACHED = 12  # as the step has it


@cache
def compositions() -> npt.NDArray[np.int64]:
    """Row by letter from U+0600: what it becomes with U+0653, U+0654, U+0655; its own letter, and its mark.

    0 where there is none.
    """
    table = np.zeros((256, 5), np.int64)
    for row in range(256):
        letter = chr(_FIRST_LETTER + row)
        for column, mark in enumerate(characters.arabic().composing):
            composed = unicodedata.normalize("NFC", letter + chr(mark))
            table[row, column] = ord(composed) if len(composed) == 1 else 0
        parts = unicodedata.normalize("NFD", letter)
        if len(parts) == 2:
            table[row, 3:] = ord(parts[0]), ord(parts[1])
    return table


@numba.njit(cache=True, nogil=True)
def order_marks(
    codes: Codes,
    size: np.int64,
    out: Codes,
    table: npt.NDArray[np.uint32],
    composed: npt.NDArray[np.int64],
) -> tuple[np.int64, np.int64]:
    """Canonical order and composition (UAX 15) of Arabic letters and marks; 1 if that changed the line."""
    written, first, composing = (
        np.int64(0),
        np.int64(0),
        False,
    )  # the marks since the last letter start at first
    for read in range(size + 1):
        code = codes[read] if read < size else np.int64(0)
        kind = kind_of(code, table)
        if kind & MARK:
            place = written
            while place > first and kind_of(out[place - 1], table) >> CLASS_SHIFT > kind >> CLASS_SHIFT:
                out[place] = out[place - 1]
                place -= 1
            out[place] = code
            composing = composing or bool(kind & MARKS)
            written += 1
            continue
        if composing and first:
            written = _compose(out, first, written, table, composed)
        composing = False
        if read < size:
            out[written] = code
            written += 1
        first = written
    if written != size:
        return written, np.int64(1)
    for index in range(size):
        if out[index] != codes[index]:
            return written, np.int64(1)
    return written, np.int64(0)


@numba.njit(cache=True, nogil=True)
def _compose(
    codes: Codes,
    first: np.int64,
    end: np.int64,
    table: npt.NDArray[np.uint32],
    composed: npt.NDArray[np.int64],
) -> np.int64:
    """Join to the letter before `first` what composes of its marks, in order up to `end`; the new end."""
    letter = codes[first - 1] - _FIRST_LETTER
    if not 0 <= letter < len(composed):
        return end
    if composed[letter, 3]:  # take it apart: its own mark comes first among those of its class
        hidden = composed[letter, 4]
        letter = composed[letter, 3] - _FIRST_LETTER
        place = end
        while place > first and kind_of(codes[place - 1], table) >> CLASS_SHIFT >= (
            kind_of(hidden, table) >> CLASS_SHIFT
        ):
            codes[place] = codes[place - 1]
            place -= 1
        codes[place] = hidden
        end += 1
    kept, last = first, np.int64(0)
    for read in range(first, end):
        mark = codes[read]
        order = kind_of(mark, table) >> CLASS_SHIFT
        column = mark - _FIRST_MARK
        if 0 <= column < 3 and composed[letter, column] and last < order:
            letter = composed[letter, column] - _FIRST_LETTER
        else:
            codes[kept] = mark
            kept += 1
            last = order
    codes[first - 1] = letter + _FIRST_LETTER
    return kept


@numba.njit(cache=True, nogil=True)
def shorten(
    codes: Codes, size: np.int64, out: Codes, table: npt.NDArray[np.uint32]
) -> tuple[np.int64, np.int64]:
    """The step `tatweel`; how many went."""
    word = LETTER | MARK
    written, read = np.int64(0), np.int64(0)
    while read < size:
        start = read
        while read < size and codes[read] == _TATWEEL:
            read += 1
        if read > start:
            after = np.int64(codes[read]) if read < size else np.int64(0)
            follows = start > 0 and kind_of(codes[start - 1], table) & word > 0
            precedes = kind_of(after, table) & word > 0
            kept = np.int64(0)
            if after in _HAMZAS_AND_DAGGER_ALEF:
                kept = np.int64(1)
            elif not follows and (not precedes or kind_of(after, table) & MARK):
                kept = read - start
            elif not precedes and _detached(codes, start, table):
                kept = np.int64(1)
            for _ in range(kept):
                out[written] = _TATWEEL
                written += 1
        if read < size:
            out[written] = codes[read]
            written += 1
            read += 1
    return written, size - written


@numba.njit(cache=True, nogil=True)
def _detached(codes: Codes, end: np.int64, table: npt.NDArray[np.uint32]) -> bool:
    """Whether the word up to `end` is one letter with its marks, or a prefix with the article."""
    first = end
    while first and kind_of(codes[first - 1], table) & (LETTER | MARK):
        first -= 1
        if end - first > _LONGEST_DETACHED:
            return False
    marks = 0
    while marks < end - first and kind_of(codes[end - 1 - marks], table) & MARK:
        marks += 1
    if marks == end - first - 1:
        return True
    if end - first < 2 or codes[end - 1] != _LAM:
        return False
    first += codes[first] in _WAW_FEH
    if end - first == 2 and codes[first] == _LAM:
        return True
    first += codes[first] in _BEH_KAF
    return bool(end - first == 2 and codes[first] == _ALEF)
