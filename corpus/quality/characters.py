"""What each character is to the quality rules: a class and a folded letter for each of the BMP."""

import unicodedata
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from corpus.text_buffers import Bytes

SYMBOL, LETTER, DIGIT, IGNORED, SPACE = 0, 1, 2, 3, 4
KIND = 7  # mask of the kind; the bits above it are flags
ENDS_LINE, ENDS_SENTENCE, BULLET = 16, 32, 64

_ENDS_SENTENCE = ".!?\N{HORIZONTAL ELLIPSIS}\N{ARABIC QUESTION MARK}\N{ARABIC FULL STOP}"
_ENDS_LINE = _ENDS_SENTENCE + (
    "'\"\N{ARABIC COMMA}\N{ARABIC SEMICOLON}\N{RIGHT SINGLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}"
    "\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}"
)
_BULLETS = "-*\N{BULLET}\N{TRIANGULAR BULLET}\N{WHITE BULLET}\N{BLACK SMALL SQUARE}\N{BLACK CIRCLE}"

_SPELLINGS = {
    "\N{ARABIC LETTER ALEF WITH HAMZA ABOVE}": "\N{ARABIC LETTER ALEF}",
    "\N{ARABIC LETTER ALEF WITH HAMZA BELOW}": "\N{ARABIC LETTER ALEF}",
    "\N{ARABIC LETTER ALEF WITH MADDA ABOVE}": "\N{ARABIC LETTER ALEF}",
    "\N{ARABIC LETTER ALEF WASLA}": "\N{ARABIC LETTER ALEF}",
    "\N{ARABIC LETTER ALEF MAKSURA}": "\N{ARABIC LETTER YEH}",
    "\N{ARABIC LETTER FARSI YEH}": "\N{ARABIC LETTER YEH}",
    "\N{ARABIC LETTER TEH MARBUTA}": "\N{ARABIC LETTER HEH}",
}
"""One word written in several ways is one word to stop words and repetition."""


class Characters(NamedTuple):
    """Tables by code point.

    Attributes:
        classes: uint8[65536], a kind and flags.
        folded: uint16[65536], the letter that stands for this one in word keys: lower case, one spelling.
    """

    classes: npt.NDArray[np.uint8]
    folded: npt.NDArray[np.uint16]


def characters() -> Characters:
    """The tables, from Python's Unicode database. Marks, tatweel and invisible characters are ignored."""
    classes = np.zeros(0x10000, np.uint8)
    folded = np.arange(0x10000, dtype=np.uint16)
    for code in range(0x10000):
        classes[code] = _kind(chr(code))
    for code in range(0x10000):
        lower = chr(code).lower()
        if len(lower) == 1 and ord(lower) < 0x10000:
            folded[code] = ord(lower)
    for letter, spelling in _SPELLINGS.items():
        folded[ord(letter)] = ord(spelling)
    for flag, members in ((ENDS_LINE, _ENDS_LINE), (ENDS_SENTENCE, _ENDS_SENTENCE), (BULLET, _BULLETS)):
        for member in members:
            classes[ord(member)] |= flag
    return Characters(classes, folded)


def _kind(character: str) -> int:
    category = unicodedata.category(character)
    if character.isspace():
        return SPACE
    if character == "\N{ARABIC TATWEEL}" or category[0] == "M" or category == "Cf":
        return IGNORED
    if category[0] == "L":
        return LETTER
    return DIGIT if category == "Nd" else SYMBOL


@numba.njit(cache=True, nogil=True)
def decode(data: Bytes, position: int) -> tuple[np.int64, int]:
    """The code point that starts at this byte of valid UTF-8, and its size in bytes."""
    byte = np.int64(data[position])
    if byte < 0x80:
        return byte, 1
    second = np.int64(data[position + 1] & 0x3F)
    if byte < 0xE0:
        return ((byte & 0x1F) << 6) | second, 2
    third = np.int64(data[position + 2] & 0x3F)
    if byte < 0xF0:
        return ((byte & 0x0F) << 12) | (second << 6) | third, 3
    return ((byte & 0x07) << 18) | (second << 12) | (third << 6) | np.int64(data[position + 3] & 0x3F), 4
