"""The legs: what is trained on what, starting from one English base."""

from dataclasses import dataclass
from typing import Literal

MixtureName = Literal["english", "arabic", "both", "parallel"]


@dataclass(frozen=True, kw_only=True)
class Leg:
    """One way to go on from the base.

    Attributes:
        title: How tables call it.
        rows: How the rows of new pieces begin; empty for the base tokenizer, which has none.
        mixture: What is read.
        rows_first: Whether new rows learn alone at first.
    """

    title: str
    rows: Literal["", "random", "mean"]
    mixture: MixtureName
    rows_first: bool = False


LEGS: dict[str, Leg] = {
    "a": Leg(title="Arabic only, base tokenizer", rows="", mixture="arabic"),
    "b": Leg(title="mix, base tokenizer", rows="", mixture="both"),
    "c": Leg(title="mix, expanded, random rows", rows="random", mixture="both"),
    "d": Leg(title="mix, expanded, mean rows", rows="mean", mixture="both"),
    "e": Leg(title="mix, expanded, mean rows, rows first", rows="mean", mixture="both", rows_first=True),
    "f": Leg(title="mix with parallel text, expanded, mean rows", rows="mean", mixture="parallel"),
}

COMPARISONS: dict[tuple[str, str], str] = {
    ("b", "a"): "English in the mix",
    ("d", "b"): "an expanded vocabulary",
    ("d", "c"): "mean rows instead of random ones",
    ("e", "d"): "new rows first",
    ("f", "d"): "parallel text",
}
"""Pairs that differ in one thing: the first has what the text says, the second lacks it."""
