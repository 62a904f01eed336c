"""Telephone numbers: international ones (ITU-T E.164) and national ones as the Arab world writes them."""

import re
from collections.abc import Iterator

from corpus.privacy.words import any_of

NATIONAL_LENGTHS = {
    "1": (10, 10),  # North America
    "20": (8, 10),  # Egypt
    "212": (9, 9),  # Morocco
    "213": (8, 9),  # Algeria
    "216": (8, 8),  # Tunisia
    "218": (8, 9),  # Libya
    "222": (8, 8),  # Mauritania
    "249": (9, 9),  # Sudan
    "252": (7, 9),  # Somalia
    "253": (8, 8),  # Djibouti
    "269": (7, 7),  # Comoros
    "961": (7, 8),  # Lebanon
    "962": (8, 9),  # Jordan
    "963": (8, 9),  # Syria
    "964": (8, 10),  # Iraq
    "965": (8, 8),  # Kuwait
    "966": (8, 9),  # Saudi Arabia
    "967": (7, 9),  # Yemen
    "968": (8, 8),  # Oman
    "970": (8, 9),  # Palestine
    "971": (8, 9),  # Emirates
    "973": (8, 8),  # Bahrain
    "974": (8, 8),  # Qatar
}
"""Least and most digits after the calling code and without the trunk 0 (ITU national numbering plans)."""

OTHER_LENGTHS = (6, 13)
"""Digits after any other calling code; E.164 allows 15 with the code."""

_CALLING_CODE = (
    r"(?:1|7|2(?:0|7|[1-69]\d)|3(?:[0-469]|[578]\d)|4(?:[013-9]|2\d)|5(?:[1-8]|[09]\d)"
    r"|6(?:[0-6]|[7-9]\d)|8(?:[1246]|[058]\d)|9(?:[0-58]|[679]\d))"
)
_ARAB_CODES = "|".join(code for code in NATIONAL_LENGTHS if code != "1")

# bidi marks are often put beside numbers to keep them in order within right-to-left text
_BIDI = "\u200e\u200f\u202a-\u202e\u2066-\u2069"
_GAP = rf"[ \u00a0.\-\u2010-\u2013()/{_BIDI}]{{0,3}}"
_NARROW_GAP = rf"[ \u00a0\-\u2010-\u2013{_BIDI}]{{0,2}}"
_BEFORE = r"(?<![\w.,/#=&%$€£+\-])"
_AFTER = r"(?![\w%]|[.,/:\-]\d)"

_RUN = re.compile(rf"\d(?:{_GAP}\d){{6,}}")
_CONTEXT = 40
"""Characters beside a run of digits that may decide what it is."""

_INTERNATIONAL = re.compile(
    rf"(?<![\w#=&%$€£+])(?:\+|00)[{_BIDI}(]{{0,2}}(?P<code>{_CALLING_CODE})(?P<rest>(?:{_GAP}\d){{6,14}}){_AFTER}"
)
_PLUS_LAST = re.compile(
    rf"{_BEFORE}(?P<code>{_ARAB_CODES})(?P<rest>(?:{_NARROW_GAP}\d){{7,10}})[{_BIDI}]?\+(?!\d)"
)
_BARE_CODE = re.compile(
    rf"{_BEFORE}(?:9665\d|9715\d|201[0125]\d|9627[789]|9647[3-9]|2126\d|2135\d|2136\d|2137\d)(?:{_NARROW_GAP}\d){{7,8}}{_AFTER}"
)
_NATIONAL = re.compile(
    rf"{_BEFORE}\(?0(?:"
    rf"[5679]\)?(?:{_NARROW_GAP}\d){{8}}"  # mobiles of ten digits, from Morocco to Yemen
    rf"|7[3-9]\)?(?:{_NARROW_GAP}\d){{8}}"  # Iraq, mobile: eleven
    rf"|1[0125]\)?(?:{_NARROW_GAP}\d){{8}}"  # Egypt, mobile: eleven
    rf"|1[1-7]\)?(?:{_NARROW_GAP}\d){{7}}"  # Saudi Arabia, landline
    rf"|2\)?(?:{_NARROW_GAP}\d){{8}}"  # Cairo
    rf"){_AFTER}"
)
_LEBANESE = re.compile(rf"{_BEFORE}(?:03|7[01689]|81)/\d{{3}} ?\d{{3}}{_AFTER}")
_AMERICAN = re.compile(
    rf"{_BEFORE}(?:1[\-. ])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[\-.])[2-9]\d\d[\-.]\d{{4}}{_AFTER}"
)
_LABELED = re.compile(
    rf"(?:{any_of('phone_labels')}"
    r"|\b(?:tel|telephone|phone|mobile|cell|fax|whatsapp)\b|wa\.me/)"
    rf"(?: ?(?:{any_of('number_words')}|no\.?|number|:))?[\s:.\-{_BIDI}]{{0,4}}"
    rf"(?P<number>[(+]?\d(?:{_GAP}\d){{6,13}}){_AFTER}",
    re.IGNORECASE,
)
_BOOK_NUMBER = re.compile(rf"(?:{any_of('book_numbers')})[\s:\-0-9()]{{0,16}}$", re.IGNORECASE)
_LABELED_YEARS = re.compile(r"(?:1[0-9]|20)\d\d\D+(?:1[0-9]|20)\d\d")


def find_phones(line: str) -> Iterator[tuple[int, int]]:
    """Start and end of each number in a line whose digits are ASCII; spans may overlap, in no order."""
    for run in _RUN.finditer(line):
        yield from _find_in_run(line, max(0, run.start() - _CONTEXT), min(len(line), run.end() + _CONTEXT))


def _find_in_run(line: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for pattern in (_INTERNATIONAL, _PLUS_LAST):
        for match in pattern.finditer(line, start, end):
            if _has_right_length(match["code"], match["rest"]):
                yield match.span()
    for pattern in (_BARE_CODE, _NATIONAL, _LEBANESE, _AMERICAN):
        for match in pattern.finditer(line, start, end):
            if not _BOOK_NUMBER.search(line, max(0, match.start() - 24), match.start()):
                yield match.span()
    for match in _LABELED.finditer(line, start, end):
        if not _LABELED_YEARS.fullmatch(match["number"]):
            yield match.span("number")


def _has_right_length(code: str, rest: str) -> bool:
    digits = "".join(character for character in rest if character.isdigit())
    least, most = NATIONAL_LENGTHS.get(code, OTHER_LENGTHS)
    # +966 (0)50 ...: the trunk 0 that is not dialled from abroad
    return least <= len(digits.removeprefix("0") if code in NATIONAL_LENGTHS else digits) <= most
