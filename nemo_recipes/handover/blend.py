"""The token files of a recipe as weighted paths, which every trainer of the Megatron family reads."""

from dataclasses import dataclass
from pathlib import Path

from nemo_recipes.data.preparation import prepare
from nemo_recipes.pretrain_config import PretrainConfig


@dataclass(frozen=True, kw_only=True)
class WeightedPaths:
    """Prefixes of token files (`.bin` and `.idx` left out), absolute.

    Attributes:
        train: Share of the tokens and prefix of each part that is read.
        validation: Prefixes of the held-out texts, of parts that fill at least one sequence.
    """

    train: list[tuple[float, str]]
    validation: list[str]

    def flat(self) -> list[str]:
        """Weights and paths in turn, as Megatron's `--data-path` takes them."""
        return [word for weight, path in self.train for word in (repr(weight), path)]


def weighted_paths(config: PretrainConfig) -> WeightedPaths:
    """The blend of a recipe; token files that are missing are made first.

    Raises:
        PretrainingError: See `data.preparation.prepare`.
    """
    prepared = prepare(config.data, Path(config.output_dir), config.model.checkpoint)
    directory = prepared.directory
    return WeightedPaths(
        train=[
            (prepared.weights[part.name], str(directory.prefix(part, "train").absolute()))
            for part in directory.parts
            if prepared.weights.get(part.name, 0) > 0
        ],
        validation=[
            str(directory.prefix(part, "validation").absolute())
            for part in directory.parts
            if part.validation_tokens > config.data.sequence_length
        ],
    )
