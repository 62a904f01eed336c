"""Prompts: conversations up to where the last answer begins."""

import numpy as np
import polars as pl

from alignment.conversations.languages import languages_of
from alignment.conversations.reading import read_conversations
from alignment.errors import AlignmentError
from alignment.mine_config import Prompts

COLUMNS = ("messages", "question", "language", "source", "line")


def read_prompts(prompts: Prompts, seed: int = 0) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Prompts as COLUMNS, and the rejects of `read_conversations`.

    `messages` ends with the question, which `question` has as text; `language` is the question's. Of more than
    `prompts.most` the seed draws that many, which stay in order.

    Raises:
        DaadError: Nothing there, or nothing that can be asked.
    """
    read = read_conversations(prompts.path, language_column=prompts.language_column, without=prompts.without)
    frame = read.frame
    cut = pl.col("messages").list.head(pl.col("messages").list.len() - 1)
    frame = frame.with_columns(messages=cut).with_columns(
        question=pl.col("messages").list.last().struct.field("content")
    )
    claims = frame["language"]
    if not prompts.language_column:
        claims = pl.Series([prompts.language] * frame.height, dtype=pl.String)
    frame = frame.with_columns(languages_of(frame["question"], claims)).select(COLUMNS)
    if frame.is_empty():
        raise AlignmentError(f"prompts.path {' '.join(prompts.path)}: no prompt is left to ask")
    if prompts.most and frame.height > prompts.most:
        drawn = np.sort(np.random.default_rng(seed).permutation(frame.height)[: prompts.most])
        frame = frame[drawn]
    return frame, read.rejects
