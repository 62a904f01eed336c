"""The frequent steps as a kernel: carriage returns, marks, tatweel, blanks, punctuation.

A line on which no other step can act is decoded to code points, goes through loops that do what `steps` does
with regexes, in the same order, and is written again where it changed. The tests hold both equal.
"""

import numba
import numpy as np
import numpy.typing as npt

from corpus.normalize.layout import close_up, open_up, space
from corpus.normalize.scan import MARKS, PUNCTUATION, RETURN, SPACES, TATWEEL, Codes, character_table
from corpus.normalize.words import compositions, order_marks, shorten
from corpus.text_buffers import Bytes, Offsets, TextBuffers

NATIVE = RETURN | MARKS | TATWEEL | SPACES | PUNCTUATION
"""Flags of the steps that the kernel makes."""

_STEPS = ("controls", "forms", "tatweel", "spaces", "punctuation")


def rewrite(
    data: Bytes,
    starts: Offsets,
    ends: Offsets,
    active: npt.NDArray[np.uint16],
    allowed: npt.NDArray[np.uint16],
) -> tuple[TextBuffers, Offsets, dict[str, int]]:
    """One round of the steps in `NATIVE` over the lines `data[starts[i]:ends[i]]`.

    A line starts with the steps that its flags in `active` name; once one changed it, all in `allowed` follow.

    Gives the lines that changed, as a column; which they are; and the replacements of each step.
    """
    counts = np.zeros(len(_STEPS), np.int64)
    if not len(starts):
        return TextBuffers(np.empty(0, np.uint8), np.zeros(1, np.int64)), starts, {}
    out, offsets, changed = _rewrite(
        data, starts, ends, active, allowed, character_table(), compositions(), counts
    )
    found = dict(zip(_STEPS, counts.tolist(), strict=True))
    return TextBuffers(out, offsets), changed, found


@numba.njit(cache=True, nogil=True)
def _rewrite(
    data: Bytes,
    starts: Offsets,
    ends: Offsets,
    active: npt.NDArray[np.uint16],
    allowed: npt.NDArray[np.uint16],
    table: npt.NDArray[np.uint32],
    composed: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
) -> tuple[Bytes, Offsets, Offsets]:
    longest = (ends - starts).max()
    codes, spare = np.empty(2 * longest + 2, np.int32), np.empty(2 * longest + 2, np.int32)
    out = np.empty(2 * (ends - starts).sum(), np.uint8)  # at most one space after each mark
    offsets, changed = np.zeros(len(starts) + 1, np.int64), np.zeros(len(starts), np.int64)
    num_changed, written = 0, np.int64(0)
    for line in range(len(starts)):
        size, flags, before = _decode(data, starts[line], ends[line], codes), active[line], counts.sum()
        if flags & RETURN:
            size, count = _end_lines(codes, size)
            counts[0] += count
            flags = allowed[line]
        if flags & MARKS:
            size, count = order_marks(codes, size, spare, table, composed)
            codes, spare = spare, codes
            counts[1] += count
            flags = allowed[line] if count else flags
        if flags & TATWEEL:
            size, count = shorten(codes, size, spare, table)
            codes, spare = spare, codes
            counts[2] += count
            flags = allowed[line] if count else flags
        if flags & SPACES:
            size, count = space(codes, size, spare, table)
            codes, spare = spare, codes
            counts[3] += count
            flags = allowed[line] if count else flags
        if flags & PUNCTUATION:
            size, closed = close_up(codes, size, spare, table)
            size, opened = open_up(spare, size, codes, table)
            counts[4] += closed + opened
        if counts.sum() > before:
            written = _encode(codes, size, out, written)
            changed[num_changed] = line
            num_changed += 1
            offsets[num_changed] = written
    return out[:written], offsets[: num_changed + 1], changed[:num_changed]


@numba.njit(cache=True, nogil=True)
def _end_lines(codes: Codes, size: np.int64) -> tuple[np.int64, np.int64]:
    """Of the step `controls`, what treats carriage returns; the last is half of a line end, others are whole."""
    count = np.int64(0)
    if codes[size - 1] == 0x0D:
        size -= 1
        count += 1
    for place in range(size):
        if codes[place] == 0x0D:
            codes[place] = 0x0A
            count += 1
    return size, count


@numba.njit(cache=True, nogil=True)
def _decode(data: Bytes, position: np.int64, end: np.int64, codes: Codes) -> np.int64:
    """Code points of UTF-8; how many."""
    size = np.int64(0)
    while position < end:
        byte = np.int64(data[position])
        if byte < 0x80:
            codes[size], width = byte, 1
        elif byte < 0xE0:
            codes[size], width = byte & 0x1F, 2
        elif byte < 0xF0:
            codes[size], width = byte & 0x0F, 3
        else:
            codes[size], width = byte & 0x07, 4
        for offset in range(1, width):
            codes[size] = codes[size] << 6 | np.int64(data[position + offset] & 0x3F)
        position += width
        size += 1
    return size


@numba.njit(cache=True, nogil=True)
def _encode(codes: Codes, size: np.int64, out: Bytes, written: np.int64) -> np.int64:
    """Write code points as UTF-8; where the next goes."""
    for read in range(size):
        code = codes[read]
        if code < 0x80:
            out[written] = code
            written += 1
            continue
        width = 2 if code < 0x800 else 3 if code < 0x10000 else 4
        out[written] = (0xF00 >> width) & 0xFF | code >> 6 * (width - 1)
        for place in range(1, width):
            out[written + place] = 0x80 | code >> 6 * (width - 1 - place) & 0x3F
        written += width
    return written
