"""The English base that an experiment makes itself, once for each seed. Standard library only: `--help` loads this."""

from dataclasses import dataclass

from nemo_recipes.pretrain_config import Shape, Training


@dataclass(frozen=True, kw_only=True)
class Stage1:
    """How the English base is made from scratch, once for each seed.

    Attributes:
        shape: Its shape, with as many rows as the base tokenizer has ids.
        training: How it learns; the seed is the experiment's.
    """

    shape: Shape
    training: Training
