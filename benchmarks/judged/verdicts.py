"""What a judge said: a rating, or which answer is better; and whether it is of the form that was asked for."""

import re
from decimal import Decimal
from typing import Literal

from benchmarks.generated.numbers import western

Verdict = Literal["A", "B", "C"]

LOWEST, HIGHEST = 1, 10

_RATINGS = (
    re.compile(r"\[\[\s*(\d+(?:\.\d+)?)\s*(?:/\s*10)?\s*\]\]"),
    re.compile(r"\[\s*(\d+(?:\.\d+)?)\s*\]"),
)
_OF = (
    r"(?:/|(?:out\s+)?of|\N{ARABIC LETTER MEEM}\N{ARABIC LETTER NOON}"
    r"(?:\s+\N{ARABIC LETTER ALEF}\N{ARABIC LETTER SAD}\N{ARABIC LETTER LAM})?)"
)
_SCALE = re.compile(rf"(?<=\])\s*{_OF}\s*(?:\[\[?\s*10\s*\]?\]|10\b)", re.IGNORECASE)
"""The scale after a rating, as "out of [[10]]" or in Arabic "of (the whole) 10"."""
_ALONE = re.compile(r"(\d+(?:\.\d+)?)(?:\s*/\s*10)?\.?")
_VERDICT = re.compile(r"\[\[\s*([ABC])\s*\]\]")

REMINDER = {
    "mark": "Your mark is missing or not of the asked form. Answer with it alone, as: [[5]]",
    "single": "Your rating is missing or not of the asked form. Answer with it alone, as: Rating: [[5]]",
    "pairwise": "Your verdict is missing or not of the asked form. Answer with it alone: [[A]], [[B]] or [[C]]",
}
"""What a judge is asked where its verdict cannot be read."""


def rating(text: str, lowest: int = LOWEST) -> float | None:
    """The rating in double brackets (else in single ones), after which the scale may stand: "out of [[10]]".

    Of several the last counts, but a scale never does. None where there is none from `lowest` to 10.

    >>> rating("Good. Rating: [[8.5]]"), rating("[[8]] out of [[10]]"), rating("[[11]]"), rating("eight")
    (8.5, 8.0, None, None)
    """
    plain = western(text)
    for pattern in _RATINGS:
        found = pattern.findall(_SCALE.sub("", plain))
        if found:
            value = Decimal(found[-1])
            return float(value) if lowest <= value <= HIGHEST else None
    return None


def mark(text: str) -> float | None:
    """A mark from 0 to 10: as a rating, or a number that stands alone, as 7, 7.5 or 7/10.

    >>> mark("[[0]]"), mark("7/10"), mark("7.5"), mark("between 7 and 8")
    (0.0, 7.0, 7.5, None)
    """
    found = rating(text, lowest=0)
    alone = _ALONE.fullmatch(western(text).strip())
    if found is None and alone and Decimal(alone[1]) <= HIGHEST:
        return float(alone[1])
    return found


def verdict(text: str) -> Verdict | None:
    """The one verdict in double brackets; None where there is none, or several that differ.

    >>> verdict("Both fine, A shorter. [[A]]"), verdict("[[A]] or [[B]]"), verdict("A")
    ('A', None, None)
    """
    found: set[Verdict] = set(_VERDICT.findall(text))
    return found.pop() if len(found) == 1 else None


def turned(found: Verdict) -> Verdict:
    """The same verdict with the two answers in the other order."""
    swapped: dict[Verdict, Verdict] = {"A": "B", "B": "A", "C": "C"}
    return swapped[found]
