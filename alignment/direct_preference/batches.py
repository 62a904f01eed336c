"""Pairs of a run in the order in which they are read, and the batch of a step.

B pairs of a micro batch, S tokens of its longest sequence. A tensor of 2B rows has the chosen sides first.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from alignment.preferences.encoding import EncodedPairs
from nemo_recipes.engine.batches import NOT_COUNTED, Batch

Floats = NDArray[np.float32]


class PairSamples:
    """Pairs by number over all epochs, each epoch in an order of its own that the seed decides.

    `numbers` are the pairs of `pairs` that are read. `reference` has the log-probabilities of the answers' tokens of
    all of them, for both sides, one after another; None where they are computed in each step.
    """

    def __init__(
        self,
        pairs: EncodedPairs,
        numbers: NDArray[np.int64],
        reference: tuple[Floats, Floats] | None,
        languages: Sequence[str],
        *,
        seed: int,
        length: int,
    ) -> None:
        self._pairs, self._numbers, self._reference = pairs, numbers, reference
        self._seed, self._length = seed, length
        self._languages = [languages.index(name) for name in pairs.frame["language"]]
        self._ends = [
            np.concatenate([[0], np.cumsum(side.learned)])[side.ends]
            for side in (pairs.chosen, pairs.rejected)
        ]
        self._epoch, self._order = -1, np.zeros(0, np.int64)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, number: int) -> Mapping[str, Any]:
        epoch, place = divmod(number, len(self._numbers))
        if epoch != self._epoch:
            self._epoch = epoch
            self._order = np.random.default_rng([self._seed, epoch]).permutation(len(self._numbers))
        return self.pair(int(self._order[place]))

    def pair(self, number: int) -> Mapping[str, Any]:
        """One of the pairs that are read: ids of each side, which are learned, what the reference makes of these."""
        number = int(self._numbers[number])
        sides = []
        for which, side in enumerate((self._pairs.chosen, self._pairs.rejected)):
            ids, learned = side[number]
            end = int(self._ends[which][number])
            known = (
                None if self._reference is None else self._reference[which][end - int(learned.sum()) : end]
            )
            sides.append((ids, learned, known))
        return {"sides": sides, "language": self._languages[number]}


def collate_pairs(samples: Sequence[Mapping[str, Any]], micro_batch: int) -> Batch:
    """The pairs of a step by length, each micro batch padded to its own longest sequence.

    `tokens_ABS` and `labels_ABS` are lists of [2B, S], `reference_ABS` of [2B, S] floats (or None), `languages_AB` of
    [B]. `num_labels` counts the pairs, which the loss is the mean over, `num_chosen` the tokens of chosen answers.
    """
    samples = sorted(samples, key=lambda pair: max(len(ids) for ids, _, _ in pair["sides"]))
    parts = [samples[first : first + micro_batch] for first in range(0, len(samples), micro_batch)]
    made = [_micro_batch(part) for part in parts]
    return {
        "tokens_ABS": [tokens for tokens, _, _ in made],
        "labels_ABS": [labels for _, labels, _ in made],
        "reference_ABS": [reference for _, _, reference in made],
        "languages_AB": [torch.tensor([pair["language"] for pair in part]) for part in parts],
        "num_labels": len(samples),
        "num_chosen": sum(int(pair["sides"][0][1].sum()) for pair in samples),
        "num_bytes": 0,
    }


def _micro_batch(
    pairs: Sequence[Mapping[str, Any]],
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
    rows = [pair["sides"][which] for which in (0, 1) for pair in pairs]
    length = max(len(ids) for ids, _, _ in rows) - 1
    tokens = np.zeros((len(rows), length), np.int64)
    labels = np.full((len(rows), length), NOT_COUNTED, np.int64)
    reference = np.zeros((len(rows), length), np.float32)
    for row, (ids, learned, known) in enumerate(rows):
        tokens[row, : len(ids) - 1] = ids[:-1]
        labels[row, : len(ids) - 1] = np.where(learned[1:], ids[1:], NOT_COUNTED)
        if known is not None:
            reference[row, : len(ids) - 1][learned[1:]] = known
    known_all = all(known is not None for _, _, known in rows)
    return (
        torch.from_numpy(tokens),
        torch.from_numpy(labels),
        torch.from_numpy(reference) if known_all else None,
    )
