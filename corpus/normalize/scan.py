"""Which lines a step can act on: one pass of a kernel over the bytes of a column.

A line gets a flag where it holds a character, or a pair of neighbors, without which a step changes nothing. A
flag may be wrong by saying too much, never too little; the tests hold this against the steps themselves.
"""

import unicodedata
from functools import cache
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from corpus.normalize import characters
from corpus.text_buffers import Bytes, Offsets, TextBuffers

ENCODING, CONTROLS, RETURN, HTML, INVISIBLE, PHRASES, FORMS, MARKS, TATWEEL, SPACES, PUNCTUATION = (
    1 << bit for bit in range(11)
)
"""Flags of a line: the step of that name can act on it. RETURN is a control too, the carriage return;
MARKS are forms too, marks to put in order or to compose."""

# What a character is, besides the flags that it gives a line by itself; it may be several of these.
BLANK, MARK, STOP, OPENING, CLOSING, LETTER, OTHER, WHITESPACE = (1 << bit for bit in range(11, 19))
_LEAD_1252, _CONTINUATION_1252, _LEAD_1256, _CONTINUATION_1256 = (1 << bit for bit in range(19, 23))

CLASS_SHIFT = 24
"""From this bit on stands the canonical combining class, the order in which NFC puts marks."""

_MIN_PAIRS_1256 = 3  # for the step on encodings to act


Codes = npt.NDArray[np.int32]


class Lines(NamedTuple):
    """Every line of a column, in order: where it is, its flags, and its letters."""

    starts: Offsets
    ends: Offsets
    flags: npt.NDArray[np.uint16]
    arabic_letters: npt.NDArray[np.int64]
    other_letters: npt.NDArray[np.int64]


def scan(buffers: TextBuffers) -> Lines:
    """Cut texts at newlines and flag the lines."""
    first, last = buffers.offsets[0], buffers.offsets[-1]
    num_lines = len(buffers) + int(np.count_nonzero(buffers.data[first:last] == 0x0A))
    starts, ends = np.empty(num_lines, np.int64), np.empty(num_lines, np.int64)
    flags = np.zeros(num_lines, np.uint16)
    letters = np.zeros((2, num_lines), np.int64)
    _scan(buffers.data, buffers.offsets, character_table(), starts, ends, flags, letters)
    return Lines(starts, ends, flags, letters[0], letters[1])


@cache
def character_table() -> npt.NDArray[np.uint32]:
    """What each code point of the BMP is, and as the last entry what the Arabic ones beyond it are."""
    kinds = characters.arabic()
    table = np.zeros(0x10001, np.uint32)
    table[:0x10000][[chr(code).isalpha() for code in range(0x10000)]] = OTHER
    table[:0x10000][[chr(code).isspace() for code in range(0x10000)]] |= WHITESPACE
    phrases = set(map(ord, characters.PHRASES))
    for codes, kind in (
        (kinds.letters, LETTER),
        ([*characters.LINE_ENDS, *characters.CONTROLS], CONTROLS),
        (map(ord, "<&"), HTML),
        ([*characters.INVISIBLE, *characters.JOINERS], INVISIBLE),
        (phrases, PHRASES),
        ([code for code in kinds.resolved if code < 0x10000 and code not in phrases], FORMS),
        (kinds.composing, MARKS),
        (kinds.marks, MARK),
        ([characters.TATWEEL], TATWEEL),
        (characters.ODD_BLANKS, SPACES | BLANK),
        (map(ord, " \t"), BLANK),
        (map(ord, characters.STOPS), STOP),
        (map(ord, characters.OPENING), OPENING),
        (map(ord, characters.CLOSING), CLOSING),
        (map(ord, characters.LEADS_1252), _LEAD_1252),
        (map(ord, characters.CONTINUATIONS_1252), _CONTINUATION_1252),
        (map(ord, characters.LEADS_1256), _LEAD_1256),
        (map(ord, characters.CONTINUATIONS_1256), _CONTINUATION_1256),
    ):
        for code in codes:
            table[code] |= kind
    for code in kinds.marks:
        table[code] |= unicodedata.combining(chr(code)) << CLASS_SHIFT
    table[0x0D] = RETURN | WHITESPACE
    table[(table & LETTER) > 0] &= ~np.uint32(OTHER)
    table[-1] = FORMS
    table.flags.writeable = False  # as the buffers are: one kind of array, one compilation
    return table


@numba.njit(cache=True, nogil=True, inline="always")
def kind_of(code: np.int64, table: npt.NDArray[np.uint32]) -> np.int64:
    """What a code point is; those beyond the BMP are nothing in particular."""
    return np.int64(table[code]) if code < 0x10000 else np.int64(0)


_QUIET = LETTER | OTHER
_ALONE = (1 << 11) - 1


@numba.njit(cache=True, nogil=True)
def _scan(
    data: Bytes,
    offsets: Offsets,
    table: npt.NDArray[np.uint32],
    starts: Offsets,
    ends: Offsets,
    flags: npt.NDArray[np.uint16],
    letters: npt.NDArray[np.int64],
) -> None:
    line = 0
    for text in range(len(offsets) - 1):
        position, end = offsets[text], offsets[text + 1]
        starts[line] = position
        flag, before, pairs, arabic, other = np.int64(0), np.int64(0), 0, 0, 0
        while position <= end:
            byte = np.int64(data[position]) if position < end else np.int64(0x0A)
            if byte == 0x0A:
                if before & BLANK:
                    flag |= SPACES
                if pairs >= _MIN_PAIRS_1256:
                    flag |= ENCODING
                ends[line], flags[line], letters[0, line], letters[1, line] = position, flag, arabic, other
                line += 1
                position += 1
                if position <= end:
                    starts[line] = position
                flag, before, pairs, arabic, other = np.int64(0), np.int64(0), 0, 0, 0
                continue
            if byte < 0x80:
                kind = np.int64(table[byte])
                position += 1
            elif byte < 0xE0:
                kind = np.int64(table[(byte & 0x1F) << 6 | (data[position + 1] & 0x3F)])
                position += 2
            elif byte < 0xF0:
                high = (byte & 0x0F) << 12 | np.int64(data[position + 1] & 0x3F) << 6
                kind = np.int64(table[high | (data[position + 2] & 0x3F)])
                position += 3
            else:
                mathematical = data[position + 1] == 0x9E and 0xB8 <= data[position + 2] < 0xBC
                kind = np.int64(table[0x10000]) if byte == 0xF0 and mathematical else np.int64(0)
                position += 4
            arabic += bool(kind & LETTER)
            other += bool(kind & OTHER)
            if (kind | before) & ~_QUIET:
                flag |= kind & _ALONE | _flag(before, kind)
                pairs += bool(before & _LEAD_1256 and kind & _CONTINUATION_1256)
            before = kind


@numba.njit(cache=True, nogil=True)
def _flag(before: np.int64, kind: np.int64) -> int:
    """What two neighbors flag."""
    flag = 0
    if before & MARK:
        if kind & MARK and (before >> CLASS_SHIFT) > (kind >> CLASS_SHIFT):
            flag |= MARKS
    elif before & BLANK:
        if kind & BLANK:
            flag |= SPACES
        if kind & (STOP | CLOSING):
            flag |= PUNCTUATION
    if (before & OPENING and kind & BLANK) or (before & STOP and kind & LETTER):
        flag |= PUNCTUATION
    if before & _LEAD_1252 and kind & _CONTINUATION_1252:
        flag |= ENCODING
    return flag
