"""What a user can set of pretraining. Standard library only: `--help` loads this."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from nemo_recipes.data.settings import Data
from nemo_recipes.planning.settings import Energy, Hardware, Layout


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The shape of a Llama-family model, in the words of transformers' LlamaConfig.

    Attributes:
        vocab_size: Rows of the embedding, padding rows included.
        hidden_size: Width of the residual stream.
        intermediate_size: Width of the gated MLP.
        num_hidden_layers: Decoder layers.
        num_attention_heads: Query heads.
        num_key_value_heads: Key and value heads; 0 for as many as query heads.
        head_dim: Width of a head; 0 for hidden_size / num_attention_heads.
        max_position_embeddings: Longest sequence that the model is declared to take.
        rope_theta: Base of the rotary frequencies.
        rms_norm_eps: Added to the variance in norms.
        initializer_range: Standard deviation of new weights.
        tie_word_embeddings: The head is the embedding.
    """

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int = 0
    head_dim: int = 0
    max_position_embeddings: int = 4096
    rope_theta: float = 10000.0
    rms_norm_eps: float = 1e-5
    initializer_range: float = 0.02
    tie_word_embeddings: bool = False

    def __post_init__(self) -> None:
        for setting in (
            "vocab_size",
            "hidden_size",
            "intermediate_size",
            "num_hidden_layers",
            "num_attention_heads",
        ):
            if getattr(self, setting) < 1:
                raise ValueError(f"{setting} must be at least 1, got {getattr(self, setting)}")
        if self.num_key_value_heads < 0 or self.head_dim < 0:
            raise ValueError("num_key_value_heads and head_dim must be at least 0")
        if not self.head_dim and self.hidden_size % self.num_attention_heads:
            raise ValueError(
                f"hidden_size {self.hidden_size} must be a multiple of num_attention_heads "
                f"{self.num_attention_heads}, or head_dim be given"
            )
        if self.num_attention_heads % self.key_value_heads:
            raise ValueError(
                f"num_attention_heads {self.num_attention_heads} must be a multiple of num_key_value_heads "
                f"{self.key_value_heads}"
            )

    @property
    def key_value_heads(self) -> int:
        """Key and value heads, whether given or not."""
        return self.num_key_value_heads or self.num_attention_heads

    @property
    def head_width(self) -> int:
        """Width of a head, whether given or not."""
        return self.head_dim or self.hidden_size // self.num_attention_heads


@dataclass(frozen=True, kw_only=True)
class Model:
    """The model that training starts from: a checkpoint (continued) or a shape (from scratch).

    Attributes:
        checkpoint: Hugging Face directory of a Llama-family causal LM, rows of an expanded tokenizer included, as
            `python -m tokenization.embeddings` writes it. Empty for training from scratch.
        shape: From scratch, what is made. Continued, what the checkpoint must be; `--dry_run` needs it where the
            checkpoint is not at hand.
        new_rows_from: First id of the rows that an expanded tokenizer added; -1 to read it from the tokenizer's
            pieces.parquet, 0 where there are none.
        attention: Attention kernel: auto, or one by transformers' name (sdpa, flash_attention_2, eager).
        base: Hugging Face directory, tokenizer included, of the model before its vocabulary grew. Its bits per byte on
            the same held-out text are what forgetting is measured against; empty for the model as it comes.
        base_tokens: Token files of the same corpus by the base's tokenizer; empty to encode the held-out texts anew,
            for which data.corpus must be given.
        note: What reports must say of the model wherever a figure of it stands.
    """

    checkpoint: str = ""
    shape: Shape | None = None
    new_rows_from: int = -1
    attention: str = "auto"
    base: str = ""
    base_tokens: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        if not self.checkpoint and self.shape is None:
            raise ValueError("give checkpoint (continued pretraining) or shape (from scratch)")
        if self.base_tokens and not self.base:
            raise ValueError("base must name the model whose token files base_tokens are, got none")


@dataclass(frozen=True, kw_only=True)
class VocabularyStage:
    """A stage of a growing vocabulary.

    Attributes:
        from_step: Optimizer step at which it begins; the first begins at 0.
        tokenizer: Tokenizer directory that is in force from there.
        tokens: Token files made with it.
    """

    from_step: int
    tokenizer: str
    tokens: str


