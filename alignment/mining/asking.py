"""Prompts: conversations up to where the last answer begins."""

import json
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

import numpy as np
import polars as pl

from alignment.conversations.json_lines import lines_of
from alignment.conversations.languages import languages_of
from alignment.conversations.reading import read_conversations
from alignment.errors import AlignmentError
from alignment.mine_config import Prompts
from corpus.readers.inputs import resolve
from corpus.readers.streams import ByteStream
from corpus.sources import Source

COLUMNS = ("messages", "question", "language", "source", "line")


def read_prompts(prompts: Prompts, seed: int = 0) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Prompts as COLUMNS, and the rejects of `read_conversations`.

    `messages` ends with the question, which `question` has as text; `language` is the question's. Of more than
    `prompts.most` the seed draws that many, which stay in order.

    Raises:
        DaadError: Nothing there, or nothing that can be asked.
    """
    read = read_conversations(prompts.path, language_column=prompts.language_column)
    frame = read.frame
    if prompts.without:
        left_out = _records_with(prompts.path, prompts.without)
        frame = frame.join(left_out, on=["source", "line"], how="anti", maintain_order="left")
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


def _records_with(path: Sequence[str], values: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    """Files and lines of records that have one of the values under its key.

    Raises:
        AlignmentError: Two files are called alike: their lines could not be told apart.
    """
    source = Source(name="prompts", path=list(path), domain="")
    files = resolve(source)
    names = [PurePosixPath(file.path).name for file in files]
    for name in names:
        if names.count(name) > 1:
            raise AlignmentError(
                f"prompts.path: two files are called {name}, and prompts.without could not tell their lines apart: "
                "rename one"
            )
    found: list[tuple[str, int]] = []
    for file in files:
        with ByteStream(file.path) as stream:
            for line, text in lines_of(stream):
                record = _object(text)
                if any(record.get(key) in wanted for key, wanted in values.items()):
                    found.append((PurePosixPath(file.path).name, line))
    return pl.DataFrame(found, schema={"source": pl.String, "line": pl.Int64}, orient="row")


def _object(text: bytes) -> dict[str, object]:
    """A record, {} for a line that holds none: `read_conversations` says what is wrong with it."""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}
