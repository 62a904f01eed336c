"""Five classic functions of camel-tools, chained, on columns: identical output from a table and a kernel.

The chain is normalize_unicode (NFKC), normalize_alef_maksura_ar, normalize_alef_ar, normalize_teh_marbuta_ar,
dediac_ar. All but NFKC work character by character. NFKC does too, except next to a character that composes
with, or is put in order among, its neighbors: stretches that hold one are normalized by unicodedata first.
Such a stretch starts at the ASCII character before it, since nothing composes across the front of one (UAX
15, section 9, stable code points). The tashkeel that dediac_ar removes composes with nothing, so its order
does not matter.
"""

import re
import unicodedata
from functools import cache
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt
import polars as pl

from corpus.normalize.splice import splice
from corpus.text_buffers import Bytes, Offsets, TextBuffers, from_buffers, to_buffers

_PLANES = 0x30000  # beyond it, every code point is its own NFKC and combines with none (checked by the tests)


_APART, _ORDERED, _COMPOSING, _REMOVED = range(4)
"""A code point is normalized by itself; is put in order among marks; may compose with what is before it; or
is a mark that dediac_ar removes whatever its order."""


class _Table(NamedTuple):
    entries: npt.NDArray[np.int32]  # for each code point: -1 itself, or its entry
    starts: npt.NDArray[np.int64]  # entry i is pool[starts[i]:starts[i + 1]]
    pool: Bytes
    context: npt.NDArray[
        np.uint8
    ]  # what NFKC does across characters: _APART, _ORDERED, _COMPOSING or _REMOVED


