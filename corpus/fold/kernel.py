"""The fold of a whole column, compiled."""

from functools import lru_cache

import numba
import numpy as np
import numpy.typing as npt
import polars as pl

from corpus.fold.table import DELETE, FIRST_REPLACEMENT, KEEP, PAGE_SIZE, FoldTable, expand, load_table
from corpus.text_buffers import Bytes, Offsets, TextBuffers, to_buffers

_SHORT = 0x800  # code points below this take one or two bytes in UTF-8
_PARTS = 1 << 24
_LONG = 1 << 25
_SPACE = 0x20
_SPARE = 64


def fold(texts: pl.Series) -> TextBuffers:
    """Fold every text of a string column; a null folds to nothing.

    >>> folded = fold(pl.Series(["The CAT, sat.", None, "إلى المدرسةِ"]))
    >>> bytes(folded.data).decode(), folded.offsets.tolist()
    ('the cat satالي المدرسه', [0, 11, 11, 32])
    """
    return fold_buffers(to_buffers(texts))


def fold_buffers(buffers: TextBuffers) -> TextBuffers:
    """Fold every text of UTF-8 buffers.

    Equal to `fold_text` on code points that both the table's and Python's Unicode versions assign.
    """
    data, offsets = buffers
    out = np.empty(offsets[-1] - offsets[0] + _SPARE, np.uint8)
    folded = np.zeros(len(offsets), np.int64)
    done = 0
    while (done := _fold(data, offsets, _short_actions(), *load_table(), out, folded, done)) < len(
        offsets
    ) - 1:
        longer = np.empty(2 * len(out), np.uint8)
        longer[: folded[done]] = out[: folded[done]]
        out = longer
    return TextBuffers(out[: folded[-1]], folded)


@lru_cache(maxsize=1)
def _short_actions() -> npt.NDArray[np.uint32]:
    """What becomes of code points below 0x800, packed so that the kernel need not branch.

    Bytes 0 and 1 are written; byte 2 is how many of them count; _PARTS marks a separator, _LONG a
    replacement that does not fit here.
    """
    return _pack_short(load_table())


def _pack_short(table: FoldTable) -> npt.NDArray[np.uint32]:
    packed = np.empty(_SHORT, np.uint32)
    for code, action in enumerate(expand(table)[:_SHORT].tolist()):
        if action == DELETE:
            packed[code] = 0
            continue
        text = chr(code).encode()
        if action >= FIRST_REPLACEMENT:
            first = action - FIRST_REPLACEMENT
            text = bytes(table.replacements[table.starts[first] : table.starts[first + 1]])
            if b" " in text or len(text) > len(chr(code).encode()):
                packed[code] = _LONG
                continue
        elif action != KEEP:
            packed[code] = _SPACE | 1 << 16 | _PARTS
            continue
        packed[code] = int.from_bytes(text.ljust(2, b"\0"), "little") | len(text) << 16
    return packed


@numba.njit(cache=True, nogil=True)
def _fold(
    data: Bytes,
    offsets: Offsets,
    short: npt.NDArray[np.uint32],
    pages: npt.NDArray[np.uint16],
    actions: npt.NDArray[np.uint16],
    replacements: Bytes,
    starts: npt.NDArray[np.int32],
    out: Bytes,
    folded: Offsets,
    done: int,
) -> int:
    """Fold the texts from number `done` on into `out`; the number of the first that had no room there any more.

    Nothing but a long replacement makes a text longer, so that the room is checked there alone; the spare bytes take
    what is written ahead and does not count. The room is the caller's: an array that is replaced inside this loop
    would have its references counted at every code point, which made folding 16 times as slow.
    """
    at = np.uint64(folded[done])
    one, two = np.uint64(1), np.uint64(2)
    for text in range(done, len(offsets) - 1):
        # Unsigned positions spare numba's test for negative indices.
        position, end = np.uint64(offsets[text]), np.uint64(offsets[text + 1])
        start = at
        spaced = np.uint32(1)  # whether the last byte is a separator, or there is none
        while position < end:
            byte = data[position]
            if byte < 0xE0:
                if byte < 0x80:
                    code = np.uint32(byte)
                    position += one
                else:
                    code = np.uint32((np.uint32(byte & 0x1F) << 6) | (data[position + one] & 0x3F))
                    position += two
                action = short[code]
                if action != _LONG:
                    out[at] = np.uint8(action)
                    out[at + one] = np.uint8(action >> 8)
                    size = np.uint32((action >> 16) & 3)
                    parts = np.uint32(action >> 24)
                    at += np.uint64(size - (parts & spaced))
                    # A deleted code point changes nothing, a letter clears, a separator sets.
                    spaced = np.uint32((spaced & np.uint32(size == 0)) | parts)
                    continue
                size_in = two if code > 0x7F else one
            elif byte < 0xF0:
                code = np.uint32(
                    (np.uint32(byte & 0x0F) << 12)
                    | (np.uint32(data[position + one] & 0x3F) << 6)
                    | (data[position + two] & 0x3F)
                )
                size_in = np.uint64(3)
                position += size_in
            else:
                code = np.uint32(
                    (np.uint32(byte & 0x07) << 18)
                    | (np.uint32(data[position + one] & 0x3F) << 12)
                    | (np.uint32(data[position + two] & 0x3F) << 6)
                    | (data[position + np.uint64(3)] & 0x3F)
                )
                size_in = np.uint64(4)
                position += size_in
            number = actions[np.uint32(pages[code // PAGE_SIZE]) * PAGE_SIZE + code % PAGE_SIZE]
            if number == KEEP:
                for byte_at in range(position - size_in, position):
                    out[at] = data[byte_at]
                    at += one
                spaced = np.uint32(0)
            elif number >= FIRST_REPLACEMENT:
                first, last = starts[number - FIRST_REPLACEMENT], starts[number - FIRST_REPLACEMENT + 1]
                if np.int64(at) + (last - first) + (offsets[-1] - np.int64(position)) + _SPARE > len(out):
                    return text
                for index in range(first, last):
                    parts = np.uint32(replacements[index] == _SPACE)
                    out[at] = replacements[index]
                    at += np.uint64(np.uint32(1) - (parts & spaced))
                    spaced = parts
            elif number != DELETE:
                out[at] = _SPACE
                at += np.uint64(np.uint32(1) - spaced)
                spaced = np.uint32(1)
        if at > start and spaced:
            at -= one
        folded[text + 1] = at
    return len(offsets) - 1
