"""Which code points are Arabic, and what an Arabic word is: the one definition that all of this room goes by."""

import unicodedata
from functools import cache

BLOCKS = (
    (0x0600, 0x06FF),  # Arabic
    (0x0750, 0x077F),  # Supplement
    (0x0870, 0x08FF),  # Extended-B, Extended-A
    (0xFB50, 0xFDFF),  # Presentation Forms-A
    (
        0xFE70,
        0xFEFE,
    ),  # Presentation Forms-B; its last code point is the byte order mark, which no script owns
)
"""Blocks that Arabic is written in. Extended-C and the mathematical alphabet, beyond U+FFFF, are left to the base."""

_IN_WORDS = frozenset({"Lo", "Lm", "Mn"})
_IN_PIECES = _IN_WORDS | {"Nd", "Po", "Sm", "So", "Sc", "Sk"}

ARABIC_CLASS = "".join(f"\\x{{{first:X}}}-\\x{{{last:X}}}" for first, last in BLOCKS)
"""The Arabic blocks as the inside of a regex class, in the syntax of polars."""


def is_arabic(character: str) -> bool:
    r"""Whether a character lies in an Arabic block; text without any is cut exactly as the base cuts it.

    >>> is_arabic("\N{ARABIC LETTER ALEF}"), is_arabic("a"), is_arabic("\ufeff")
    (True, False, False)
    """
    return any(first <= ord(character) <= last for first, last in BLOCKS)


@cache
def word_class() -> str:
    """What Arabic words consist of, as the inside of a regex class: letters with their marks, and tatweel.

    Digits and punctuation are left to the base, as are control characters, which make no words.
    """
    return _ranges(_IN_WORDS)


@cache
def character_class() -> str:
    """Arabic characters that may be pieces by themselves: all but controls and code points without a character."""
    return _ranges(_IN_PIECES)


def _ranges(categories: frozenset[str]) -> str:
    codes = [
        code
        for first, last in BLOCKS
        for code in range(first, last + 1)
        if unicodedata.category(chr(code)) in categories
    ]
    starts = [code for code in codes if code - 1 not in set(codes)]
    ends = [code for code in codes if code + 1 not in set(codes)]
    return "".join(f"\\x{{{first:X}}}-\\x{{{last:X}}}" for first, last in zip(starts, ends, strict=True))
