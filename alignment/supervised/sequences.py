"""Sequences by number, and the batch of a step: S tokens, B sequences of a micro batch, A micro batches of a step."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from alignment.supervised.packing import Packs
from nemo_recipes.engine.batches import NOT_COUNTED, Batch


class Sequences:
    """Conversations of a frame (EXAMPLES), packed: each predicts its own tokens, and positions start again at each.

    Attributes:
        packs: Which conversations each sequence holds.
        length: Tokens of a sequence; what is not used is padding, without a loss.
    """

    def __init__(
        self, examples: pl.DataFrame, packs: Packs, *, length: int, num_sequences: int, padding: int
    ) -> None:
        self.packs, self.length = packs, length
        self._num_sequences, self._padding = num_sequences, padding
        self._ids = examples["ids"].explode(keep_nulls=False, empty_as_null=False).to_numpy()
        self._learned = examples["learned"].explode(keep_nulls=False, empty_as_null=False).to_numpy()
        self._ends = np.cumsum(examples["ids"].list.len().to_numpy().astype(np.int64))
        self._lengths = examples["ids"].list.len().to_numpy().astype(np.int64)
        self._bytes = examples["bytes"].to_numpy()

    def __len__(self) -> int:
        return self._num_sequences

    def __getitem__(self, number: int) -> dict[str, Any]:
        """A sequence, or padding alone beyond the last one.

        `tokens`, `labels` (-100 where no loss is taken) and `position_ids` of S elements, `loss_mask` for the engine's
        validation, `number`, `num_bytes` of the answers, and `used`, the tokens that are no padding.
        """
        members = self.packs[number]
        tokens = np.full(self.length, self._padding, np.int64)
        labels = np.full(self.length, NOT_COUNTED, np.int64)
        positions = np.zeros(self.length, np.int64)
        at = 0
        for member in members:
            ids, learned = self._of(int(member))
            end = at + len(ids) - 1
            tokens[at:end] = ids[:-1]
            labels[at:end] = np.where(learned[1:], ids[1:], NOT_COUNTED)
            positions[at:end] = np.arange(end - at)
            at = end
        positions[at:] = np.arange(self.length - at)
        return {
            "tokens": torch.from_numpy(tokens),
            "labels": torch.from_numpy(labels),
            "loss_mask": torch.from_numpy(labels != NOT_COUNTED),
            "position_ids": torch.from_numpy(positions),
            "number": number,
            "num_bytes": int(self._bytes[members].sum()),
            "used": at,
        }

    def _of(self, member: int) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        end = int(self._ends[member])
        place = slice(end - int(self._lengths[member]), end)
        return self._ids[place], self._learned[place]


def collate(samples: Sequence[Mapping[str, Any]], micro_batch: int, positions: bool) -> Batch:
    """The sequences of a step, a tensor [B, S] for each micro batch, whose S is that of its longest sequence.

    `positions` is for packed sequences: where they start again, attention does too. Without them one conversation
    fills a sequence, and padding at its end is out of its sight.
    """
    batches = [samples[first : first + micro_batch] for first in range(0, len(samples), micro_batch)]
    return {
        "tokens_ABS": [_stacked(batch, "tokens") for batch in batches],
        "labels_ABS": [_stacked(batch, "labels") for batch in batches],
        "positions_ABS": [_stacked(batch, "position_ids") for batch in batches] if positions else None,
        "numbers_AB": [[int(sample["number"]) for sample in batch] for batch in batches],
        "num_labels": sum(int((sample["labels"] != NOT_COUNTED).sum()) for sample in samples),
        "num_bytes": sum(int(sample["num_bytes"]) for sample in samples),
    }


def _stacked(batch: Sequence[Mapping[str, Any]], name: str) -> torch.Tensor:
    longest = max(1, *(int(sample["used"]) for sample in batch))
    return torch.stack([sample[name][:longest] for sample in batch])
