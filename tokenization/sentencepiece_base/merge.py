"""Old pieces as they were, new ones below them: the one place where an expanded model is put together."""

from typing import Any

import numpy as np

from tokenization.base import Additions
from tokenization.errors import TokenizationError
from tokenization.sentencepiece_base.model import CONTROL, NORMAL, SentencePieceBase
from tokenization.sentencepiece_base.proto import copy

RESERVE_PREFIX = "<|reserve_"


def merge(base: SentencePieceBase, additions: Additions, num_reserve: int) -> Any:
    """The base's model with new pieces after its own, and reserve pieces after those.

    Old ids and scores stay. A larger score is an earlier merge, so new scores fall in the order of the new pieces, all
    below the lowest score of a real base merge (google/sentencepiece#739). Reserve pieces are CONTROL, for
    USER_DEFINED ones would match text.

    Raises:
        TokenizationError: A new piece is in the base already.
    """
    present = [piece for piece in additions.pieces if piece in base.vocabulary]
    if present:
        raise TokenizationError(
            f"{base.path}: has {len(present):,} of the new pieces already, {present[0]!r} among them: "
            "expand the base that it came from"
        )
    proto = copy(base.proto)
    for piece, score in zip(additions.pieces, new_scores(base.floor, len(additions)), strict=True):
        proto.pieces.add(piece=piece, score=score, type=NORMAL)
    for name in reserve_names(base.vocabulary, num_reserve):
        proto.pieces.add(piece=name, score=0.0, type=CONTROL)
    proto.trainer_spec.vocab_size = len(proto.pieces)
    return proto


def new_scores(floor: float, number: int) -> list[float]:
    """Scores that fall from below `floor` in equal steps, wide enough to stay distinct as float32.

    >>> new_scores(-31740.0, 3)
    [-31741.0, -31742.0, -31743.0]
    """
    step = 1.0
    while np.spacing(np.float32(floor - step * number)) < -step / 2:
        step *= 2
    first = float(np.floor(floor))
    return [first - step * (position + 1) for position in range(number)]


def reserve_names(taken: dict[str, int], number: int) -> list[str]:
    """Names for reserve pieces that no other piece bears."""
    names: list[str] = []
    candidate = 0
    while len(names) < number:
        name = f"{RESERVE_PREFIX}{candidate}|>"
        if name not in taken:
            names.append(name)
        candidate += 1
    return names
