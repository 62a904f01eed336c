"""Conversations to token ids that fit a sequence: whole turns or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import xxhash
from numpy.typing import NDArray
from tqdm import tqdm

from alignment.chat_template.encoding import EncodedConversations, encode_conversations, joined

EXAMPLES = {
    "ids": pl.List(pl.Int32()),
    "learned": pl.List(pl.Boolean()),
    "bytes": pl.Int64(),
    "language": pl.String(),
    "source": pl.String(),
    "line": pl.Int64(),
    "validation": pl.Boolean(),
}
_SLICE = 4096

REMARKS = {"source": pl.String(), "line": pl.Int64(), "rule": pl.String(), "detail": pl.String()}


@dataclass(frozen=True)
class Examples:
    """Conversations as a model reads them.

    Attributes:
        frame: A row for each (EXAMPLES): token ids, which of them are learned, UTF-8 bytes of the answers, and whether
            it is kept for validation.
        skipped: Conversations of which not even the first answer fits (REMARKS).
        shortened: Conversations that lost turns at their end, and how many (REMARKS); they are in `frame` too.
    """

    frame: pl.DataFrame
    skipped: pl.DataFrame
    shortened: pl.DataFrame


def make_examples(
    tokenizer: Any, conversations: pl.DataFrame, sequence_length: int, validation_share: float
) -> Examples:
    """Encode conversations (as `read_conversations` gives them) for sequences of so many tokens.

    The last token is only ever predicted, so a conversation may have one token more than a sequence.
    """
    encoded = _encode(tokenizer, conversations["messages"])
    cuts = [cut_at_turn(*encoded[number], sequence_length + 1) for number in range(len(encoded))]
    answers = pl.col("messages").list.eval(
        pl.element()
        .filter(pl.element().struct.field("role") == "assistant")
        .struct.field("content")
        .str.len_bytes()
        .cast(pl.Int64)
    )
    ids, learned = _lists(encoded, [cut for cut, _ in cuts])
    frame = conversations.select("language", "source", "line", "messages", answers=answers).with_columns(
        ids=ids,
        learned=learned,
        kept=pl.Series([kept for _, kept in cuts], dtype=pl.Int64),
        tokens=pl.Series(encoded.lengths),
        validation=is_validation(conversations["messages"], validation_share),
    )
    num_answers, kept = pl.col("answers").list.len(), pl.col("kept")
    fits = frame.filter(kept > 0).with_columns(bytes=pl.col("answers").list.head(kept).list.sum())
    size = pl.format("{} tokens, {} fit", "tokens", pl.lit(sequence_length + 1))
    lost = pl.format("{} of {} answers left out: {}", num_answers - kept, num_answers, size)
    prompt_fits = pl.col("learned").list.len() > 0
    rule = pl.when(prompt_fits).then(pl.lit("answer_longer_than_context"))
    return Examples(
        frame=fits.select(EXAMPLES.keys()),
        skipped=frame.filter(kept == 0).select(
            "source",
            "line",
            rule.otherwise(pl.lit("prompt_longer_than_context")).alias("rule"),
            size.alias("detail"),
        ),
        shortened=fits.filter(kept < num_answers).select(
            "source", "line", pl.lit("turns_left_out").alias("rule"), lost.alias("detail")
        ),
    )


def cut_at_turn(ids: NDArray[np.int32], learned: NDArray[np.bool_], most: int) -> tuple[int, int]:
    """Tokens of a conversation that stay, at most so many, and the answers in them.

    Where the conversation is too long it ends after the last answer that fits. Where no answer fits: no answers, and a
    token if the first prompt alone would fit, else none.

    >>> learned = np.array([False, True, True, False, False, True])
    >>> [cut_at_turn(np.arange(6), learned, most) for most in (6, 5, 2, 1)]
    [(6, 2), (3, 1), (1, 0), (0, 0)]
    """
    steps = np.diff(np.concatenate((learned, [False])).astype(np.int8))
    ends = np.flatnonzero(steps == -1) + 1
    if len(ids) <= most:
        return len(ids), len(ends)
    fitting = ends[ends <= most]
    if len(fitting):
        return int(fitting[-1]), len(fitting)
    return int(len(ends) > 0 and int(learned.argmax()) < most), 0


def is_validation(messages: pl.Series, share: float) -> pl.Series:
    """Whether each conversation is kept for validation: by a hash of its text, so that copies go the same way."""
    texts = messages.list.eval(
        pl.element().struct.field("role") + "\0" + pl.element().struct.field("content")
    ).list.join("\0")
    kept = [xxhash.xxh3_64_intdigest(text.encode()) < share * 2**64 for text in texts]
    return pl.Series("validation", kept, dtype=pl.Boolean)


def _encode(tokenizer: Any, messages: pl.Series) -> EncodedConversations:
    """A slice at a time, so that only its turns are Python objects."""
    parts = []
    with tqdm(total=len(messages), desc="encode", unit="conversation", unit_scale=True, leave=False) as bar:
        for first in range(0, len(messages), _SLICE):
            some = messages.slice(first, _SLICE)
            parts.append(encode_conversations(tokenizer, some.to_list()))
            bar.update(len(some))
    return joined(parts)


def _lists(encoded: EncodedConversations, lengths: Sequence[int]) -> tuple[pl.Series, pl.Series]:
    """Ids and mask of each conversation, cut to a length, as columns of lists."""
    kept = np.asarray(lengths, np.int64)
    starts = encoded.ends - encoded.lengths
    places = np.arange(int(kept.sum())) + np.repeat(starts - (np.cumsum(kept) - kept), kept)
    offsets = pa.array(np.concatenate(([0], np.cumsum(kept))), pa.int64())
    columns = [
        pl.Series(pl.from_arrow(pa.LargeListArray.from_arrays(offsets, pa.array(values[places]))))
        for values in (encoded.ids, encoded.learned)
    ]
    return columns[0], columns[1]
