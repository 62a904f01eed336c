"""Phrases as pieces of a SentencePiece base: they come after all pieces within words and join these across a space."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

import numpy as np
import numpy.typing as npt
import polars as pl

from tokenization.base import Additions, Role
from tokenization.phrases import learn_phrases
from tokenization.sentencepiece_base.derivation import last_join, unreachable
from tokenization.sentencepiece_base.merge import merge
from tokenization.sentencepiece_base.model import NORMAL, SPACE, SentencePieceBase, encoder

_SPARE = 0.03
"""Phrases learned beyond those asked for, to stand in for any that SentencePiece does not make."""


def add_phrases(
    base: SentencePieceBase,
    additions: Additions,
    words: pl.DataFrame,
    texts: Callable[[], Iterator[pl.Series]],
    num_phrases: int,
) -> Additions:
    """Append phrases to pieces within words; see `tokenization.base.AddPhrases`."""
    spare = int(num_phrases * _SPARE) + 10
    pairs = learn_phrases(texts(), whole_words(base, additions, words), num_phrases + spare)
    phrases = [left + right for left, right in pairs]
    while lost := _unreachable(base, additions, phrases):
        phrases = [phrase for position, phrase in enumerate(phrases) if position not in lost]
    return _described(base, additions, phrases[:num_phrases], texts)


def whole_words(base: SentencePieceBase, additions: Additions, words: pl.DataFrame) -> list[str]:
    """Words of the sample, each with a space before it, that are one piece."""
    old = [piece.piece.replace(SPACE, " ") for piece in base.proto.pieces if piece.type == NORMAL]
    new = [text or "" for text in additions.texts]
    seen = set(words["word"])
    return [text for text in (*old, *new) if text.startswith(" ") and text in seen]


def _unreachable(base: SentencePieceBase, additions: Additions, phrases: Sequence[str]) -> set[int]:
    """Which phrases SentencePiece does not make of their own text: it joins any neighbors, not one pair only."""
    extended = _extended(additions, phrases)
    first = base.size + len(additions)
    return set(unreachable(merge(base, extended, 0), first, extended.pieces[len(additions) :]))


def _extended(additions: Additions, phrases: Sequence[str]) -> Additions:
    """Additions with phrases after them, of which nothing but the text is known yet."""
    number = len(phrases)
    learned: list[Role] = ["learned"] * number
    return Additions(
        pieces=[*additions.pieces, *(phrase.replace(" ", SPACE) for phrase in phrases)],
        texts=[*additions.texts, *phrases],
        parts=[*additions.parts, *[()] * number],
        base_ids=[*additions.base_ids, *[()] * number],
        roles=[*additions.roles, *learned],
        counts=[*additions.counts, *[0] * number],
    )


def _described(
    base: SentencePieceBase,
    additions: Additions,
    phrases: Sequence[str],
    texts: Callable[[], Iterator[pl.Series]],
) -> Additions:
    """Additions and phrases with parts, the base's own cuts, and counts in the running text."""
    extended = _extended(additions, phrases)
    proto = merge(base, extended, 0)
    scores = {piece.piece: piece.score for piece in proto.pieces if piece.type == NORMAL}
    ids = {piece.piece: number for number, piece in enumerate(proto.pieces)}
    parts = [
        [ids[half] for half in last_join(scores, piece) or ()] for piece in extended.pieces[len(additions) :]
    ]
    cuts = encoder(base.proto, dummy_prefix=False)(phrases)
    extended = replace(extended, parts=[*additions.parts, *parts], base_ids=[*additions.base_ids, *cuts])
    uses = np.zeros(len(proto.pieces), np.int64)
    if phrases:
        encode = encoder(proto)
        for documents in texts():
            uses += _uses(encode(documents.to_list()), len(uses))
    made = extended.times_made(uses)[len(additions) :]
    return replace(extended, counts=[*additions.counts, *made.tolist()])


def _uses(cuts: Sequence[Sequence[int]], size: int) -> npt.NDArray[np.int64]:
    ids = np.fromiter(chain.from_iterable(cuts), np.int64, sum(map(len, cuts)))
    return np.bincount(ids, minlength=size)
