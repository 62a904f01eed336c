"""Sets of characters that the steps treat, each as code points, and as the inside of a regex class."""

import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

ARABIC_BLOCKS = (
    (0x0600, 0x06FF),  # Arabic
    (0x0750, 0x077F),  # Arabic Supplement
    (0x0870, 0x08FF),  # Arabic Extended-B and -A
    (0xFB50, 0xFDFF),  # Presentation Forms-A
    (0xFE70, 0xFEFE),  # Presentation Forms-B, without U+FEFF, the byte order mark
    (0x1EE00, 0x1EEFF),  # Arabic Mathematical Alphabetic Symbols
)

PHRASES = {
    "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}",
    "\N{ARABIC LIGATURE JALLAJALALOUHOU}",
    "\N{RIAL SIGN}",
    "\N{ARABIC LIGATURE BISMILLAH AR-RAHMAN AR-RAHEEM}",
}
"""One character for a whole phrase: a switch of its own, because spelled out they change how a text reads."""

LINE_ENDS = (0x0B, 0x0C, 0x0D, 0x85, 0x2028, 0x2029)
"""What ends a line, besides the newline, for str.splitlines and Unicode (UAX 14)."""

CONTROLS = (
    *(code for code in range(0x20) if code not in (0x09, 0x0A, *LINE_ENDS)),
    0x7F,
    *(code for code in range(0x80, 0xA0) if code not in LINE_ENDS),
)

INVISIBLE = (
    0x00AD,  # soft hyphen
    0x061C,  # Arabic letter mark
    0x180E,  # Mongolian vowel separator
    0x200B,  # zero width space
    0x200E,  # left-to-right mark
    0x200F,  # right-to-left mark
    *range(0x202A, 0x202F),  # embeddings and overrides
    *range(0x2060, 0x2065),  # word joiner, invisible operators
    *range(0x2066, 0x2070),  # isolates, deprecated shaping controls
    0xFEFF,  # byte order mark
)

JOINERS = (0x200C, 0x200D)

ODD_BLANKS = (0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)
"""Blanks other than space and tab."""

TATWEEL = 0x0640

STOPS = "\N{ARABIC COMMA}\N{ARABIC SEMICOLON}\N{ARABIC QUESTION MARK}.:!,"
OPENING = "([\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}"
CLOSING = ")]\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}"

# UTF-8 read with a code page of one byte per letter shows a lead byte, then bytes 80 to BF, as these
# characters.
_LATIN_1 = "".join(map(chr, range(0x80, 0xC0)))
LEADS_1252 = "".join(map(chr, range(0xC2, 0xF5)))
CONTINUATIONS_1252 = _LATIN_1 + bytes(range(0x80, 0xA0)).decode("cp1252", "ignore")
LEADS_1256 = bytes(range(0xD8, 0xDC)).decode("cp1256")  # the lead bytes of U+0600 to U+06FF
CONTINUATIONS_1256 = bytes(range(0x80, 0xC0)).decode("cp1256")


class Arabic(NamedTuple):
    """Code points of the Arabic blocks by what they are."""

    letters: tuple[int, ...]  # the phrases among them
    marks: tuple[int, ...]
    resolved: tuple[int, ...]  # those that normalize_unicode replaces
    composing: tuple[int, ...]  # marks that may join the letter before them


@cache
def arabic() -> Arabic:
    """Sort the Arabic blocks, as the running Python's Unicode tables have them."""
    codes = [code for first, last in ARABIC_BLOCKS for code in range(first, last + 1)]
    # mathematical symbols make no words; and without them the regex classes stay in the BMP, where they are fast
    letters = [code for code in codes if unicodedata.category(chr(code)) == "Lo" and code < 0x10000]
    marks = [code for code in codes if unicodedata.category(chr(code)) == "Mn"]
    resolved = [code for code in codes if unicodedata.normalize("NFKC", chr(code)) != chr(code)]
    resolved.append(0xFDFD)  # Unicode gives the basmala no decomposition; camel-tools does
    letters += [code for code in map(ord, sorted(PHRASES)) if code not in letters]
    return Arabic(tuple(letters), tuple(marks), tuple(resolved), (0x0653, 0x0654, 0x0655))


def regex_class(codes: Iterable[int]) -> str:
    r"""The inside of a regex class that matches these code points.

    >>> regex_class([0x41, 0x42, 0x43, 0x5D])
    '\\u0041-\\u0043\\u005d'
    """
    ranges: list[list[int]] = []
    for code in sorted(codes):
        if ranges and code == ranges[-1][1] + 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(_escape(first) + (f"-{_escape(last)}" if last > first else "") for first, last in ranges)


def _escape(code: int) -> str:
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
