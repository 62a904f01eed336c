"""What a user can set of learning from preferences. Standard library only: `--help` loads this."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from alignment.adapters.settings import Lora
from alignment.preferences.settings import PreferenceData
from nemo_recipes.data.settings import Data
from nemo_recipes.planning.settings import Hardware, Layout
from nemo_recipes.pretrain_config import Checkpoint, Failure, Model, PretrainConfig, Training, Watch


@dataclass(frozen=True, kw_only=True)
class Preference:
    """The loss of a pair.

    Attributes:
        beta: How much moving away from the reference costs; smaller lets the policy go further.
        loss: sigmoid is DPO's (Rafailov et al. 2023); ipo is bounded (Azar et al. 2023), its differences are means
            over tokens.
        label_smoothing: Share of pairs that may be labeled the wrong way round (conservative DPO); 0 for none. Only
            with loss sigmoid.
        length_normalized: Divide log-ratios by the tokens of their answers.
        sft_weight: Weight of the chosen answers' mean loss of a token, added to the loss of the pairs; 0 for none.
        reference: cached computes the reference's log-probabilities once, before training; each_step keeps the
            reference model in memory and computes them anew in every step, which is slower and gives the same.
        reference_dir: Where the cache lies; empty for `reference` in the output directory.
    """

    beta: float = 0.1
    loss: Literal["sigmoid", "ipo"] = "sigmoid"
    label_smoothing: float = 0.0
    length_normalized: bool = False
    sft_weight: float = 0.0
    reference: Literal["cached", "each_step"] = "cached"
    reference_dir: str = ""

    def __post_init__(self) -> None:
        if not 0 < self.beta < float("inf"):
            raise ValueError(f"beta must be a number above 0, got {self.beta}")
        if not 0 <= self.label_smoothing < 0.5:
            raise ValueError(f"label_smoothing must be from 0 to below 0.5, got {self.label_smoothing}")
        if self.label_smoothing and self.loss != "sigmoid":
            raise ValueError("label_smoothing must be 0 with loss ipo, which has no labels to smooth")
        if not 0 <= self.sft_weight < float("inf"):
            raise ValueError(f"sft_weight must be a number of at least 0, got {self.sft_weight}")

    def decisive(self) -> dict[str, Any]:
        """Settings that decide what is learned."""
        return {name: value for name, value in asdict(self).items() if not name.startswith("reference")}


@dataclass(frozen=True, kw_only=True)
class DpoTraining:
    """Budget, batch and optimizer.

    Attributes:
        epochs: How often each pair is read; the last step is filled up from the next epoch.
        max_steps: Stop after so many steps; 0 for the epochs alone.
        micro_batch: Pairs that one replica passes through the model at a time, both answers together.
        global_batch: Pairs of one optimizer step, over all replicas and accumulation.
        learning_rate: Peak learning rate.
        schedule: constant, or cosine to minimum_learning_rate at the end.
        warmup_steps: Steps of linear warm-up.
        minimum_learning_rate: Where cosine ends.
        betas: AdamW's decay rates.
        epsilon: AdamW's epsilon.
        weight_decay: Decoupled weight decay of matrices.
        clip: Greatest norm of the gradient; 0 for no clipping.
        precision: bf16 computes in bfloat16 and keeps weights and optimizer states in float32.
        gradient_checkpointing: Recompute activations in the backward pass, to save memory.
        seed: Seed of the order of the pairs.
    """

    epochs: float = 1.0
    max_steps: int = 0
    micro_batch: int = 4
    global_batch: int = 64
    learning_rate: float = 5e-7
    schedule: Literal["constant", "cosine"] = "cosine"
    warmup_steps: int = 0
    minimum_learning_rate: float = 0.0
    betas: list[float] = field(default_factory=lambda: [0.9, 0.95])
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    clip: float = 1.0
    precision: Literal["bf16", "fp32"] = "bf16"
    gradient_checkpointing: bool = False
    seed: int = 1234

    def __post_init__(self) -> None:
        if not 0 < self.epochs < float("inf"):
            raise ValueError(f"epochs must be a number above 0, got {self.epochs}")
        if self.max_steps < 0:
            raise ValueError(f"max_steps must be at least 0, got {self.max_steps}")

    def num_steps(self, num_pairs: int) -> int:
        """Optimizer steps that the epochs take, rounded up."""
        steps = -int(-self.epochs * num_pairs // self.global_batch)
        return min(steps, self.max_steps) if self.max_steps else steps


@dataclass(frozen=True, kw_only=True)
class DpoConfig:
    """Learn from preferences (DPO): a chat model that prefers the better one of two answers.

    Attributes:
        output_dir: Directory of checkpoints, curves, report, manifest and the exported model.
        data: Which preferences are read.
        model: What learns; its checkpoint is the reference as well, and its tokenizer must have a chat template.
        preference: The loss of a pair.
        training: How it learns.
        lora: Learn low-rank adapters in place of all weights; rank 0 for all weights.
        layout: How the work is divided among devices.
        hardware: What one device can do.
        checkpoint: What is kept, and when.
        watch: What is logged, and where.
        failure: What happens when the loss breaks.
    """

    output_dir: str
    data: PreferenceData
    model: Model
    preference: Preference = field(default_factory=Preference)
    training: DpoTraining = field(default_factory=DpoTraining)
    lora: Lora = field(default_factory=Lora)
    layout: Layout = field(default_factory=Layout)
    hardware: Hardware = field(default_factory=Hardware)
    checkpoint: Checkpoint = field(default_factory=Checkpoint)
    watch: Watch = field(default_factory=Watch)
    failure: Failure = field(default_factory=Failure)

    def __post_init__(self) -> None:
        if not self.output_dir:
            raise ValueError("output_dir must name a directory")
        if not self.model.checkpoint:
            raise ValueError("model.checkpoint must name the directory of the SFT model")

    def decisive(self) -> dict[str, Any]:
        """All settings that decide what the model learns: where things lie, and what is watched, does not."""
        settings = asdict(self)
        kept = ("data", "model", "preference", "training", "lora", "layout", "failure")
        return {name: settings[name] for name in kept}

    def engine(self, num_steps: int) -> PretrainConfig:
        """The same run in the words of the training engine, which counts sequences of a fixed length."""
        learning = asdict(self.training)
        for name in ("epochs", "max_steps"):
            del learning[name]
        length = self.data.max_length
        return PretrainConfig(
            output_dir=self.output_dir,
            data=Data(tokens="none", sequence_length=length),
            model=replace(self.model, new_rows_from=0),
            training=Training(token_budget=num_steps * self.training.global_batch * length, **learning),
            layout=self.layout,
            hardware=self.hardware,
            checkpoint=self.checkpoint,
            watch=self.watch,
            failure=self.failure,
        )