def camel_chain(texts: pl.Series) -> pl.Series:
    """What the five functions of camel-tools make of each text; a null becomes the empty text.

    >>> camel_chain(pl.Series(["إِلَى المدرسةِ"])).to_list()
    ['الي المدرسه']
    """
    table = _table()
    buffers = to_buffers(texts)
    starts, ends = _contextual(buffers.data, buffers.offsets, table.context)
    if len(starts):
        data = np.ascontiguousarray(buffers.data).tobytes()
        stretches = [data[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
        # by hand, but each distinct stretch once: words repeat
        compatible = {stretch: _compatible(stretch.decode()).encode() for stretch in set(stretches)}
        buffers = splice(buffers, starts, ends, [compatible[stretch] for stretch in stretches])
    return from_buffers(TextBuffers(*_map(buffers.data, buffers.offsets, *table[:3]))).alias(texts.name)


_RIAL, _BASMALA = "\N{RIAL SIGN}", "\N{ARABIC LIGATURE BISMILLAH AR-RAHMAN AR-RAHEEM}"


def _compatible(stretch: str) -> str:
    """NFKC; the two characters that camel-tools spells its own way are left to the table."""
    parts = re.split(f"([{_RIAL}{_BASMALA}])", stretch)
    parts[::2] = [unicodedata.normalize("NFKC", part) for part in parts[::2]]
    return "".join(parts)


def camel_chain_text(text: str) -> str:
    """The definition: the five functions of camel-tools one after the other."""
    from camel_tools.utils.dediac import dediac_ar
    from camel_tools.utils.normalize import (
        normalize_alef_ar,
        normalize_alef_maksura_ar,
        normalize_teh_marbuta_ar,
        normalize_unicode,
    )

    settled = normalize_alef_ar(normalize_alef_maksura_ar(normalize_unicode(text)))
    return str(dediac_ar(normalize_teh_marbuta_ar(settled)))


@cache
def _table() -> _Table:
    from camel_tools.utils.charsets import AR_DIAC_CHARSET

    seconds = {0x1161 + code for code in range(21)} | {
        0x11A8 + code for code in range(27)
    }  # Hangul composes by rule
    for code in range(_PLANES):
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            seconds.add(int(parts[1], 16))
    removed = {ord(mark) for mark in AR_DIAC_CHARSET}
    context = np.full(_PLANES, _APART, np.uint8)
    context[sorted(removed)] = _REMOVED
    entries, pool = np.full(_PLANES, -1, np.int32), [b""]
    for code in range(0x80, _PLANES):
        if 0xD800 <= code < 0xE000:
            continue
        character = chr(code)
        compatible = unicodedata.normalize("NFKC", character)
        if code not in removed:
            if any(ord(part) in seconds for part in compatible) or (
                len(compatible) > 1 and _bears_mark(compatible, removed)
            ):
                context[code] = _COMPOSING
            elif unicodedata.combining(compatible[0]):
                context[code] = _ORDERED
        if compatible != character or 0x0600 <= code < 0x0700 or code in (0xFDFC, 0xFDFD):
            mapped = camel_chain_text(character)
            if mapped != character:
                entries[code] = len(pool)
                pool.append(mapped.encode())
    starts = np.concatenate([[0], np.cumsum([len(entry) for entry in pool])])
    return _Table(entries, starts, np.frombuffer(b"".join(pool), np.uint8), context)


def _bears_mark(text: str, removed: set[int]) -> bool:
    return any(unicodedata.combining(part) and ord(part) not in removed for part in text)


@numba.njit(cache=True, nogil=True)
def _decode(data: Bytes, position: np.int64) -> tuple[np.int64, int]:
    """Code point and width at this position; only for bytes from 0x80."""
    byte = np.int64(data[position])
    if byte < 0xE0:
        return (byte & 0x1F) << 6 | np.int64(data[position + 1] & 0x3F), 2
    if byte < 0xF0:
        middle = np.int64(data[position + 1] & 0x3F) << 6
        return (byte & 0x0F) << 12 | middle | np.int64(data[position + 2] & 0x3F), 3
    high = (byte & 0x07) << 18 | np.int64(data[position + 1] & 0x3F) << 12
    return high | np.int64(data[position + 2] & 0x3F) << 6 | np.int64(data[position + 3] & 0x3F), 4


@numba.njit(cache=True, nogil=True)
def _contextual(data: Bytes, offsets: Offsets, context: npt.NDArray[np.uint8]) -> tuple[Offsets, Offsets]:
    """Stretches where NFKC looks across characters, each from one ASCII character to the next.

    They hold a character that may compose, or two marks in a row that stay.
    """
    starts, ends = [np.int64(0) for _ in range(0)], [np.int64(0) for _ in range(0)]
    for text in range(len(offsets) - 1):
        position, end = offsets[text], offsets[text + 1]
        start, found, before = position, False, np.int64(_APART)
        while position < end:
            if data[position] < 0x80:
                if found:
                    starts.append(start)
                    ends.append(position)
                    found = False
                start, before = position, np.int64(_APART)
                position += 1
                continue
            code, width = _decode(data, position)
            kind = context[code] if code < _PLANES else np.uint8(_APART)
            if kind == _COMPOSING or (kind == _ORDERED and before == _ORDERED):
                found = True
            if kind != _REMOVED:
                before = np.int64(kind)
            position += width
        if found:
            starts.append(start)
            ends.append(end)
    return np.array(starts, np.int64), np.array(ends, np.int64)


@numba.njit(cache=True, nogil=True)
def _map(
    data: Bytes, offsets: Offsets, entries: npt.NDArray[np.int32], starts: Offsets, pool: Bytes
) -> tuple[Bytes, Offsets]:
    """Write what each character becomes; the buffer grows where ligatures spell out longer than it."""
    out = np.empty(offsets[-1] - offsets[0] + 64, np.uint8)
    new_offsets = np.zeros(len(offsets), np.int64)
    written = 0
    for text in range(len(offsets) - 1):
        position, end = offsets[text], offsets[text + 1]
        while position < end:
            if written + 64 > len(out):
                grown = np.empty(2 * len(out) + 64, np.uint8)
                grown[:written] = out[:written]
                out = grown
            if data[position] < 0x80:
                out[written] = data[position]
                written += 1
                position += 1
                continue
            code, width = _decode(data, position)
            entry = entries[code] if code < _PLANES else -1
            if entry < 0:
                for byte in range(width):
                    out[written + byte] = data[position + byte]
                written += width
            else:
                for byte in range(starts[entry], starts[entry + 1]):
                    out[written] = pool[byte]
                    written += 1
            position += width
        new_offsets[text + 1] = written
    return out[:written], new_offsets
