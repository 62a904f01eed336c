"""Megatron's weighted blend of token files, with an exact budget.

The order of all sequences is fixed by the files, weights, seed, sequence length and number of sequences. Step `t`
trains on sequences `t x global_batch` to `(t + 1) x global_batch` of it, however many replicas share them, so the count
of consumed sequences is all that a run must remember of its data.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from nemo_recipes.data.process_group import process_group
from nemo_recipes.data.token_directory import TokenDirectory
from nemo_recipes.errors import PretrainingError

Sample = dict[str, torch.Tensor]
"""tokens, labels, position_ids (int64) and loss_mask (float32), each of one sequence; part (int64), a number."""


@dataclass(frozen=True, kw_only=True)
class Blend:
    """A blend that was built.

    Attributes:
        sequences: The sequences, in the order in which they are trained on.
        names: Name of each part, by its number.
        planned: Share of each part that was asked for.
        sampled: Sequences of each part that are in the blend.
        sequence_length: Tokens that one sequence trains on.
    """

    sequences: "Sequences"
    names: tuple[str, ...]
    planned: NDArray[np.float64]
    sampled: NDArray[np.int64]
    sequence_length: int

    @property
    def shares(self) -> NDArray[np.float64]:
        """Share of each part in the blend; all sequences have the same number of tokens."""
        shares: NDArray[np.float64] = self.sampled / self.sampled.sum()
        return shares

    def rows(self) -> list[dict[str, Any]]:
        """Planned and sampled share and tokens of each part, for logs and manifests."""
        return [
            {
                "part": name,
                "planned": float(planned),
                "sampled": float(share),
                "tokens": int(count) * self.sequence_length,
            }
            for name, planned, share, count in zip(
                self.names, self.planned, self.shares, self.sampled, strict=True
            )
        ]


def make_blend(
    directory: TokenDirectory,
    weights: Mapping[str, float],
    *,
    num_sequences: int,
    sequence_length: int,
    seed: int,
    cache: Path,
    reset_at_documents: bool = False,
) -> Blend:
    """Blend the training files so that each part gets its weight of the sequences.

    With `reset_at_documents`, positions start again after each end of document; transformers then keeps attention
    within documents as long as it is given these positions and no mask. What follows an end of document is then not
    learned from it: the loss skips the step across.

    Every rank calls this; the first builds the indices below `cache`, which all of them must see. There they lie under
    the digest of the files, so that no index of other files is taken for theirs.

    Raises:
        PretrainingError: The cache cannot be written.
    """
    with warnings.catch_warnings():
        # Importing megatron-core warns of parts for GPUs that are not used here.
        warnings.simplefilter("ignore")
        from megatron.core.datasets.blended_megatron_dataset_builder import BlendedMegatronDatasetBuilder
        from megatron.core.datasets.gpt_dataset import GPTDataset, GPTDatasetConfig

    parts = [part for part in directory.parts if weights.get(part.name)]
    planned = np.array([weights[part.name] for part in parts])
    prefixes = [str(directory.prefix(part, "train").resolve()) for part in parts]
    config = GPTDatasetConfig(
        random_seed=seed,
        sequence_length=sequence_length,
        blend_per_split=[(prefixes, planned.tolist()), None, None],
        path_to_cache=str(cache / directory.sha256),
        tokenizer=_Ids(directory),
        reset_position_ids=reset_at_documents,
        reset_attention_mask=False,
        eod_mask_loss=reset_at_documents,
        create_attention_mask=False,
    )
    sizes = [num_sequences, 0, 0]
    with process_group():
        try:
            train = BlendedMegatronDatasetBuilder(GPTDataset, sizes, lambda: True, config).build()[0]
        except Exception as error:
            if isinstance(error.__cause__, OSError):
                raise PretrainingError(
                    f"{cache}: the indices of the blend cannot be written ({error.__cause__.strerror}): free some "
                    "space or choose another place"
                ) from error
            raise
    if len(parts) == 1:
        sampled = np.array([num_sequences])
    else:
        sampled = np.bincount(train.dataset_index[:num_sequences], minlength=len(parts))
    return Blend(
        sequences=Sequences(train, num_sequences),
        names=tuple(part.name for part in parts),
        planned=planned / planned.sum(),
        sampled=sampled,
        sequence_length=sequence_length,
    )


class Sequences(Dataset[Sample]):
    """The sequences of a blend: exactly as many as were asked for."""

    def __init__(self, dataset: Any, num_sequences: int) -> None:
        assert len(dataset) >= num_sequences
        self._dataset = dataset
        self._num_sequences = num_sequences

    def __len__(self) -> int:
        return self._num_sequences

    def __getitem__(self, index: int) -> Sample:
        sample: Sample = dict(self._dataset[index])
        # Megatron keeps one mask and one row of positions for all samples: workers must not hand out views of them.
        sample["position_ids"] = sample["position_ids"].clone()
        sample["part"] = torch.tensor(int(sample.pop("dataset_id", 0)))
        return sample


class _Ids:
    """What GPTDataset asks of a tokenizer. It has no padding piece: sequences of training are full."""

    def __init__(self, directory: TokenDirectory) -> None:
        self.eod = directory.end_id
        self.vocab_size = directory.vocab_size
        self.unique_identifiers = {"files": directory.sha256, "eod": self.eod}
