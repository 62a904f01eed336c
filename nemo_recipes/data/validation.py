"""Validation sets, one for each language and domain: whole documents, the same ones whatever the tokenizer.

Documents are taken in the order of their keys until there is enough text, and read as one row of tokens, each predicted
once. So the bits of a set are those of the same text under every tokenizer, and bits per byte compare.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from nemo_recipes.data.blend import Sample
from nemo_recipes.data.megatron_files import read_ids
from nemo_recipes.data.token_directory import TokenDirectory, TokenPart


@dataclass(frozen=True, kw_only=True)
class ValidationSet:
    """Texts of one language and domain.

    Attributes:
        language: Their language.
        domain: Their domain.
        documents: How many there are.
        bytes: UTF-8 bytes of their text; what their bits are divided by.
        tokens: Tokens that are predicted, ends of documents included.
        sequences: The tokens, cut into sequences; padding and nothing else has loss_mask 0.
    """

    language: str
    domain: str
    documents: int
    bytes: int
    tokens: int
    sequences: "Windows"

    @property
    def name(self) -> str:
        """How logs call it."""
        return f"{self.language}-{self.domain}"


def validation_sets(
    directory: TokenDirectory, *, sequence_length: int, megabytes: float = 0, reset_at_documents: bool = False
) -> list[ValidationSet]:
    """The validation sets of token files, sorted by name; `megabytes` of text of each, or all of it."""
    sets = []
    for language, domain in kinds(directory):
        parts = parts_of(directory, language, domain)
        chosen = choose(directory, parts, megabytes)
        sets.append(
            make_set(
                language,
                domain,
                chosen,
                _ids(directory, parts, chosen),
                directory.end_id,
                sequence_length,
                reset_at_documents,
            )
        )
    return sets


def make_set(
    language: str,
    domain: str,
    chosen: pl.DataFrame,
    ids: NDArray[np.int64],
    end_id: int,
    sequence_length: int,
    reset_at_documents: bool,
) -> ValidationSet:
    """The set of chosen documents, whose ids stand one after another; an end of document comes before the first."""
    return ValidationSet(
        language=language,
        domain=domain,
        documents=chosen.height,
        bytes=int(chosen["bytes"].sum()),
        tokens=len(ids),
        sequences=Windows(np.concatenate(([end_id], ids)), sequence_length, end_id, reset_at_documents),
    )


def kinds(directory: TokenDirectory) -> list[tuple[str, str]]:
    """Languages and domains that have a validation set, sorted."""
    return sorted({(part.language, part.domain) for part in directory.parts if part.validation_tokens})


def parts_of(directory: TokenDirectory, language: str, domain: str) -> list[TokenPart]:
    """The parts that a set's documents come from."""
    return [part for part in directory.parts if (part.language, part.domain) == (language, domain)]


class Windows(Dataset[Sample]):
    """A row of tokens cut into sequences; the last is padded, and so is any beyond it (wholly masked)."""

    def __init__(
        self, ids: NDArray[np.int64], sequence_length: int, end_id: int, reset_at_documents: bool
    ) -> None:
        self._ids = ids
        self._length = sequence_length
        self._end_id = end_id
        self._reset = reset_at_documents

    def __len__(self) -> int:
        return math.ceil((len(self._ids) - 1) / self._length)

    def __getitem__(self, index: int) -> Sample:
        start = index * self._length
        piece = self._ids[start : start + self._length + 1]
        targets = max(len(piece) - 1, 0)
        padded = np.full(self._length + 1, self._end_id, np.int64)
        padded[: len(piece)] = piece
        tokens = torch.from_numpy(padded[:-1])
        return {
            "tokens": tokens,
            "labels": torch.from_numpy(padded[1:]),
            "loss_mask": (torch.arange(self._length) < targets).float(),
            "position_ids": self._positions(tokens),
        }

    def _positions(self, tokens: torch.Tensor) -> torch.Tensor:
        places = torch.arange(self._length)
        if not self._reset:
            return places
        starts = torch.where(tokens.roll(1) == self._end_id, places, 0)
        starts[0] = 0
        return places - torch.cummax(starts, 0).values


class EvenBatches:
    """Sequences of one replica; all replicas get as many batches, wholly masked ones at the end if need be."""

    def __init__(self, *, num_sequences: int, micro_batch: int, replica: int, replicas: int) -> None:
        self._per_replica = math.ceil(num_sequences / (micro_batch * replicas))
        self._micro_batch = micro_batch
        self._replica = replica
        self._replicas = replicas

    def __len__(self) -> int:
        return self._per_replica

    def __iter__(self) -> Iterator[list[int]]:
        for number in range(self._per_replica):
            start = (number * self._replicas + self._replica) * self._micro_batch
            yield list(range(start, start + self._micro_batch))


def choose(directory: TokenDirectory, parts: Sequence[TokenPart], megabytes: float = 0) -> pl.DataFrame:
    """The first documents by key, until they have so much text (0 for all): `part` and `row` there, id, key, bytes."""
    most_bytes = megabytes * 1e6 or math.inf
    listed = pl.concat(
        directory.documents(part, "validation").with_columns(part=pl.lit(number), row=pl.int_range(pl.len()))
        for number, part in enumerate(parts)
    ).sort("key", "id")
    before = pl.col("bytes").cum_sum() - pl.col("bytes")
    return listed.filter(before < most_bytes)


def _ids(directory: TokenDirectory, parts: Sequence[TokenPart], chosen: pl.DataFrame) -> NDArray[np.int64]:
    files = [read_ids(directory.prefix(part, "validation")) for part in parts]
    ends = [np.cumsum(lengths, dtype=np.int64) for _, lengths in files]
    pieces = []
    for part, row in chosen.select("part", "row").iter_rows():
        ids, lengths = files[part]
        pieces.append(np.asarray(ids[ends[part][row] - lengths[row] : ends[part][row]], np.int64))
    return np.concatenate(pieces)
