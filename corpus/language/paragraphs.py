"""Paragraphs sorted by the script of their letters."""

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from corpus.text_buffers import Bytes, Offsets, TextBuffers

NO_LETTERS, LATIN, ARABIC, EXTENDED, OTHER = range(5)
"""Scripts of a paragraph. EXTENDED is the Arabic script with letters Arabic has not, such as Persian pe."""

NUM_SCRIPTS = 5
EXTENDED_SHARE = 0.02
"""Share of such letters from which a paragraph is EXTENDED: names stay under it, Persian is at .1."""


class Paragraphs(NamedTuple):
    """Lines of all texts, in order.

    Line i ends before byte `ends[i]` (its line feed), text t has lines `first[t]:first[t + 1]`; `letters` is
    int64[texts, NUM_SCRIPTS], letters of the text by script of the line.
    """

    ends: npt.NDArray[np.int64]
    scripts: npt.NDArray[np.uint8]
    first: npt.NDArray[np.int64]
    letters: npt.NDArray[np.int64]


def sort_paragraphs(texts: TextBuffers) -> Paragraphs:
    """Give every line the script that most of its letters are in; an ideograph counts as three letters."""
    num_lines = int(np.count_nonzero(texts.data == 0x0A)) + len(texts)
    return Paragraphs(*_sort(texts.data, texts.offsets, num_lines, _foreign_letters()))


def _foreign_letters() -> npt.NDArray[np.bool_]:
    """Which code points from U+0600 to U+06FF are letters that are not Arabic's."""
    foreign = np.zeros(256, np.bool_)
    foreign[[0x6E, 0x6F]] = True
    foreign[0x71:0xD4] = True
    foreign[[0xD5, 0xEE, 0xEF, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE, 0xFF]] = True
    return foreign


@numba.njit(cache=True, nogil=True)
def _sort(
    data: Bytes, offsets: Offsets, num_lines: int, foreign: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    num_texts = len(offsets) - 1
    ends = np.empty(num_lines, np.int64)
    scripts = np.zeros(num_lines, np.uint8)
    first = np.zeros(num_texts + 1, np.int64)
    letters = np.zeros((num_texts, 5), np.int64)
    line = 0
    for text in range(num_texts):
        position, end = offsets[text], offsets[text + 1]
        while True:
            latin = arabic = extended = other = np.int64(0)
            while position < end and data[position] != 0x0A:
                byte = data[position]
                if byte < 0x80:
                    latin += np.uint8((byte | 0x20) - 0x61) < 26
                    position += 1
                    if byte == 0x7B or (byte == 0x25 and position < end and data[position] == 0x28):
                        position = _skip_placeholder(data, position, end)
                elif byte < 0xE0:
                    if 0xD8 <= byte <= 0xDB:
                        low = ((byte & 0x03) << 6) | (data[position + 1] & 0x3F)
                        if foreign[low]:
                            extended += 1
                            arabic += 1
                        elif 0x20 <= low <= 0x4A and low != 0x40:
                            arabic += 1
                    elif byte <= 0xC9:
                        latin += byte >= 0xC3
                    elif byte >= 0xCD and byte != 0xDC:
                        other += 1
                    elif byte == 0xDD:
                        arabic += 1
                    position += 2
                elif byte < 0xF0:
                    if byte == 0xEF and 0xAD <= data[position + 1] <= 0xBB:
                        arabic += (
                            data[position + 1] != 0xB8
                        )  # presentation forms, without the variation selectors
                    elif 0xE3 <= byte <= 0xED and not (byte == 0xE3 and data[position + 1] == 0x80):
                        other += 3
                    elif byte <= 0xE1:
                        other += 1
                    position += 3
                else:
                    position += 4
            script = NO_LETTERS
            if latin + arabic + other:
                if arabic >= latin and arabic >= other:
                    script = EXTENDED if extended >= EXTENDED_SHARE * arabic else ARABIC
                else:
                    script = LATIN if latin >= other else OTHER
            ends[line] = position
            scripts[line] = script
            letters[text, script] += latin + arabic + other
            line += 1
            if position >= end:
                break
            position += 1
        first[text + 1] = line
    return ends, scripts, first, letters


@numba.njit(cache=True, nogil=True)
def _skip_placeholder(data: Bytes, position: int, end: int) -> int:
    """Byte after a placeholder such as {name} or %(name)s whose first mark was read; where none is, unchanged.

    Messages of programs are full of them, and they are in no language.
    """
    after = position
    while after < end and (
        np.uint8((data[after] | 0x20) - 0x61) < 26
        or np.uint8(data[after] - 0x30) < 10
        or data[after] in (0x28, 0x5F, 0x2E)
    ):
        after += 1
    if after == end or data[after] not in (0x7D, 0x29):
        return position
    closed_by_parenthesis = data[after] == 0x29
    after += 1
    return after + 1 if closed_by_parenthesis and after < end and data[after] in (0x73, 0x64) else after
