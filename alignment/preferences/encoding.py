"""Pairs to token ids: a prompt with each of its two answers, and which tokens are the answers'."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alignment.chat_template.encoding import EncodedConversations, encode_conversations
from alignment.conversations.reading import REJECTS

Encode = Callable[[Sequence[Any]], EncodedConversations]


@dataclass(frozen=True)
class EncodedPairs:
    """Pairs as ids, in the order of `frame`.

    Attributes:
        frame: `language`, `source` and `line` of each pair, and `prompt`, the text of all turns before the answers.
        chosen: The prompt with the chosen answer; `learned` holds for the answer alone.
        rejected: The prompt with the rejected answer, likewise.
    """

    frame: pl.DataFrame
    chosen: EncodedConversations
    rejected: EncodedConversations

    def __len__(self) -> int:
        return self.frame.height

    def lengths(self) -> NDArray[np.int64]:
        """Tokens of the longer side of each pair."""
        return np.maximum(self.chosen.lengths, self.rejected.lengths)

    def take(self, numbers: NDArray[np.int64]) -> "EncodedPairs":
        """Some of the pairs, in the order of their numbers."""
        return EncodedPairs(self.frame[numbers], _take(self.chosen, numbers), _take(self.rejected, numbers))

    def digest(self) -> str:
        """SHA-256 over all ids and masks: the same data under the same tokenizer and template gives the same."""
        digest = hashlib.sha256()
        for side in (self.chosen, self.rejected):
            for array in (side.lengths, side.ids, side.learned):
                digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


def encode_pairs(
    tokenizer: Any, pairs: pl.DataFrame, *, max_length: int, overlong: Literal["drop", "cut"]
) -> tuple[EncodedPairs, pl.DataFrame]:
    """Encode pairs that `read_preferences` gave; those that do not fit come back as rejects.

    The rules: prompt_too_long (no room is left for an answer), answer_too_long (with `overlong` drop) and
    same_after_cut (with cut, both answers are the same as far as they are read).

    Raises:
        AlignmentError: The template refuses an order of roles.
    """
    prompts, chosen, rejected = (
        encode_conversations(tokenizer, conversations)
        for conversations in (
            pairs["prompt"].to_list(),
            pairs.select(pl.concat_list("prompt", "chosen")).to_series().to_list(),
            pairs.select(pl.concat_list("prompt", "rejected")).to_series().to_list(),
        )
    )
    sides = [_answers_alone(side, prompts) for side in (chosen, rejected)]
    begins = np.maximum(*(_first_learned(side) for side in sides))
    longest = np.maximum(sides[0].lengths, sides[1].lengths)
    cut = [_cut(side, max_length) for side in sides]
    same = _equal(*cut)
    told = pl.col("prompt").list.eval(pl.element().struct.field("content")).list.join("\n")
    frame = pairs.select("language", "source", "line", told).with_columns(
        rule=pl.Series(
            np.select(
                [begins >= max_length, (longest > max_length) & (overlong == "drop"), same],
                ["prompt_too_long", "answer_too_long", "same_after_cut"],
                "",
            ),
            dtype=pl.String,
        ),
        detail=pl.Series(
            [f"prompt {a} tokens, longer answer {b} in all" for a, b in zip(begins, longest, strict=True)],
            dtype=pl.String,
        ),
    )
    kept = np.flatnonzero((frame["rule"] == "").to_numpy())
    whole = EncodedPairs(frame.select("language", "source", "line", "prompt"), *cut)
    rejects = frame.filter(pl.col("rule") != "").select(REJECTS.keys())
    return whole.take(kept), rejects


def _answers_alone(side: EncodedConversations, prompts: EncodedConversations) -> EncodedConversations:
    """Without what is learned of the prompt: earlier answers are context here."""
    rows = np.repeat(np.arange(len(side)), side.lengths)
    before = np.concatenate([[0], np.cumsum(side.learned)])[side.ends - side.lengths]
    rank = np.cumsum(side.learned) - before[rows]
    earlier = np.bincount(
        np.repeat(np.arange(len(prompts)), prompts.lengths), prompts.learned, minlength=len(prompts)
    )
    return EncodedConversations(side.ids, side.learned & (rank > earlier[rows]), side.lengths)


def _first_learned(side: EncodedConversations) -> NDArray[np.int64]:
    """Place of the first token of each answer."""
    places = np.arange(len(side.ids)) - np.repeat(side.ends - side.lengths, side.lengths)
    first = side.lengths.copy()
    rows = np.repeat(np.arange(len(side)), side.lengths)
    np.minimum.at(first, rows[side.learned], places[side.learned])
    return first


def _cut(side: EncodedConversations, most: int) -> EncodedConversations:
    places = np.arange(len(side.ids)) - np.repeat(side.ends - side.lengths, side.lengths)
    stays = places < most
    return EncodedConversations(side.ids[stays], side.learned[stays], np.minimum(side.lengths, most))


def _equal(one: EncodedConversations, other: EncodedConversations) -> NDArray[np.bool_]:
    return np.array([np.array_equal(one[n][0], other[n][0]) for n in range(len(one))], dtype=np.bool_)


def _take(side: EncodedConversations, numbers: NDArray[np.int64]) -> EncodedConversations:
    parts = [side[int(number)] for number in numbers]
    return EncodedConversations(
        np.concatenate([np.zeros(0, np.int32), *(ids for ids, _ in parts)]),
        np.concatenate([np.zeros(0, np.bool_), *(learned for _, learned in parts)]),
        side.lengths[numbers],
    )
