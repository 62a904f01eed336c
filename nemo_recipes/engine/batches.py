"""Sequences of a run, one optimizer step at a time.

S tokens of a sequence, B sequences of a micro batch, A micro batches of a step.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from nemo_recipes.watch.byte_lengths import ByteCounter

Batch = dict[str, Any]

NOT_COUNTED = -100
"""Label where no loss is taken."""


class Samples(Protocol):
    """Sequences by number, as Megatron's GPTDataset gives them.

    A sample has `tokens`, `labels` and `loss_mask` of S elements, and `position_ids` that count from 0.
    """

    def __len__(self) -> int: ...

    def __getitem__(self, number: int) -> Mapping[str, Any]: ...


class StepReader(IterableDataset[Batch]):
    """What one replica reads in each step from `first_step` to before `end_step`.

    Step i reads sequences i * global_batch and on, whatever ran before: that is how a stopped run goes on. Within a
    step, sequences go to replicas in turn, a micro batch at a time. `collate` makes the batch of a step from its
    samples and the micro batch; None for `collate_tokens`.
    """

    def __init__(
        self,
        samples: Samples,
        counter: ByteCounter,
        steps: range,
        *,
        global_batch: int,
        micro_batch: int,
        replica: int,
        replicas: int,
        positions: bool,
        collate: Callable[[Sequence[Mapping[str, Any]], int], Batch] | None = None,
    ) -> None:
        self.samples, self.steps = samples, steps
        self.global_batch, self.micro_batch = global_batch, micro_batch
        self.replica, self.replicas = replica, replicas
        self.collate = collate or partial(collate_tokens, counter=counter, positions=positions)

    def __iter__(self) -> Iterator[Batch]:
        worker = get_worker_info()
        mine = self.steps if worker is None else self.steps[worker.id :: worker.num_workers]
        for step in mine:
            yield self.collate([self.samples[i] for i in self.numbers(step)], self.micro_batch)

    def numbers(self, step: int) -> list[int]:
        """Sequences of this replica in a step."""
        numbers = np.arange(step * self.global_batch, (step + 1) * self.global_batch)
        by_replica = numbers.reshape(-1, self.replicas, self.micro_batch)[:, self.replica]
        return [int(number) for number in by_replica.reshape(-1)]


def make_loader(reader: StepReader, workers: int, pinned: bool) -> DataLoader[Batch]:
    """A loader of whole steps; with worker processes, these read ahead in turn and the order stays."""
    return DataLoader(reader, batch_size=None, num_workers=workers, pin_memory=pinned)


def collate_tokens(
    samples: Sequence[Mapping[str, Any]], micro_batch: int, counter: ByteCounter, positions: bool
) -> Batch:
    """The sequences of a step as `tokens_ABS`, `labels_ABS` and `positions_ABS` (None unless `positions`).

    `num_labels` counts the labels that a loss is taken of, `num_bytes` the bytes of text that these stand for.
    """
    batch = stacked(samples)
    tokens, labels = batch["tokens"].numpy(), batch["labels"].numpy()
    counted = labels >= 0
    shape = (-1, micro_batch, tokens.shape[1])
    return {
        "tokens_ABS": batch["tokens"].view(shape),
        "labels_ABS": batch["labels"].view(shape),
        "positions_ABS": batch["position_ids"].view(shape) if positions else None,
        "num_labels": int(counted.sum()),
        "num_bytes": counter.count(tokens, np.where(counted, labels, 0), counted),
    }


def stacked(samples: Sequence[Mapping[str, Any]]) -> dict[str, torch.Tensor]:
    """Samples one upon another, int64; `labels` are -100 where no loss is taken."""
    batch = {
        name: torch.stack([torch.as_tensor(sample[name]) for sample in samples]).long()
        for name in ("tokens", "labels", "loss_mask", "position_ids")
    }
    batch["labels"] = torch.where(batch.pop("loss_mask") > 0, batch["labels"], NOT_COUNTED)
    return batch