@dataclass(frozen=True, kw_only=True)
class Training:
    """Budget, batch, optimizer and method.

    Attributes:
        token_budget: Tokens to train on, rounded up to whole steps.
        micro_batch: Sequences that one replica passes through the model at a time.
        global_batch: Sequences of one optimizer step, over all replicas and accumulation.
        learning_rate: Peak learning rate.
        schedule: constant; cosine falls to minimum_learning_rate at the end; wsd (warm-up, stable, decay) falls
            linearly over the last decay_steps.
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
        loss_chunk: Labels whose scores are there at a time; their gradient is made at once, and no scores are kept. 0
            for all labels of a micro-batch.
        z_loss: Weight of the square of log Z, which keeps scores from drifting off together; 0 for none, 1e-4 in PaLM.
        ema: Decay of a running mean of the weights, which is kept beside them; .999, say, 0 for none. It follows
            faster at the start: after n steps the decay is at most (1 + n) / (10 + n).
        seed: Seed of weights and of the order of the data.
        optimizer_state: fresh, as ALLaM did, or kept from the run that made the checkpoint.
        optimizer_from: Output directory of that run; rows that were added since begin with a fresh state.
        rows_first_steps: Steps at the start in which only the new rows of embedding and head learn.
        rows_first_learning_rate: Learning rate of those steps, constant after warm-up; 0 for learning_rate.
        frozen_layers: Numbers of decoder layers that never learn.
        vocabulary_series: A vocabulary that grows as training goes on; empty for one tokenizer.
    """

    token_budget: int
    micro_batch: int = 1
    global_batch: int = 1024
    learning_rate: float = 3e-5
    schedule: Literal["constant", "cosine", "wsd"] = "constant"
    warmup_steps: int = 0
    decay_steps: int = 0
    minimum_learning_rate: float = 0.0
    betas: list[float] = field(default_factory=lambda: [0.9, 0.95])
    epsilon: float = 1e-8
    weight_decay: float = 0.1
    clip: float = 1.0
    precision: Literal["bf16", "fp32"] = "bf16"
    gradient_checkpointing: bool = False
    compile: bool = False
    loss_chunk: int = 0
    z_loss: float = 0.0
    ema: float = 0.0
    seed: int = 1234
    optimizer_state: Literal["fresh", "kept"] = "fresh"
    optimizer_from: str = ""
    rows_first_steps: int = 0
    rows_first_learning_rate: float = 0.0
    frozen_layers: list[int] = field(default_factory=list)
    vocabulary_series: list[VocabularyStage] = field(default_factory=list)

    def __post_init__(self) -> None:
        for setting in ("token_budget", "micro_batch", "global_batch"):
            if getattr(self, setting) < 1:
                raise ValueError(f"{setting} must be at least 1, got {getattr(self, setting)}")
        for setting in (
            "warmup_steps",
            "decay_steps",
            "minimum_learning_rate",
            "weight_decay",
            "clip",
            "rows_first_steps",
            "rows_first_learning_rate",
            "loss_chunk",
            "z_loss",
        ):
            if not 0 <= getattr(self, setting) < math.inf:
                raise ValueError(f"{setting} must be a number of at least 0, got {getattr(self, setting)}")
        if not 0 < self.learning_rate < 1:
            raise ValueError(f"learning_rate must be above 0 and below 1, got {self.learning_rate}")
        if self.minimum_learning_rate > self.learning_rate:
            raise ValueError(
                f"minimum_learning_rate {self.minimum_learning_rate} must not exceed learning_rate {self.learning_rate}"
            )
        if not 0 <= self.seed < 2**32:
            raise ValueError(f"seed must be at least 0 and below 2^32, got {self.seed}")
        if not 0 <= self.ema < 1:
            raise ValueError(f"ema must be at least 0 and below 1, got {self.ema}")
        if len(self.betas) != 2 or not all(0 <= beta < 1 for beta in self.betas):
            raise ValueError(f"betas must be two numbers of at least 0 and below 1, got {self.betas}")
        if (self.optimizer_state == "kept") != bool(self.optimizer_from):
            raise ValueError("optimizer_from must name the run if optimizer_state is kept, and only then")
        if self.optimizer_from and self.rows_first_steps:
            raise ValueError(
                f"rows_first_steps must be 0 if optimizer_state is kept, for kept means move all rows, got "
                f"{self.rows_first_steps}"
            )
        if self.schedule == "wsd" and not self.decay_steps:
            raise ValueError("decay_steps must be at least 1 for schedule wsd, got 0")


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """What is kept of a run, and when.

    Attributes:
        every_steps: Steps between checkpoints.
        keep: Checkpoints that stay; at least 2, so that a corrupt one has one before it.
        export: When the model is written as Hugging Face safetensors: at the end, with each checkpoint, or never.
        export_ema: Write the running mean of the weights (training.ema) in place of the weights.
        resume: Continue from the newest whole checkpoint in output_dir.
    """

    every_steps: int = 500
    keep: int = 2
    export: Literal["end", "each", "never"] = "end"
    export_ema: bool = False
    resume: bool = True

    def __post_init__(self) -> None:
        if self.every_steps < 1:
            raise ValueError(f"every_steps must be at least 1, got {self.every_steps}")
        if self.keep < 2:
            raise ValueError(f"keep must be at least 2, got {self.keep}")


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What is logged, and where.

    Attributes:
        log_every: Steps between lines of the log.
        validate_every: Steps between validations (bits per byte of each language and domain); 0 for the end only.
        logger: Where the curves go; TensorBoard and report.html need no server.
        energy: What turns device hours into kWh and CO2.
    """

    log_every: int = 10
    validate_every: int = 500
    logger: Literal["tensorboard", "wandb", "mlflow"] = "tensorboard"
    energy: Energy = field(default_factory=Energy)

    def __post_init__(self) -> None:
        if self.log_every < 1:
            raise ValueError(f"log_every must be at least 1, got {self.log_every}")
        if self.validate_every < 0:
            raise ValueError(f"validate_every must be at least 0, got {self.validate_every}")


@dataclass(frozen=True, kw_only=True)
class Failure:
    """What happens when the loss breaks.

    Attributes:
        nan: Loss or gradient that is no number: stop, skip the step, or roll back to the last checkpoint and skip its
            data.
        spike: The same choice for a spike of the loss.
        spike_factor: A loss above this times the mean of the last steps is a spike; 0 for none.
        most: After so many failures in one run it stops.
    """

    nan: Literal["stop", "skip", "roll_back"] = "stop"
    spike: Literal["stop", "skip", "roll_back"] = "skip"
    spike_factor: float = 0.0
    most: int = 10

    def __post_init__(self) -> None:
        if self.spike_factor and not 1 < self.spike_factor < math.inf:
            raise ValueError(f"spike_factor must be 0 or above 1, got {self.spike_factor}")
        if self.most < 0:
            raise ValueError(f"most must be at least 0, got {self.most}")


@dataclass(frozen=True, kw_only=True)
class PretrainConfig:
    """Pretrain a Llama-family model on a weighted blend of token files, from scratch or from a checkpoint.

    Attributes:
        output_dir: Directory of checkpoints, curves, report, manifest and the exported model.
        data: What is read.
        model: What learns.
        training: How it learns.
        layout: How the work is divided among devices.
        hardware: What one device can do.
        checkpoint: What is kept, and when.
        watch: What is logged, and where.
        failure: What happens when the loss breaks.
        dry_run: Print the plan (parameters, tokens, steps, memory, FLOPs, time, energy) and stop.
        export_only: Write the newest checkpoint as a Hugging Face model and stop; one process does it.
    """

    output_dir: str
    data: Data
    model: Model
    training: Training
    layout: Layout = field(default_factory=Layout)
    hardware: Hardware = field(default_factory=Hardware)
    checkpoint: Checkpoint = field(default_factory=Checkpoint)
    watch: Watch = field(default_factory=Watch)
    failure: Failure = field(default_factory=Failure)
    dry_run: bool = False
    export_only: bool = False

    def __post_init__(self) -> None:
        if not self.output_dir:
            raise ValueError("output_dir must name a directory")
        if self.checkpoint.export_ema and not self.training.ema:
            raise ValueError("training.ema must be above 0 for checkpoint.export_ema, got 0")

    def decisive(self) -> dict[str, Any]:
        """All settings that decide what the model learns: where things lie, and what is watched, does not."""
        settings = asdict(self)
        return {name: settings[name] for name in ("data", "model", "training", "layout", "failure")}
