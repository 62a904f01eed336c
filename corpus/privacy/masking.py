"""Personal data in a text column, masked and counted."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt
import polars as pl

from corpus.privacy.addresses import find_emails, find_ibans, find_ip_addresses
from corpus.privacy.phones import find_phones
from corpus.privacy.settings import Privacy
from corpus.text_buffers import Bytes, Offsets, to_buffers

KINDS = ("email", "iban", "ip", "phone")
"""Kinds in the order in which they are masked: an e-mail address may look like a telephone number."""

LEAST_DIGITS = 7
"""Digits of the shortest telephone number."""

_DIGIT, _SEPARATOR, _DOT, _COLON, _AT, _LINE_FEED, _LEAD = range(1, 8)

_FINDERS: dict[str, Callable[[str], Iterator[tuple[int, int]]]] = {
    "email": find_emails,
    "iban": find_ibans,
    "ip": find_ip_addresses,
    "phone": find_phones,
}
_EASTERN_DIGIT = re.compile("[\u0660-\u0669\u06f0-\u06f9]")
_ASCII_DIGITS = {first + digit: ord("0") + digit for first in (0x0660, 0x06F0) for digit in range(10)}


class Masked(NamedTuple):
    """Masked texts; how often each kind was masked; and masks by document, a column of uint32 by kind."""

    texts: pl.Series
    counts: dict[str, int]
    documents: pl.DataFrame


def mask(texts: pl.Series, settings: Privacy) -> Masked:
    """Put a token in the place of every e-mail address, telephone number, IP address and IBAN.

    Counts are named emails_masked, phones_masked, ips_masked and ibans_masked. Masking twice is masking
    once. Nulls stay.
    """
    kinds = {kind: getattr(settings, f"{kind}_token") for kind in KINDS if getattr(settings, kind)}
    per_document = np.zeros((len(texts), len(KINDS)), np.uint32)
    changed: dict[int, str] = {}
    if kinds:
        buffers = to_buffers(texts)
        members, starts, ends = _suspect_lines(buffers.data, buffers.offsets)
        rows, firsts = np.unique(members, return_index=True)
        bounds = [*firsts.tolist(), len(members)]
        for row, first, last in zip(rows.tolist(), bounds[:-1], bounds[1:], strict=True):
            # a line at a time in Python: checksums, lengths and context decide, and few lines come this far
            text = buffers.data[buffers.offsets[row] : buffers.offsets[row + 1]].tobytes()
            pieces, copied = [], 0
            for line in range(first, last):
                start, end = int(starts[line] - buffers.offsets[row]), int(ends[line] - buffers.offsets[row])
                masked = _mask_line(text[start:end].decode(), kinds, per_document[row])
                pieces += [text[copied:start], masked.encode()]
                copied = end
            if per_document[row].any():
                changed[row] = b"".join([*pieces, text[copied:]]).decode()
    if changed:
        texts = texts.clone().scatter(list(changed), list(changed.values()))
    names = [f"{kind}s_masked" for kind in KINDS]
    totals = per_document.sum(axis=0, dtype=np.int64).tolist()
    return Masked(texts, dict(zip(names, totals, strict=True)), pl.DataFrame(per_document, schema=names))


def _mask_line(line: str, kinds: dict[str, str], counts: npt.NDArray[np.uint32]) -> str:
    """Mask until nothing is found, as a mask may lay bare what stood beside it; each takes digits or an @."""
    while True:
        before = line
        plain = _with_ascii_digits(line)
        for kind, token in kinds.items():
            spans = _apart(_FINDERS[kind](plain))
            for start, end in reversed(spans):
                line = line[:start] + token + line[end:]
                plain = plain[:start] + token + plain[end:]
            counts[KINDS.index(kind)] += len(spans)
        if line == before:
            return line


def _with_ascii_digits(line: str) -> str:
    # asked first: translate is the slowest thing here
    return line.translate(_ASCII_DIGITS) if _EASTERN_DIGIT.search(line) else line


def _apart(spans: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in order, overlapping ones as one."""
    apart: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if apart and start < apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
        else:
            apart.append((start, end))
    return apart


