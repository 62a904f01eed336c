"""What a user can set of learning from preferences. Standard library only: `--help` loads this."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from alignment.adapters.settings import Lora
from alignment.preferences.settings import PreferenceData
from alignment.tuning import Tuning, check_together
from nemo_recipes.data.settings import Data
from nemo_recipes.planning.settings import Hardware, Layout
from nemo_recipes.pretrain_config import Checkpoint, Failure, Model, PretrainConfig, Watch


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


def _tuning() -> Tuning:
    """Preferences are learned far more slowly than answers: 5e-7 is the rate of most published DPO recipes."""
    return Tuning(micro_batch=4, global_batch=64, learning_rate=5e-7)


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
    training: Tuning = field(default_factory=_tuning)
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
        check_together(self.training, self.lora, self.model, self.layout, self.checkpoint)
        self.for_engine(1)

    def decisive(self) -> dict[str, Any]:
        """All settings that decide what the model learns: where things lie, and what is watched, does not."""
        settings = asdict(self)
        kept = ("data", "model", "preference", "training", "lora", "layout", "failure")
        return {name: settings[name] for name in kept}

    def num_steps(self, num_pairs: int) -> int:
        """Optimizer steps; the last one is filled up with pairs of the next epoch."""
        return self.training.steps(self.training.epochs * num_pairs)

    def for_engine(self, num_steps: int) -> PretrainConfig:
        """The same run in the words of the training engine, which counts sequences of a fixed length."""
        length = self.data.max_length
        return PretrainConfig(
            output_dir=self.output_dir,
            data=Data(tokens="preferences", sequence_length=length),
            model=replace(self.model, new_rows_from=0),
            training=self.training.training(steps=num_steps, sequence_length=length),
            layout=self.layout,
            hardware=self.hardware,
            checkpoint=self.checkpoint,
            watch=self.watch,
            failure=self.failure,
        )
