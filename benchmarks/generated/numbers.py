"""Numbers in running text, written with digits of either script and with either script's separators."""

import re
import unicodedata
from decimal import Decimal

DECIMAL_SEPARATOR = "\N{ARABIC DECIMAL SEPARATOR}"
THOUSANDS_SEPARATOR = "\N{ARABIC THOUSANDS SEPARATOR}"

_DIGITS = {
    start + value: str(value)
    for start in (ord("\N{ARABIC-INDIC DIGIT ZERO}"), ord("\N{EXTENDED ARABIC-INDIC DIGIT ZERO}"))
    for value in range(10)
}
_WRITTEN = str.maketrans(
    {
        **_DIGITS,
        ord(DECIMAL_SEPARATOR): ".",
        ord(THOUSANDS_SEPARATOR): ",",
        ord("\N{MINUS SIGN}"): "-",
        **{
            ord(mark): None
            for mark in "\N{LEFT-TO-RIGHT MARK}\N{RIGHT-TO-LEFT MARK}\N{ARABIC LETTER MARK}"
            "\N{LEFT-TO-RIGHT ISOLATE}\N{RIGHT-TO-LEFT ISOLATE}\N{POP DIRECTIONAL ISOLATE}"
        },
    }
)
_WHOLE = r"-?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?"
_NUMBER = re.compile(rf"(?<![\w.]){_WHOLE}", re.ASCII)
_HASHES = re.compile(rf"####[\s$]*({_WHOLE})", re.ASCII)
_CUE = re.compile(
    r"(?:answer\s+is|answer\s*:|\N{ARABIC LETTER ALEF}\N{ARABIC LETTER LAM}(?:"
    r"\N{ARABIC LETTER JEEM}\N{ARABIC LETTER WAW}\N{ARABIC LETTER ALEF}\N{ARABIC LETTER BEH}|"
    r"[\N{ARABIC LETTER ALEF WITH HAMZA BELOW}\N{ARABIC LETTER ALEF}]\N{ARABIC LETTER JEEM}\N{ARABIC LETTER ALEF}"
    r"\N{ARABIC LETTER BEH}\N{ARABIC LETTER TEH MARBUTA}))",
    re.IGNORECASE,
)
_SET_OFF = r"[\s:=$*(\[{\\]*"
_TOLD = re.compile(
    rf"(?:\s*\N{{ARABIC LETTER ALEF}}\N{{ARABIC LETTER LAM}}\w+)?{_SET_OFF}"
    rf"(?:is|\N{{ARABIC LETTER HEH}}[\N{{ARABIC LETTER YEH}}\N{{ARABIC LETTER WAW}}])?{_SET_OFF}"
    rf"(?P<number>(?>{_WHOLE}))(?!\s*[-+*/=x\N{{MULTIPLICATION SIGN}}\N{{DIVISION SIGN}}]\s*[$(]?\d)"
)
"""What stands right after a cue: a number that no sum begins with."""


def western(text: str) -> str:
    """The text with Western digits, separators and minus, without marks of direction."""
    return text.translate(_WRITTEN)


def numbers_in(text: str) -> list[Decimal]:
    """All numbers in their order; a comma joins only groups of three digits, else it parts two numbers.

    >>> [str(found) for found in numbers_in("1,234.50 or -3, not x2")]
    ['1234.50', '-3']
    """
    return [_value(found) for found in _NUMBER.findall(western(text))]


def number_after_hashes(text: str) -> Decimal | None:
    """The first number after four hashes, as GSM8K's solutions end (lm-eval's strict match); None where none is."""
    found = _HASHES.search(western(text))
    return _value(found[1]) if found else None


def final_number(text: str) -> Decimal | None:
    """The number that a text ends in: after four hashes, else right after its last cue, else the last of all.

    >>> [str(final_number(text)) for text in ("The answer is 12 of 30.", "The answer is 3 + 4 = 7.")]
    ['12', '7']
    """
    strict = number_after_hashes(text)
    if strict is not None:
        return strict
    plain = western(text)
    cues = list(_CUE.finditer(plain))
    told = _TOLD.match(plain, cues[-1].end()) if cues else None
    if told:
        return _value(told["number"])
    found = numbers_in(plain)
    return found[-1] if found else None


def _value(written: str) -> Decimal:
    return Decimal(unicodedata.normalize("NFKC", written).replace(",", ""))
