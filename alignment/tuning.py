"""How a model is tuned, whatever the objective. Standard library only."""

import math
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from alignment.adapters.settings import Lora
from nemo_recipes.planning.settings import Layout
from nemo_recipes.pretrain_config import Checkpoint, Model, Training


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """Batch, optimizer and length of training.

    Attributes:
        epochs: Times that the data is read.
        max_steps: Stop after so many optimizer steps; 0 for all epochs.
        micro_batch: Sequences that one replica passes through the model at a time.
        global_batch: Sequences of one optimizer step, over all replicas and accumulation.
        learning_rate: Peak learning rate.
        schedule: constant; cosine falls to minimum_learning_rate at the end; wsd falls linearly over the last
            decay_steps.
        warmup_steps: Steps of linear warm-up.
        decay_steps: For wsd, how many steps the fall takes.
        minimum_learning_rate: Where cosine and wsd end.
        betas: AdamW's decay rates.
        epsilon: AdamW's epsilon.
        weight_decay: Decoupled weight decay of matrices; norms have none.
        clip: Greatest norm of the gradient; 0 for no clipping.
        precision: bf16 computes in bfloat16 and keeps weights and optimizer states in float32.
        gradient_checkpointing: Recompute activations of each layer in the backward pass, to save memory.
        compile: Compile the model with torch.compile.
        frozen_layers: Numbers of decoder layers that never learn.
        seed: Seed of the order of the data, of noise and of new adapters.
    """

    epochs: int = 1
    max_steps: int = 0
    micro_batch: int = 1
    global_batch: int = 64
    learning_rate: float = 2e-5
    schedule: Literal["constant", "cosine", "wsd"] = "cosine"
    warmup_steps: int = 0
    decay_steps: int = 0
    minimum_learning_rate: float = 0.0
    betas: list[float] = field(default_factory=lambda: [0.9, 0.95])
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    clip: float = 1.0
    precision: Literal["bf16", "fp32"] = "bf16"
    gradient_checkpointing: bool = False
    compile: bool = False
    frozen_layers: list[int] = field(default_factory=list)
    seed: int = 1234

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise ValueError(f"epochs must be at least 1, got {self.epochs}")
        if self.max_steps < 0:
            raise ValueError(f"max_steps must be at least 0, got {self.max_steps}")
        self.training(steps=1, sequence_length=1)

    def steps(self, num_sequences: int) -> int:
        """Optimizer steps that so many sequences take, all epochs together."""
        steps = math.ceil(num_sequences / self.global_batch)
        return min(steps, self.max_steps) if self.max_steps else steps

    def training(self, *, steps: int, sequence_length: int) -> Training:
        """The same in the engine's words.

        Raises:
            ValueError: A setting breaks the engine's rules.
        """
        own = ("epochs", "max_steps")
        shared: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in own}
        return Training(token_budget=steps * max(self.global_batch, 1) * sequence_length, **shared)


def check_together(
    training: Tuning, lora: Lora, model: Model, layout: Layout, checkpoint: Checkpoint
) -> None:
    """Refuse what tuning would pass over without a word.

    Raises:
        ValueError: Frozen layers or divided matrices with adapters, or a setting that pretraining alone has.
    """
    if lora.rank and layout.tensor > 1:
        raise ValueError(
            "layout.tensor must be 1 with lora: matrices with adapters are not divided among devices"
        )
    if lora.rank and training.frozen_layers:
        raise ValueError("training.frozen_layers has no meaning with lora, which freezes all layers")
    if checkpoint.export_ema:
        raise ValueError("checkpoint.export_ema must be false: tuning keeps no running means of the weights")
    if model.base:
        raise ValueError("model.base must be empty: forgetting is measured in pretraining alone")
