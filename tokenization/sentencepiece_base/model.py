"""A SentencePiece BPE model: its pieces, and how it cuts."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tokenization.base import Encode
from tokenization.sentencepiece_base.proto import copy

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6
"""Types of pieces in sentencepiece_model.proto."""

SPACE = "\N{LOWER ONE EIGHTH BLOCK}"
"""What SentencePiece writes for a space."""

SENTINEL = -1e8
"""Scores from here down are no ranks: Mistral v1 gives its runs of spaces -1e9, where float32 steps are 64."""


@dataclass(frozen=True, kw_only=True)
class SentencePieceBase:
    """A SentencePiece BPE model, as it was read.

    Attributes:
        path: The file that it was read from.
        proto: The parsed model, never changed.
    """

    path: Path
    proto: Any

    @property
    def size(self) -> int:
        """All pieces, specials included."""
        return len(self.proto.pieces)

    @property
    def starts_with_space(self) -> bool:
        """Whether a text is cut as if a space stood before it."""
        return bool(self.proto.normalizer_spec.add_dummy_prefix)

    @cached_property
    def vocabulary(self) -> dict[str, int]:
        """Ids of all pieces."""
        return {piece.piece: number for number, piece in enumerate(self.proto.pieces)}

    @cached_property
    def floor(self) -> float:
        """The lowest score of a real merge."""
        scores = [
            piece.score for piece in self.proto.pieces if piece.type == NORMAL and piece.score > SENTINEL
        ]
        return float(min(scores, default=0.0))

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids as the base gives them."""
        return encoder(self.proto)(texts)


def encoder(proto: Any, *, dummy_prefix: bool | None = None) -> Encode:
    """How a model cuts; `dummy_prefix` overrides whether it cuts a text as if a space stood before it."""
    from sentencepiece import SentencePieceProcessor

    if dummy_prefix is not None and dummy_prefix != proto.normalizer_spec.add_dummy_prefix:
        proto = copy(proto)
        proto.normalizer_spec.add_dummy_prefix = dummy_prefix
    processor = SentencePieceProcessor(model_proto=proto.SerializeToString())
    return lambda texts: processor.encode(list(texts))


def pieces_of_type(proto: Any, kind: int) -> list[str]:
    """The pieces of one type, in id order."""
    return [piece.piece for piece in proto.pieces if piece.type == kind]
