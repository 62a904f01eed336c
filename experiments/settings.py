"""What a user can set of any experiment. Standard library only: `--help` loads this."""

import math
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Literal

from nemo_recipes.planning.settings import Hardware, Layout
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


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the runs of an experiment read, and what is held out.

    Attributes:
        corpus: Directory that `python -m corpus.build` made.
        tokenizer: Directory that `python -m tokenization.expand` made from the base's tokenizer.
        base_tokenizer: The base's tokenizer: a directory, a SentencePiece model, or mistral-v1.
        end_piece: The piece that follows each document; empty for the tokenizer's end-of-text.
        validation_share: Share of documents that are not trained on. Of these, only those serve as held-out text that
            the expanded tokenizer did not learn from either; the others are left out altogether.
        validation_megabytes: Held-out text of each language and domain, in millions of bytes.
        sequence_length: Tokens that one sequence trains on.
    """

    corpus: str
    tokenizer: str
    base_tokenizer: str = "mistral-v1"
    end_piece: str = ""
    validation_share: float = 0.2
    validation_megabytes: float = 0.03
    sequence_length: int = 256

    def __post_init__(self) -> None:
        for setting in ("corpus", "tokenizer", "base_tokenizer"):
            if not getattr(self, setting):
                raise ValueError(f"{setting} must not be empty")
        self.check_shares("validation_share")
        if self.validation_share > 0.5:
            raise ValueError(f"validation_share must be at most .5, got {self.validation_share:g}")
        if self.sequence_length < 2:
            raise ValueError(f"sequence_length must be at least 2, got {self.sequence_length}")
        if not 0 < self.validation_megabytes < math.inf:
            raise ValueError(f"validation_megabytes must be above 0, got {self.validation_megabytes:g}")

    def check_shares(self, *settings: str) -> None:
        """See to it that these settings are shares.

        Raises:
            ValueError: One is not above 0 and below 1.
        """
        for setting in settings:
            if not 0 < getattr(self, setting) < 1:
                raise ValueError(f"{setting} must be above 0 and below 1, got {getattr(self, setting):g}")


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """What every experiment is told; each says for itself what it reads, how its legs learn, and which legs it knows.

    Attributes:
        output_dir: Directory of the texts, the runs and the results.
        results_dir: Directory of the report (.md, .svg, .html, .json); empty for results in output_dir.
        texts: What is read.
        continued: How the legs learn.
        stage1: How the English base is made; null where there is one already.
        checkpoint: Hugging Face directory of the English base, instead of stage1.
        note: What the report must say of the base.
        seeds: Each one is a whole repetition: base (with stage1), order of the data, all that is drawn at random.
        legs: Which legs are run, by their letters.
        layout: How each run is divided among devices; one process drives one device.
        hardware: What one device can do.
        processes: Runs side by side, of one thread each if more than 1.
        dry_run: Make the token files, print the plan of all runs and stop.
        results_only: Train nothing, write the report of the seeds that are finished.
    """

    KNOWN_LEGS: ClassVar[Collection[str]]

    output_dir: str
    texts: Reading
    continued: Learning
    seeds: list[int]
    legs: list[str]
    results_dir: str = ""
    stage1: Stage1 | None = None
    checkpoint: str = ""
    note: str = ""
    layout: Layout = field(default_factory=Layout)
    hardware: Hardware = field(default_factory=Hardware)
    processes: int = 2
    dry_run: bool = False
    results_only: bool = False

    def __post_init__(self) -> None:
        if not self.output_dir:
            raise ValueError("output_dir must name a directory")
        if (self.stage1 is None) == (not self.checkpoint):
            raise ValueError(
                "give stage1 (a base made here) or checkpoint (a base that is there), one of them"
            )
        if not self.legs or set(self.legs) - set(self.KNOWN_LEGS) or len(set(self.legs)) != len(self.legs):
            raise ValueError(
                f"legs must be different letters out of {', '.join(self.KNOWN_LEGS)}, got {self.legs}"
            )
        if not self.seeds or len(set(self.seeds)) != len(self.seeds) or min(self.seeds) < 0:
            raise ValueError(f"seeds must be different numbers of at least 0, got {self.seeds}")
        if self.processes < 1:
            raise ValueError(f"processes must be at least 1, got {self.processes}")
        if self.layout.world_size != 1:
            raise ValueError("layout must be of one device: runs go side by side, not over devices")

    def described(self) -> dict[str, Any]:
        """All settings that decide the figures, for the report."""
        settings = asdict(self)
        for name in ("output_dir", "results_dir", "processes", "dry_run", "results_only"):
            del settings[name]
        return settings
