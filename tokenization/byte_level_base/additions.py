"""From counted words to the pieces that are appended to a base, in the order of their merges."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from tokenization.base import Additions
from tokenization.byte_level_base.alphabet import to_bytes, to_letters
from tokenization.byte_level_base.arabic_bytes import is_whole
from tokenization.byte_level_base.base_definition import ByteLevelBase
from tokenization.byte_level_base.characters import join_characters
from tokenization.byte_level_base.words import Words, break_at, cut_words
from tokenization.clitics import clitic_cuts
from tokenization.learning import joint_shares

Learn = Callable[..., Any]
Pairs = npt.NDArray[np.int32]

MIN_COUNT = 8.0  # characters seen less often, by weight, stay with the base's bytes
_SPARE = 256  # merges learned beyond those asked for, to stand in for pieces that the base has already


class Learned(NamedTuple):
    """Merges in their order: merge j joins the symbols of `pairs[j]` into symbol `base size + j`; int32[m, 2].

    The first `num_characters` of them make characters whole.
    """

    pairs: Pairs
    num_characters: int


def learn_merges(
    base: ByteLevelBase, words: pl.DataFrame, num_merges: int, learn: Learn, *, clitic_share: float = 1.0
) -> Learned:
    """Learn merges of Arabic pieces that go on where the base's own stop.

    First characters are made whole that the base cuts into bytes; then neighbors of whole Arabic characters are
    joined, so that digits, Latin and signs stay with the base.

    Args:
        base: The base.
        words: Columns word (with the space before it), weight and count; each word once.
        num_merges: How many to make; fewer come back where the words hold no more.
        learn: `tokenization.learning.learn`.
        clitic_share: What a join across the boundary of a clitic counts; 1 is plain BPE.
    """
    weights = words["weight"].cast(pl.Float64).to_numpy()
    cut = cut_words(base.definition, words["word"].to_list(), weights)
    joined = join_characters(cut, base.bytes_of, MIN_COUNT)
    segments = break_at(joined.words, _joins(joined.words, joined.bytes_of))
    characters = np.array(joined.pairs, np.int32).reshape(-1, 2)[:num_merges]
    if len(characters) == num_merges or not len(segments):
        return _without_known(base, Learned(characters, len(characters)))
    joints = None
    if clitic_share != 1:
        shares = clitic_cuts(words), clitic_share
        joints = joint_shares(segments.symbols, segments.starts, joined.bytes_of, *shares)
    merges = learn(
        segments.symbols,
        segments.starts,
        segments.counts,
        base.size + len(characters),
        num_merges - len(characters) + _SPARE,
        joints=joints,
    )
    learned = np.stack([merges.left, merges.right], axis=1).astype(np.int32)
    kept = _without_known(base, Learned(np.concatenate([characters, learned]), len(characters)))
    return Learned(kept.pairs[:num_merges], min(kept.num_characters, num_merges))


def _without_known(base: ByteLevelBase, learned: Learned) -> Learned:
    """Leave out merges that make a piece which the base has but cannot reach, and all that build on them.

    Some bases have pieces that no merges lead to; a second id for the same bytes would never be decided between.
    """
    known = {piece for piece in base.bytes_of if piece is not None}
    bytes_of: dict[int, bytes] = {n: piece for n, piece in enumerate(base.bytes_of) if piece is not None}
    renumbered = dict(zip(range(base.size), range(base.size), strict=True))
    kept: list[list[int]] = []
    num_characters = 0
    for number, (left, right) in enumerate(learned.pairs.tolist(), base.size):
        if left not in renumbered or right not in renumbered:
            continue
        made = bytes_of[left] + bytes_of[right]
        if made in known:
            continue
        known.add(made)
        bytes_of[number] = made
        renumbered[number] = base.size + len(kept)
        kept.append([renumbered[left], renumbered[right]])
        num_characters += number - base.size < learned.num_characters
    return Learned(np.array(kept, np.int32).reshape(-1, 2), num_characters)


def describe(base: ByteLevelBase, learned: Learned, made: Sequence[int]) -> Additions:
    """What is known of each new piece; `made` says how often each is made in the sample."""
    spelled = [to_letters(piece or b"") for piece in base.bytes_of]
    base_ids: list[list[int]] = []
    pairs = learned.pairs.tolist()
    for pair in pairs:
        spelled.append(spelled[pair[0]] + spelled[pair[1]])
        base_ids.append(
            [n for part in pair for n in (base_ids[part - base.size] if part >= base.size else [part])]
        )
    pieces = spelled[base.size :]
    num_characters = learned.num_characters
    return Additions(
        pieces=pieces,
        texts=[_text(piece) for piece in pieces],
        parts=pairs,
        base_ids=base_ids,
        roles=["character" if number < num_characters else "learned" for number in range(len(pieces))],
        counts=list(made),
    )


def count_made(base: ByteLevelBase, learned: Learned, words: Words) -> list[int]:
    """How often each new piece is made in words that the expanded tokenizer has cut.

    A piece is made where it stands in the cut, and wherever a piece is made that it is a part of.
    """
    lengths = np.diff(words.starts)
    made = np.bincount(
        words.symbols, np.repeat(words.counts, lengths), minlength=base.size + len(learned.pairs)
    ).tolist()
    for number, (left, right) in reversed(list(enumerate(learned.pairs.tolist(), base.size))):
        made[left] += made[number]
        made[right] += made[number]
    return [round(count) for count in made[base.size : base.size + len(learned.pairs)]]


def _joins(words: Words, bytes_of: Sequence[bytes | None]) -> npt.NDArray[np.bool_]:
    """Whether each symbol may join the one before it: both Arabic and whole, or a space before."""
    whole = np.array([piece is not None and is_whole(piece) for piece in bytes_of], np.bool_)
    spaced = np.array([piece is not None and piece[:1] == b" " for piece in bytes_of], np.bool_)
    space = np.array([piece == b" " for piece in bytes_of], np.bool_)
    joins = np.zeros(len(words.symbols), np.bool_)
    joins[1:] = (whole & ~spaced)[words.symbols[1:]] & (whole | space)[words.symbols[:-1]]
    return joins


def _text(piece: str) -> str | None:
    try:
        return (to_bytes(piece) or b"").decode()
    except UnicodeDecodeError:
        return None
