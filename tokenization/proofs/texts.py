"""Texts that are hard to cut or to put together again, and the line between Arabic and other text."""

import random
import re
import sys
import unicodedata
from collections.abc import Iterator

from tokenization.arabic_script import BLOCKS

ARABIC = re.compile("[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in BLOCKS) + "]")

LOSSY = re.compile("[\N{LOWER ONE EIGHTH BLOCK}\0\ud800-\udfff]")
"""What is not promised to come back: U+2581, which stands for a space; NUL; and lone surrogates, which are no text."""

NASTY = (
    "", " ", "  ", "   ", " " * 15, " " * 16, " " * 17, " " * 33, " a", "  a", "a ", "a  ", "a   b", "\n",
    "\n\n", " \n", "\n ", "\n  a", "a\nb", "a\r\nb", "\r", "\t", "\t\t\tx", " \t x", "\v\f", "\x1b[0m",
    "\x7f", "\u00a0", "a\u00a0b", "\u2028", "\u3000", "\ufeff", "\ufffd", "\u200b", "e\u0301", "\u00e9",
    "x\u00b2", "\ufb01", "\u0130\u0131\u00df", "1234567890", "3.14e-10", "0x1F", "1,000,000",
    "def f(x):\n    return x ** 2\n", "if (a && b) {\n\t\treturn;\n}\n", "    \"key\": [1, 2],",
    "https://example.org/a?b=c&d=%20#e", "a@b.example", "#include <stdio.h>", "</html>", "\\n\\t",
    "\N{GRINNING FACE}", "\N{THUMBS UP SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}",
    "\U0001F468\u200d\U0001F469\u200d\U0001F467", "\U0001F1EA\U0001F1EC", "\u2764\ufe0f",
    "\u4e2d\u6587\u5b57", "\ud55c\uad6d\uc5b4", "\u3072\u3089\u304c\u306a", "\u05e9\u05dc\u05d5\u05dd",
    "\u0939\u093f\u0928\u094d\u0926\u0940", "\u0421\u043b\u043e\u0432\u043e", "\U0001D400\U0001D7D8",
    "\U0010FFFF", "\u0378", "a" * 300, "ab" * 200, "!?" * 40, "-" * 100, "=" * 80, "." * 7,
)  # fmt: skip
"""Texts without Arabic."""

_SIN = "\N{ARABIC LETTER SEEN}\N{ARABIC LETTER LAM}\N{ARABIC LETTER ALEF}\N{ARABIC LETTER MEEM}"
_MARKED = (
    "\N{ARABIC LETTER MEEM}\N{ARABIC DAMMA}\N{ARABIC LETTER DAL}\N{ARABIC FATHA}\N{ARABIC LETTER REH}"
    "\N{ARABIC SHADDA}\N{ARABIC KASRA}\N{ARABIC LETTER SEEN}\N{ARABIC DAMMATAN}"
)
_TATWEEL = "\N{ARABIC TATWEEL}"

NASTY_ARABIC = (
    _SIN, f" {_SIN}", f"  {_SIN}", f"   {_SIN} ", f"\n{_SIN}\n", f"\t{_SIN}", f"({_SIN})", f"x{_SIN}y",
    f"{_SIN}1{_SIN}", f"{_SIN}  {_SIN}", f"{_SIN}{' ' * 20}{_SIN}", f"a\n{_SIN}\nb  c\n", _MARKED,
    f" {_MARKED} {_MARKED}", _MARKED[::-1], "\N{ARABIC SHADDA}\N{ARABIC FATHA}",
    "\N{ARABIC FATHA}\N{ARABIC SHADDA}", "\N{ARABIC LETTER SUPERSCRIPT ALEF}",
    f"{_SIN[:2]}{_TATWEEL}{_SIN[2:]}", _TATWEEL * 40, f"{_SIN[0]}{_TATWEEL * 9}{_SIN[1]}",
    "\N{ARABIC LIGATURE LAM WITH ALEF ISOLATED FORM}\N{ARABIC LETTER SEEN INITIAL FORM}",
    "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}", "\N{ARABIC LIGATURE ALLAH ISOLATED FORM}",
    "\ufdf0\ufe70\ufefc", f"\u200f{_SIN}\u200e", f"\u202b{_SIN}\u202c", f"\u2067{_SIN}\u2069",
    f"\u061c{_SIN}", f"{_SIN}\u200c{_SIN}\u200d", f"\ufeff{_SIN}", "\u0660\u0661\u0662\u0663\u066b\u0664",
    "\u06f1\u06f2\u06f3", "\u060c\u061b\u061f\u066a\u066c\u06d4",
    "\u0627\u0632\u0627\u064a\u0643 \u0639\u0627\u0645\u0644 \u0627\u064a\u0647\u061f",
    "\u0634\u0646\u0648 \u0628\u0632\u0627\u0641 \u062f\u064a\u0627\u0644\u0648",
    "\u06af\u0644\u062a \u0686\u0627\u064a", "\u06a4\u064a\u062f\u064a\u0648",
    "\u067e\u06cc\u0631\u06cc\u06d2 \u06c1\u06d2", "\u0671\u0644\u0652\u06e1\u06e5\u06e6\u06da",
    f"{_SIN}\N{GRINNING FACE}{_SIN}", f"#{_SIN}_{_SIN}", f"@{_SIN}", f"{_SIN}..!!",
    "\u0647\u0647\u0647\u0647\u0647\u0647\u0647\u0647\u0647", _SIN * 60, "\u0870\u08a0\u08ff\u0750\u077f",
    "\u0605\u06dd\u0600", "\u0652\u064e\u064f\u0650\u0651\u064b\u064c\u064d\u0653\u0654\u0655\u0670",
)  # fmt: skip
"""Arabic with tashkeel, tatweel, presentation forms, bidi marks, dialect spelling, digits, and in odd company."""


def has_arabic(text: str) -> bool:
    r"""Whether any code point of a text is Arabic.

    >>> has_arabic("a b"), has_arabic("a \N{ARABIC COMMA}")
    (False, True)
    """
    return ARABIC.search(text) is not None


def random_texts(seed: int, number: int) -> Iterator[str]:
    """Texts of random characters from all of Unicode, with letters, spaces and Arabic among them."""
    chance = random.Random(seed)  # noqa: S311
    arabic = [chr(code) for first, last in BLOCKS for code in range(first, last + 1)]
    familiar = list("  \n\tabcdefgETAOIN019.,;:!?()[]{}<>/\\_-")
    for _ in range(number):
        pool = chance.choice((arabic, familiar, arabic + familiar * 8, None))
        length = chance.randrange(1, 40)
        yield "".join(chance.choice(pool or (_any(chance), *familiar[:3])) for _ in range(length))


def _any(chance: random.Random) -> str:
    while True:
        character = chr(chance.randrange(1, sys.maxunicode + 1))
        if unicodedata.category(character) != "Cs" and not LOSSY.match(character):
            return character
