"""Which option a generated answer names: by its letter, Arabic or Latin, by its text, or by its number.

Arabic answers name the first option with alef in any of its forms, the fifth with heh with or without a tatweel; around
letters stand parentheses, dots, quotation marks, marks of direction, and words as "the answer is".
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from benchmarks.generated.numbers import numbers_in, western
from benchmarks.generated.spans import arabic_tokens
from benchmarks.tasks.answers import ARABIC_LETTERS, LATIN_LETTERS

EMPTY, UNREADABLE, OUTSIDE = -1, -2, -3
"""No text; a text that names no option, or several; a letter or number beyond the options."""

_TATWEEL = "\N{ARABIC TATWEEL}"
_FORMS: dict[str, int] = {
    **{letter.rstrip(_TATWEEL): place for place, letter in enumerate(ARABIC_LETTERS)},
    **dict.fromkeys(
        "\N{ARABIC LETTER ALEF}\N{ARABIC LETTER ALEF WITH HAMZA BELOW}\N{ARABIC LETTER ALEF WITH MADDA ABOVE}"
        "\N{ARABIC LETTER HAMZA}",
        0,
    ),
    "\N{ARABIC LETTER ALEF MAKSURA}": 9,
    **{letter: place for place, letter in enumerate(LATIN_LETTERS)},
    **{letter.lower(): place for place, letter in enumerate(LATIN_LETTERS)},
}
_FEW = 20
"""Of so many options or fewer, no later letter is a name: x, y and z are part of what an answer says."""
_OPENING = r"""[\s(\["'*`{\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}\N{LEFT DOUBLE QUOTATION MARK}:-]*"""
_WORDS = {
    "answer": "\N{ARABIC LETTER ALEF}\N{ARABIC LETTER LAM}"
    "[\N{ARABIC LETTER ALEF}\N{ARABIC LETTER ALEF WITH HAMZA BELOW}]"
    "\N{ARABIC LETTER JEEM}\N{ARABIC LETTER ALEF}\N{ARABIC LETTER BEH}\N{ARABIC LETTER TEH MARBUTA}",
    "reply": "\N{ARABIC LETTER ALEF}\N{ARABIC LETTER LAM}\N{ARABIC LETTER JEEM}\N{ARABIC LETTER WAW}"
    "\N{ARABIC LETTER ALEF}\N{ARABIC LETTER BEH}",
    "option": "\N{ARABIC LETTER ALEF}\N{ARABIC LETTER LAM}\N{ARABIC LETTER KHAH}\N{ARABIC LETTER YEH}"
    "\N{ARABIC LETTER ALEF}\N{ARABIC LETTER REH}",
    "choice": "\N{ARABIC LETTER ALEF}\N{ARABIC LETTER LAM}\N{ARABIC LETTER ALEF}\N{ARABIC LETTER KHAH}"
    "\N{ARABIC LETTER TEH}\N{ARABIC LETTER YEH}\N{ARABIC LETTER ALEF}\N{ARABIC LETTER REH}",
}
_RIGHT = (
    "\N{ARABIC LETTER ALEF}\N{ARABIC LETTER LAM}(?:\N{ARABIC LETTER SAD}\N{ARABIC LETTER HAH}\N{ARABIC LETTER YEH}"
    "\N{ARABIC LETTER HAH}|\N{ARABIC LETTER NOON}\N{ARABIC LETTER HEH}\N{ARABIC LETTER ALEF}"
    "\N{ARABIC LETTER YEH WITH HAMZA ABOVE}\N{ARABIC LETTER YEH})\N{ARABIC LETTER TEH MARBUTA}?"
)
_IS = "\N{ARABIC LETTER HEH}[\N{ARABIC LETTER YEH}\N{ARABIC LETTER WAW}]"
_JOINED = r"\w|['\u2019]\w"  # a letter that a word goes on with: I'm
_ARTICLE = r"(?-i:a\s+\w)"
_AND = "\N{ARABIC LETTER WAW}"
_OR = f"\N{ARABIC LETTER ALEF WITH HAMZA ABOVE}{_AND}"
_BECAUSE = "\N{ARABIC LETTER LAM}\N{ARABIC LETTER ALEF WITH HAMZA ABOVE}\N{ARABIC LETTER NOON}"
_CLOSING = """)]}.:"'*\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK} """
_BOXED = re.compile(r"\\(?:boxed|fbox|text(?:bf|it|rm)?|math(?:bf|it|rm))\{([^{}]*)\}")
_SET_OFF = re.compile(r"\\[()\[\]]|\*\*|__|\$")


@dataclass(frozen=True, kw_only=True)
class _Patterns:
    """Where a letter names an option.

    Attributes:
        cue: After "the answer is".
        first: At the start, alone.
        first_then_text: At the start, before more text.
        said: At the start, before "is correct" or a reason.
        another: After a letter, "or" and the like before a further one.
        enclosed: In parentheses.
    """

    cue: re.Pattern[str]
    first: re.Pattern[str]
    first_then_text: re.Pattern[str]
    said: re.Pattern[str]
    another: re.Pattern[str]
    enclosed: re.Pattern[str]


@cache
def _patterns(count: int) -> _Patterns:
    """For the first so many letters of either alphabet."""
    known = "".join(letter for letter, place in _FORMS.items() if place < count)
    letter = rf"(?P<letter>[{known}]){_TATWEEL}?"
    another = (
        rf"(?:\s*(?:[,/&\N{{ARABIC COMMA}}]|(?i:and|or)\b|{_OR}|{_AND}))+\s*{_OPENING}"
        rf"(?!{_ARTICLE})(?P<other>[{known}])(?!{_JOINED})"
    )
    right = rf"(?:{'|'.join([*_WORDS.values(), _RIGHT])})"
    return _Patterns(
        cue=re.compile(
            rf"(?:(?:{'|'.join(_WORDS.values())})(?:\s+(?:{'|'.join([*_WORDS.values(), _RIGHT, _IS])}))*"
            rf"|\b(?:answer|option|choice)(?:\s+(?:is|would\s+be|option|choice))*)"
            rf"{_OPENING}(?!{_ARTICLE}){letter}(?!{_JOINED})",
            re.IGNORECASE,
        ),
        first=re.compile(rf"^{_OPENING}{letter}(?!{_JOINED})(?=\s*(?:$|[^\w\s])|\s*\n|{another})"),
        first_then_text=re.compile(rf"^{_OPENING}{letter}\s+(?P<rest>\S.*)", re.DOTALL),
        said=re.compile(
            rf"^{_OPENING}{letter}\s+(?:is\s+(?:the\s+)?(?:correct|right|best|answer)\b|because\b"
            rf"|{_IS}\s+{right}|{_BECAUSE})",
            re.IGNORECASE,
        ),
        another=re.compile(another),
        enclosed=re.compile(rf"[(\[]\s*{letter}\s*[)\]]"),
    )


def named_option(text: str, choices: Sequence[str]) -> int:
    """Index of the option that a text names, or EMPTY, UNREADABLE or OUTSIDE.

    In this order: a letter that the text opens with; the letter after the last "answer is", either of which names none
    where another option's letter follows it ("A or B"); the text of exactly one option; one
    letter in parentheses; a number that no option holds, counted from 1.

    >>> choices = ("three", "four", "five", "six")
    >>> [named_option(text, choices) for text in ("B. four", "The answer is (C)", "four", "", "E", "A dog", "2")]
    [1, 2, 1, -1, -3, -2, 1]
    """
    plain = _plain(text)
    if not plain:
        return EMPTY
    patterns = _patterns(_FEW if len(choices) <= _FEW else len(ARABIC_LETTERS))
    found = _opening(plain, choices, patterns) or next(reversed([*patterns.cue.finditer(plain)]), None)
    if found and _names_another(found, choices, patterns):
        return UNREADABLE
    letter = _FORMS[found["letter"]] if found else _by_text(plain, choices)
    if letter is None:
        enclosed = {_FORMS[found] for found in patterns.enclosed.findall(plain)}
        letter = enclosed.pop() if len(enclosed) == 1 else None
    if letter is None:
        letter = _by_number(plain)
    if letter is None:
        return UNREADABLE
    return letter if 0 <= letter < len(choices) else OUTSIDE


def _plain(text: str) -> str:
    """The text without boxes, emphasis and marks of direction, its letters composed."""
    plain = _SET_OFF.sub("", unicodedata.normalize("NFC", text))
    unboxed = 1
    while unboxed:  # boxes stand in one another
        plain, unboxed = _BOXED.subn(r"\1", plain)
    return western(plain).strip()


def _opening(text: str, choices: Sequence[str], patterns: _Patterns) -> re.Match[str] | None:
    """The letter at the start: alone, said to be right, or right before the text of its own option."""
    found = patterns.first.match(text) or patterns.said.match(text)
    if found:
        return found
    found = patterns.first_then_text.match(text)
    if found and _same_start(found["rest"], _own(found, choices)):
        return found
    return None


def _own(found: re.Match[str], choices: Sequence[str]) -> str:
    """The text of the option that a letter stands for; empty where there is none."""
    place = _FORMS[found["letter"]]
    return choices[place] if place < len(choices) else ""


def _names_another(found: re.Match[str], choices: Sequence[str], patterns: _Patterns) -> bool:
    """Whether a letter, or its option's text after it, goes on with another option's letter, written alike."""
    letter = found["letter"]
    rest = found.string[found.end("letter") :].lstrip(_CLOSING + _TATWEEL)
    further = patterns.another.match(rest.removeprefix(_own(found, choices)))
    return (
        further is not None
        and further["other"].isupper() == letter.isupper()
        and _FORMS[letter] != _FORMS[further["other"]] < len(choices)
    )


def _same_start(text: str, choice: str) -> bool:
    wanted = arabic_tokens(choice)
    return bool(wanted) and arabic_tokens(text)[: len(wanted)] == wanted


def _by_text(text: str, choices: Sequence[str]) -> int | None:
    """The one option that the text is, or else whose words all stand in it side by side."""
    said = arabic_tokens(text)
    wanted = [arabic_tokens(choice) for choice in choices]
    for holds in (lambda tokens: tokens == said, lambda tokens: _inside(tokens, said)):
        found = [place for place, tokens in enumerate(wanted) if tokens and holds(tokens)]
        if len(found) == 1:
            return found[0]
    return None


def _inside(tokens: Sequence[str], text: Sequence[str]) -> bool:
    size = len(tokens)
    return any(list(text[start : start + size]) == list(tokens) for start in range(len(text) - size + 1))


def _by_number(text: str) -> int | None:
    """A text that is nothing but one whole number, counted from 1."""
    found = numbers_in(text)
    if len(found) != 1 or re.sub(r"[\d\s().:-]", "", text) or found[0] != found[0].to_integral_value():
        return None
    return int(found[0]) - 1
