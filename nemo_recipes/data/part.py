"""Some row groups of one shard, encoded by one worker into files that `merge` puts together."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from numpy.typing import NDArray

from corpus.errors import cause_of
from corpus.pipeline.atomic import atomic_path, read_json, write_json, write_parquet
from nemo_recipes.data.encoders import Encoded, Encoder, make_encoder
from nemo_recipes.data.split import content_keys, validation_mask
from nemo_recipes.data.tokenizer import Tokenizer
from nemo_recipes.errors import PretrainingError

_COLUMNS = ["id", "text", "source", "language", "domain", "pair"]

Component = tuple[str, str, str]
"""Source, language and domain: what has token files of its own."""

_ENCODERS: dict[tuple[str, ...], Encoder] = {}


@dataclass(frozen=True, kw_only=True)
class PartTask:
    """What a worker needs to encode one part of the work."""

    number: int
    shard: Path
    row_groups: Sequence[int]
    components: Sequence[Component]
    tokenizer: Tokenizer
    encoder: str
    validation_share: float
    begin_of_document: bool
    directory: Path

    def _path(self, what: str) -> Path:
        return self.directory / f"{self.number:06d}.{what}"

    @property
    def tokens(self) -> Path:
        """Ids of all documents, by component and split."""
        return self._path("tokens")

    @property
    def documents(self) -> Path:
        """One row for each document, in the order of its tokens: component, validation, id, key, bytes, tokens."""
        return self._path("documents.parquet")

    @property
    def summary(self) -> Path:
        """Written last: says that the other two are whole."""
        return self._path("json")


def encode_part(task: PartTask) -> dict[str, Any]:
    """Encode a part unless it is there, and return its summary: documents, bytes and tokens.

    Raises:
        PretrainingError: The shard cannot be read.
    """
    if not task.summary.exists():
        write_json(task.summary, _encode(task))
    summary: dict[str, Any] = read_json(task.summary)
    return summary


def _encode(task: PartTask) -> dict[str, Any]:
    documents = _read(task)
    encoded = _encoder(task.tokenizer, task.encoder).encode(documents["text"])
    begin = task.tokenizer.begin_id if task.begin_of_document else None
    ids, lengths = with_ends(encoded, task.tokenizer.end_id, begin)
    ends = int(np.count_nonzero(ids == task.tokenizer.end_id))
    if ends != len(lengths):
        raise PretrainingError(
            f"{task.shard}: the end-of-document id {task.tokenizer.end_id} stands {ends - len(lengths)} times inside "
            "documents, so their ends could not be told: name another piece with end_piece"
        )
    with atomic_path(task.tokens) as partial:
        partial.write_bytes(ids.astype(task.tokenizer.dtype).tobytes())
    described = documents.select(
        "component",
        "validation",
        "id",
        key=pl.Series(content_keys(documents["text"])),
        bytes=pl.col("text").str.len_bytes().cast(pl.Int64),
        tokens=pl.Series(lengths),
    )
    write_parquet(task.documents, described)
    return {
        "documents": len(lengths),
        "bytes": int(described["bytes"].sum()),
        "tokens": len(ids),
    }


def with_ends(
    encoded: Encoded, end_id: int, begin_id: int | None
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Put the ends around each document; ids and lengths with them.

    >>> with_ends(Encoded(np.array([7, 8, 9], np.int32), np.array([2, 0, 1])), 2, 1)
    (array([1, 7, 8, 2, 1, 2, 1, 9, 2], dtype=int32), array([4, 2, 3]))
    """
    extra = 1 if begin_id is None else 2
    lengths = encoded.lengths + extra
    ends = np.cumsum(lengths)
    ids = np.empty(int(ends[-1]) if len(ends) else 0, np.int32)
    is_text = np.ones(len(ids), np.bool_)
    is_text[ends - 1] = False
    ids[ends - 1] = end_id
    if begin_id is not None:
        is_text[ends - lengths] = False
        ids[ends - lengths] = begin_id
    ids[is_text] = encoded.ids
    return ids, lengths


def _read(task: PartTask) -> pl.DataFrame:
    """Documents sorted by component and split, in shard order within each."""
    try:
        table = pq.ParquetFile(task.shard).read_row_groups(list(task.row_groups), columns=_COLUMNS)
    except (OSError, KeyError, ValueError) as error:
        reason = cause_of(error)
        raise PretrainingError(
            f"{task.shard}: the shard cannot be read ({reason}): build the corpus again"
        ) from error
    documents = pl.DataFrame(table)
    numbers = pl.DataFrame(
        [(*component, number) for number, component in enumerate(task.components)],
        schema={"source": pl.String, "language": pl.String, "domain": pl.String, "component": pl.Int32},
        orient="row",
    )
    validation = validation_mask(documents["id"], documents["pair"], task.validation_share)
    return (
        documents.with_columns(validation=pl.Series(validation))
        .join(numbers, on=["source", "language", "domain"], how="left", maintain_order="left")
        .sort("component", "validation", maintain_order=True)
    )


def _encoder(tokenizer: Tokenizer, kind: str) -> Encoder:
    """The encoder of this process: loading one takes a second, and a worker has many parts to encode."""
    key = (tokenizer.path, kind, *tokenizer.sha256.values())
    if key not in _ENCODERS:
        _ENCODERS.clear()
        _ENCODERS[key] = make_encoder(tokenizer, kind)
    return _ENCODERS[key]
