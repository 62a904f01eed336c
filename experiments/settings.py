"""What a user can set of any experiment. Standard library only: `--help` loads this."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from nemo_recipes.planning.settings import Layout
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


@dataclass(frozen=True, kw_only=True)
class Learning:
    """How legs go on from the base, at a constant learning rate after warm-up.

    Attributes:
        micro_batch: Sequences that pass through the model at a time.
        global_batch: Sequences of one optimizer step.
        learning_rate: Learning rate after warm-up.
        warmup_steps: Steps of linear warm-up.
        weight_decay: Decoupled weight decay of matrices.
        precision: bf16 or fp32.
        gradient_checkpointing: Recompute activations in the backward pass.
        compile: Compile the model with torch.compile.
        checkpoint_every: Steps between checkpoints, from which a killed run goes on.
    """

    micro_batch: int = 4
    global_batch: int = 4
    learning_rate: float = 1e-3
    warmup_steps: int = 10
    weight_decay: float = 0.1
    precision: Literal["bf16", "fp32"] = "fp32"
    gradient_checkpointing: bool = False
    compile: bool = False
    checkpoint_every: int = 100

    def __post_init__(self) -> None:
        if self.checkpoint_every < 1:
            raise ValueError(f"checkpoint_every must be at least 1, got {self.checkpoint_every}")

    def trained(
        self, *, tokens: int, seed: int, rows_first_steps: int = 0, rows_first_learning_rate: float = 0.0
    ) -> Training:
        """How a leg learns, in the engine's words.

        Raises:
            ValueError: A setting breaks the engine's rules.
        """
        return Training(
            token_budget=tokens,
            micro_batch=self.micro_batch,
            global_batch=self.global_batch,
            learning_rate=self.learning_rate,
            warmup_steps=self.warmup_steps,
            weight_decay=self.weight_decay,
            precision=self.precision,
            gradient_checkpointing=self.gradient_checkpointing,
            compile=self.compile,
            seed=seed,
            rows_first_steps=rows_first_steps,
            rows_first_learning_rate=rows_first_learning_rate,
        )


def check_experiment(
    *,
    output_dir: str,
    stage1: Stage1 | None,
    checkpoint: str,
    legs: Sequence[str],
    known: Collection[str],
    seeds: Sequence[int],
    processes: int,
    layout: Layout,
) -> None:
    """Check what every experiment is told; `known` are the letters of its legs.

    Raises:
        ValueError: A setting breaks a rule.
    """
    if not output_dir:
        raise ValueError("output_dir must name a directory")
    if (stage1 is None) == (not checkpoint):
        raise ValueError("give stage1 (a base made here) or checkpoint (a base that is there), one of them")
    if not legs or set(legs) - set(known) or len(set(legs)) != len(legs):
        raise ValueError(f"legs must be different letters out of {', '.join(known)}, got {list(legs)}")
    if not seeds or len(set(seeds)) != len(seeds) or min(seeds) < 0:
        raise ValueError(f"seeds must be different numbers of at least 0, got {list(seeds)}")
    if processes < 1:
        raise ValueError(f"processes must be at least 1, got {processes}")
    if layout.world_size != 1:
        raise ValueError("layout must be of one device: runs go side by side, not over devices")
