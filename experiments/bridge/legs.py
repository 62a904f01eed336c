"""The legs: how the pairs of the corpus are read, starting from one English base with Arabic pieces."""

from typing import Literal

MixtureName = Literal["english", "d", "f", "g"]

ENGLISH: MixtureName = "english"
"""What the base reads."""

START = "start"
"""The base with its new rows, before any leg."""

LEGS: dict[str, str] = {
    "d": "mix without the pairs",
    "f": "mix with parallel documents",
    "g": "mix with the same text, unpaired",
}
TRANSLATED = "mix with translated documents"
"""What leg g is where the user gives a translated corpus."""

COMPARISONS: dict[tuple[str, str], str] = {
    ("f", "d"): "parallel documents",
    ("g", "d"): "translated text that is not paired",
    ("f", "g"): "pairing",
}
"""Pairs of legs: the first has what the text says, the second lacks it."""
