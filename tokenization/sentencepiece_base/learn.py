"""From words to new pieces of a SentencePiece base."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from tokenization.base import Additions, Role
from tokenization.clitics import clitic_cuts
from tokenization.learning import Merges, joint_shares
from tokenization.learning import learn as learn_merges
from tokenization.sentencepiece_base.derivation import last_join, unreachable
from tokenization.sentencepiece_base.merge import merge
from tokenization.sentencepiece_base.model import NORMAL, SPACE, SentencePieceBase, encoder
from tokenization.sentencepiece_base.words import CutWords, cut_words, encode_words, missing_characters

MINIMUM_CHARACTER_COUNT = 5
"""Arabic characters seen less often in the sample stay in bytes, as the base has them."""

_SPARE = 0.03
"""Merges learned beyond those asked for: two may spell the same piece, and only one becomes one."""


@dataclass(frozen=True)
class _Piece:
    text: str
    role: Role


def learn(
    base: SentencePieceBase, words: pl.DataFrame, num_pieces: int, *, clitic_share: float = 1.0
) -> Additions:
    """Learn pieces that go on where the base's own cuts end: missing characters first, then joins in merge order.

    A join across the boundary of a clitic counts `clitic_share` of what others do; 1 is plain BPE. Fewer than
    `num_pieces` come back where the words hold no more.
    """
    known = set(base.vocabulary)
    found = missing_characters(words, base.vocabulary, MINIMUM_CHARACTER_COUNT)["character"].to_list()
    characters = found[:num_pieces]
    cut = cut_words(base.proto, characters, words["word"])
    joints = _joints(base, characters, cut, words, clitic_share)
    pieces = [_Piece(character, "character") for character in characters]
    num_joins = num_pieces - len(characters)
    merges = learn_merges(
        cut.symbols,
        cut.starts,
        words["weight"].to_numpy().astype(np.float64)[cut.word],
        base.size + len(characters),
        num_joins + int(num_joins * _SPARE) + 100,
        joints=joints,
    )
    joins = _joins(base, characters, merges, known)
    pieces = _reachable(base, [*pieces, *(_Piece(join, "learned") for join in joins)], num_pieces)
    return _described(base, pieces, words)


def _joints(
    base: SentencePieceBase, characters: list[str], cut: CutWords, words: pl.DataFrame, share: float
) -> npt.NDArray[np.float64] | None:
    if share == 1:
        return None
    spelled = [piece.piece for piece in base.proto.pieces] + characters
    texts = [piece.replace(SPACE, " ").encode() for piece in spelled]
    return joint_shares(cut.symbols, cut.starts, texts, clitic_cuts(words), share)


def _joins(base: SentencePieceBase, characters: list[str], merges: Merges, known: set[str]) -> list[str]:
    """What merges spell, each once, and none that the base has."""
    spelled = [piece.piece for piece in base.proto.pieces] + characters
    seen = known | set(characters)
    joins = []
    for left, right in zip(merges.left.tolist(), merges.right.tolist(), strict=True):
        spelled.append(spelled[left] + spelled[right])
        if spelled[-1] not in seen:
            seen.add(spelled[-1])
            joins.append(spelled[-1])
    return joins


def _reachable(base: SentencePieceBase, pieces: list[_Piece], num_pieces: int) -> list[_Piece]:
    """Leave out what SentencePiece does not make: it joins any neighbors that spell a piece, not one pair only.

    Leaving a piece out can change how others are made, so this goes on until all are; it leaves out one at least each
    time, and in practice ends after one or two rounds.
    """
    while True:
        additions = _bare(pieces)
        lost = set(unreachable(merge(base, additions, 0), base.size, additions.pieces))
        if not lost:
            return pieces[:num_pieces]
        pieces = [piece for position, piece in enumerate(pieces) if position not in lost]


def _bare(pieces: Sequence[_Piece]) -> Additions:
    return Additions(
        pieces=[piece.text for piece in pieces],
        texts=[piece.text.replace(SPACE, " ") for piece in pieces],
        parts=[()] * len(pieces),
        base_ids=[()] * len(pieces),
        roles=[piece.role for piece in pieces],
        counts=[0] * len(pieces),
    )


def _described(base: SentencePieceBase, pieces: list[_Piece], words: pl.DataFrame) -> Additions:
    """Additions with parts, the base's own cuts, and counts in the sample."""
    bare = _bare(pieces)
    proto = merge(base, bare, 0)
    base_ids = encoder(base.proto, dummy_prefix=False)([text or "" for text in bare.texts])
    scores = {piece.piece: piece.score for piece in proto.pieces if piece.type == NORMAL}
    ids = {piece.piece: number for number, piece in enumerate(proto.pieces)}
    parts = []
    for piece, cut in zip(pieces, base_ids, strict=True):
        halves = last_join(scores, piece.text)
        parts.append([ids[half] for half in halves] if halves else cut)
    additions = replace(bare, parts=parts, base_ids=base_ids)
    return replace(additions, counts=additions.times_made(_uses(proto, words)).tolist())


def _uses(proto: Any, words: pl.DataFrame) -> npt.NDArray[np.int64]:
    """How often each id stands in the words as the expanded model cuts them."""
    symbols, lengths = encode_words(proto, words["word"])
    counts = np.repeat(words["count"].to_numpy(), lengths)
    return np.bincount(symbols, weights=counts, minlength=len(proto.pieces)).astype(np.int64)
