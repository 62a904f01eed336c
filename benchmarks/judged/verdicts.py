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
_VERDICT = re.compile(r"\[\[\s*([ABC])\s*\]\]")

REMINDER = {
    "single": "Your rating is missing or not of the asked form. Answer with it alone, as: Rating: [[5]]",
    "pairwise": "Your verdict is missing or not of the asked form. Answer with it alone: [[A]], [[B]] or [[C]]",
}
"""What a judge is asked where its verdict cannot be read."""


def rating(text: str) -> float | None:
    """The last rating in double brackets (else in single ones); None where there is none from 1 to 10.

    >>> rating("Good. Rating: [[8.5]]"), rating("[[11]]"), rating("eight")
    (8.5, None, None)
    """
    plain = western(text)
    for pattern in _RATINGS:
        found = pattern.findall(plain)
        if found:
            value = Decimal(found[-1])
            return float(value) if LOWEST <= value <= HIGHEST else None
    return None


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
