"""Bounded samples of texts, so that a book costs no more than a page."""

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from corpus.language.paragraphs import Paragraphs
from corpus.text_buffers import Bytes, Offsets, TextBuffers

NUM_SNIPPETS = 3


class Snippets(NamedTuple):
    """Samples, and how many marks of tashkeel were left out of each, per byte that stayed."""

    texts: TextBuffers
    vocalized: npt.NDArray[np.float64]


def take_snippets(
    texts: TextBuffers,
    paragraphs: Paragraphs,
    members: npt.NDArray[np.int64],
    scripts: npt.NDArray[np.int64],
    snippet_bytes: int,
) -> Snippets:
    """For each (text, script) the start, middle and end of its paragraphs in that script, as one line.

    Tashkeel, tatweel, bidi controls and line structure are left out: fastText was trained on text without
    them. Each sample ends with a line feed, as fastText wants it.
    """
    data, offsets, marks = _take(
        texts.data,
        texts.offsets,
        paragraphs.ends,
        paragraphs.scripts,
        paragraphs.first,
        members,
        scripts,
        snippet_bytes,
    )
    return Snippets(TextBuffers(data, offsets), marks / np.maximum(np.diff(offsets), 1))


@numba.njit(cache=True, nogil=True)
def _take(
    data: Bytes,
    offsets: Offsets,
    ends: npt.NDArray[np.int64],
    line_scripts: npt.NDArray[np.uint8],
    first: npt.NDArray[np.int64],
    members: npt.NDArray[np.int64],
    scripts: npt.NDArray[np.int64],
    snippet_bytes: int,
) -> tuple[Bytes, Offsets, npt.NDArray[np.int64]]:
    num_samples = len(members)
    totals = np.zeros(num_samples, np.int64)
    capacity = 0
    for sample in range(num_samples):
        text = members[sample]
        start = offsets[text]
        for line in range(first[text], first[text + 1]):
            if line_scripts[line] == scripts[sample]:
                totals[sample] += ends[line] - start + 1
            start = ends[line] + 1
        capacity += min(totals[sample], NUM_SNIPPETS * snippet_bytes) + NUM_SNIPPETS + 1
    out = np.empty(capacity, np.uint8)
    out_offsets = np.zeros(num_samples + 1, np.int64)
    marks = np.zeros(num_samples, np.int64)
    written = 0
    for sample in range(num_samples):
        text, total = members[sample], totals[sample]
        whole = total <= NUM_SNIPPETS * snippet_bytes
        for snippet in range(1 if whole else NUM_SNIPPETS):
            window_start = (total - snippet_bytes) * snippet // (NUM_SNIPPETS - 1) if not whole else 0
            window_end = total if whole else window_start + snippet_bytes
            start, passed = offsets[text], 0
            for line in range(first[text], first[text + 1]):
                if line_scripts[line] == scripts[sample]:
                    size = ends[line] - start + 1
                    low, high = max(window_start - passed, 0), min(window_end - passed, size - 1)
                    if low < high:
                        written, skipped = _copy(
                            data, start + low, start + high, ends[line], low > 0, out, written
                        )
                        marks[sample] += skipped
                        out[written] = 0x20
                        written += 1
                    passed += size
                    if passed >= window_end:
                        break
                start = ends[line] + 1
        out[written] = 0x0A
        written += 1
        out_offsets[sample + 1] = written
    return out[:written], out_offsets, marks


@numba.njit(cache=True, nogil=True)
def _copy(
    data: Bytes, start: int, end: int, line_end: int, broken: bool, out: Bytes, written: int
) -> tuple[int, int]:
    """Copy whole characters of `data[start:end]`; where a word was cut at the start, from the next word on.

    Returns the new end of `out` and the number of marks of tashkeel that were left out.
    """
    marks = 0
    if broken:
        cut = start
        while cut < end and data[cut] != 0x20:
            cut += 1
        if cut < end:
            start = cut
        while start < end and data[start] & 0xC0 == 0x80:
            start += 1
    if end < line_end:
        while end > start and data[end] & 0xC0 == 0x80:
            end -= 1
    position = start
    while position < end:
        byte = data[position]
        size = 1 if byte < 0x80 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
        second = data[position + 1] if size > 1 else byte
        tashkeel = byte == 0xD9 and (0x8B <= second <= 0x9F or second == 0xB0)
        tatweel = byte == 0xD9 and second == 0x80
        marks += tashkeel
        bidi = byte == 0xE2 and (
            (second == 0x80 and (data[position + 2] in (0x8E, 0x8F) or 0xAA <= data[position + 2] <= 0xAE))
            or (second == 0x81 and 0xA6 <= data[position + 2] <= 0xA9)
        )
        if size == 1 and byte < 0x20:
            out[written] = 0x20
            written += 1
        elif not (tashkeel or tatweel or bidi):
            for offset in range(size):
                out[written + offset] = data[position + offset]
            written += size
        position += size
    return written, marks
