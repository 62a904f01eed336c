"""How a SentencePiece BPE model makes a piece out of its parts, and what cannot be made at all."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from tokenization.sentencepiece_base.model import SPACE, encoder


def unreachable(proto: Any, first: int, pieces: Sequence[str]) -> list[int]:
    """Which of the pieces with ids from `first` on are not what the model makes of their own text."""
    encode = encoder(proto, dummy_prefix=False)
    cuts = encode([piece.replace(SPACE, " ") for piece in pieces])
    return [position for position, cut in enumerate(cuts) if cut != [first + position]]


def last_join(scores: dict[str, float], piece: str) -> tuple[str, str] | None:
    """The two pieces whose join makes `piece`, by SentencePiece's rule; None where it is not reached.

    The rule: join the neighbors whose join has the highest score, the leftmost of equals, until nothing joins.

    >>> last_join({"a": 0, "b": 0, "c": 0, "bc": -1, "ab": -2, "abc": -3}, "abc")
    ('a', 'bc')
    """
    symbols = list(piece)
    while len(symbols) > 2:
        joins = [
            (-scores[left + right], position)
            for position, (left, right) in enumerate(pairwise(symbols))
            if left + right in scores
        ]
        if not joins:
            return None
        _, position = min(joins)
        symbols[position : position + 2] = [symbols[position] + symbols[position + 1]]
    return (symbols[0], symbols[1]) if len(symbols) == 2 else None
