"""Kernels for what stands between words: blanks and punctuation."""

import numba
import numpy as np
import numpy.typing as npt

from corpus.normalize.scan import (
    BLANK,
    CLOSING,
    LETTER,
    MARK,
    OPENING,
    SPACES,
    STOP,
    WHITESPACE,
    Codes,
    kind_of,
)


@numba.njit(cache=True, nogil=True)
def space(
    codes: Codes, size: np.int64, out: Codes, table: npt.NDArray[np.uint32]
) -> tuple[np.int64, np.int64]:
    """The step `spaces`."""
    count, written, read = np.int64(0), np.int64(0), np.int64(0)
    while read < size:
        start, tab = read, False
        while read < size and kind_of(codes[read], table) & BLANK:
            count += kind_of(codes[read], table) & SPACES > 0  # an odd blank
            tab = tab or codes[read] == 0x09
            read += 1
        blanks = read - start
        if blanks and (read == size or codes[read] == 0x0A):
            count += 1
        elif blanks > 1 and start and codes[start - 1] != 0x0A:
            out[written] = 0x09 if tab else 0x20
            written += 1
            count += 1
        else:
            for place in range(start, read):
                out[written] = 0x09 if codes[place] == 0x09 else 0x20
                written += 1
        if read < size:
            out[written] = codes[read]
            written += 1
            read += 1
    return written, count


@numba.njit(cache=True, nogil=True)
def close_up(
    codes: Codes, size: np.int64, out: Codes, table: npt.NDArray[np.uint32]
) -> tuple[np.int64, np.int64]:
    """Of the step `punctuation`, what removes spaces; how many went."""
    written, read = np.int64(0), np.int64(0)
    while read < size:
        start = read
        while read < size and codes[read] == 0x20:
            read += 1
        if read > start:
            before = kind_of(codes[start - 1], table) if start else np.int64(WHITESPACE)
            if not (read < size and _closes(before, codes, read, size, table)):
                out[written : written + read - start] = 0x20
                written += read - start
        if read < size:
            out[written] = codes[read]
            written += 1
            read += 1
    return written, size - written


@numba.njit(cache=True, nogil=True)
def _closes(
    before: np.int64, codes: Codes, read: np.int64, size: np.int64, table: npt.NDArray[np.uint32]
) -> bool:
    """Whether the spaces between a character of the kind `before` and the one at `read` go."""
    kind = kind_of(codes[read], table)
    if kind & STOP and before & (LETTER | MARK | CLOSING):
        return codes[read] >= 0x80 or read + 1 == size or codes[read + 1] in (0x20, 0x0A)
    if kind & CLOSING:
        return not before & (WHITESPACE | OPENING | CLOSING)
    return bool(before & OPENING) and not kind & (WHITESPACE | OPENING)


@numba.njit(cache=True, nogil=True)
def open_up(
    codes: Codes, size: np.int64, out: Codes, table: npt.NDArray[np.uint32]
) -> tuple[np.int64, np.int64]:
    """Of the step `punctuation`, what puts spaces after marks; how many came."""
    word, count, address = LETTER | MARK, np.int64(0), -1
    written = np.int64(0)
    for read in range(size):
        out[written] = codes[read]
        written += 1
        if not kind_of(codes[read], table) & STOP or not 0 < read < size - 1:
            continue
        if not kind_of(codes[read + 1], table) & LETTER:
            continue
        if codes[read] >= 0x80:
            opens = bool(kind_of(codes[read - 1], table) & (word | CLOSING))
        else:
            opens = bool(read >= 3 and read + 2 < size and kind_of(codes[read + 2], table) & word)
            for place in range(max(0, read - 3), read):
                opens = opens and bool(kind_of(codes[place], table) & word)
            if opens and address < 0:
                address = int(_holds_address(codes, size))
            opens = opens and address == 0
        if opens:
            out[written] = 0x20
            written += 1
            count += 1
    return written, count


@numba.njit(cache=True, nogil=True)
def _holds_address(codes: Codes, size: np.int64) -> bool:
    """Whether the line holds :// or www. (their code points)."""
    for place in range(size - 2):
        if codes[place] == 0x3A and codes[place + 1] == 0x2F and codes[place + 2] == 0x2F:
            return True
        www = codes[place] == 0x77 and codes[place + 1] == 0x77 and codes[place + 2] == 0x77
        if www and place + 3 < size and codes[place + 3] == 0x2E:
            return True
    return False