def _suspect_lines(
    data: Bytes, offsets: Offsets
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Text, start and end of each line that may hold personal data.

    Such a line has an @ inside a name, seven digits in a row, a dotted quad, or the start of an IPv6
    address or an IBAN.
    """
    found = _scan(data, offsets, _byte_kinds())
    return found[0], found[1], found[2]


def _byte_kinds() -> npt.NDArray[np.uint8]:
    """What a byte may be part of; 0 ends any number."""
    kinds = np.zeros(256, np.uint8)
    kinds[0x30:0x3A] = _DIGIT
    kinds[list(b" ()+-/")] = _SEPARATOR
    for byte, kind in ((b".", _DOT), (b":", _COLON), (b"@", _AT), (b"\n", _LINE_FEED)):
        kinds[byte[0]] = kind
    kinds[[0xC2, 0xD9, 0xDB, 0xE2]] = _LEAD
    return kinds


@numba.njit(cache=True, nogil=True)
def _scan(data: Bytes, offsets: Offsets, kinds: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    capacity = 1024
    found = np.empty((3, capacity), np.int64)
    count = 0
    for text in range(len(offsets) - 1):
        start, end = offsets[text], offsets[text + 1]
        while start < end:
            position, digits, dots = start, 0, 0
            suspect = False
            while position < end:
                kind = kinds[data[position]]
                if kind == 0:
                    digits = dots = 0
                    position += 1
                    while position < end and kinds[data[position]] == 0:
                        position += 1
                    continue
                if kind == _LINE_FEED:
                    break
                if kind == _DIGIT:
                    digits += 1
                    suspect |= digits >= LEAST_DIGITS or (dots >= 3 and digits >= 4)
                    suspect |= _starts_iban(data, start, position, end)
                elif kind == _DOT:
                    dots += 1
                elif kind == _SEPARATOR:
                    dots = 0
                elif kind == _AT:
                    # a name before it, a domain after it: not the @-@ of tokenized text, not a decorator
                    inside = start < position < end - 1
                    suspect |= inside and data[position - 1] > 0x20 and _may_start_domain(data[position + 1])
                    digits = dots = 0
                elif kind == _COLON:
                    suspect |= _after_ipv6_group(data, start, position)
                    digits = dots = 0
                else:
                    lead, second = data[position], data[position + 1]
                    dots = 0
                    if (lead == 0xD9 and 0xA0 <= second <= 0xA9) or (lead == 0xDB and 0xB0 <= second <= 0xB9):
                        digits += 1
                        suspect |= digits >= LEAST_DIGITS
                    elif not ((lead == 0xE2 and 0x80 <= second <= 0x81) or (lead == 0xC2 and second == 0xA0)):
                        digits = 0
                    position += 2 if lead == 0xE2 else 1
                position += 1
            if suspect:
                if count == capacity:
                    capacity *= 2
                    larger = np.empty((3, capacity), np.int64)
                    larger[:, :count] = found
                    found = larger
                found[0, count], found[1, count], found[2, count] = text, start, position
                count += 1
            start = position + 1
    return found[:, :count]


@numba.njit(cache=True, nogil=True)
def _may_start_domain(byte: int) -> bool:
    return bool(byte >= 0x80 or np.uint8((byte | 0x20) - 0x61) < 26 or np.uint8(byte - 0x30) < 10)


@numba.njit(cache=True, nogil=True)
def _starts_iban(data: Bytes, start: int, position: int, end: int) -> bool:
    """Two capitals before this digit and a digit after it."""
    return bool(
        position >= start + 2
        and position + 1 < end
        and np.uint8(data[position - 1] - 0x41) < 26
        and np.uint8(data[position - 2] - 0x41) < 26
        and np.uint8(data[position + 1] - 0x30) < 10
    )


@numba.njit(cache=True, nogil=True)
def _after_ipv6_group(data: Bytes, start: int, position: int) -> bool:
    """Whether the four bytes before are hexadecimal and start with 2 or 3, as all public addresses do."""
    if position < start + 4 or data[position - 4] not in (0x32, 0x33):
        return False
    for back in range(1, 4):
        byte = data[position - back]
        if not (np.uint8(byte - 0x30) < 10 or np.uint8((byte | 0x20) - 0x61) < 6):
            return False
    return True
