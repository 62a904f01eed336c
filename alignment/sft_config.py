"""What a user can set of supervised fine-tuning. Standard library only: `--help` loads this."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from alignment.adapters.settings import Lora
from alignment.conversations.settings import Columns, Schema
from alignment.tuning import Tuning, check_together
from nemo_recipes.data.settings import Data
from nemo_recipes.planning.settings import Hardware, Layout
from nemo_recipes.pretrain_config import Checkpoint, Failure, Model, PretrainConfig, Watch


@dataclass(frozen=True, kw_only=True)
class InstructionSource:
    """Instruction data of one origin.

    Attributes:
        name: Short name, unique in the config.
        path: File, glob or directory of JSON Lines, CSV or TSV, plain or compressed; or a list of them.
        schema: messages, sharegpt, alpaca, columns; auto goes by the first sound record.
        columns: For tables and flat JSON Lines, the columns of the turns.
        language: ISO 639 code that all conversations are declared to be in; empty to identify it.
        language_column: Key or column that says the language of each.
        weight: How often an epoch reads each conversation; .5 reads half of them, 2 all of them twice.
        examples: Whether reports and samples may show texts of this source.
    """

    name: str
    path: str | list[str]
    schema: Schema = "auto"
    columns: Columns | None = None
    language: str = ""
    language_column: str = ""
    weight: float = 1.0
    examples: bool = True

    def __post_init__(self) -> None:
        if not self.name or not self.path:
            raise ValueError("a source needs a name and a path")
        if not 0 <= self.weight < math.inf:
            raise ValueError(f"source {self.name}: weight must be a number of at least 0, got {self.weight}")


@dataclass(frozen=True, kw_only=True)
class Instructions:
    """What is learned from, and how it is cut into sequences.

    Attributes:
        sources: Where the conversations come from.
        tokenizer: Directory of the tokenizer; empty for the one beside the model.
        template: Chat template: llama2-like, chatml, own (the tokenizer's), or a Jinja file.
        language_weights: How often an epoch reads conversations of a language (ar, en, other), times the source's
            weight; 1 where nothing is said.
        sequence_length: Longest sequence. Of longer conversations whole turns are left out at the end, never parts; one
            whose first answer does not fit is left out. Both are counted.
        packing: Put several conversations into one sequence; none sees another.
        validation_share: Share of the conversations of each source that is kept for validation; which ones, a fixed
            hash of their text decides.
        neftune: Noise on the embeddings in training (NEFTune, Jain et al. 2023); 0 for none, 5 is the paper's.
        loader_workers: Processes that read batches ahead; 0 reads in the training process.
    """

    sources: list[InstructionSource]
    tokenizer: str = ""
    template: str = "llama2-like"
    language_weights: dict[str, float] = field(default_factory=dict)
    sequence_length: int = 4096
    packing: bool = True
    validation_share: float = 0.02
    neftune: float = 0.0
    loader_workers: int = 0

    def __post_init__(self) -> None:
        names = [source.name for source in self.sources]
        if not names or len(set(names)) != len(names):
            raise ValueError(f"sources must be given, each with a name of its own, got {names}")
        unknown = sorted(set(self.language_weights) - {"ar", "en", "other"})
        if unknown:
            raise ValueError(f"language_weights must be of ar, en or other, got {unknown[0]!r}")
        for name, weight in self.language_weights.items():
            if not 0 <= weight < math.inf:
                raise ValueError(f"language_weights of {name} must be a number of at least 0, got {weight}")
        if self.sequence_length < 2:
            raise ValueError(f"sequence_length must be at least 2, got {self.sequence_length}")
        if not 0 <= self.validation_share <= 0.5:
            raise ValueError(f"validation_share must be between 0 and 0.5, got {self.validation_share:g}")
        if not 0 <= self.neftune < math.inf:
            raise ValueError(f"neftune must be a number of at least 0, got {self.neftune}")


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Answers that are written while the model learns, for people to look at.

    Attributes:
        every_steps: Steps between them; 0 for the end alone, -1 for none.
        before_training: Write some before the first step too. A pretrained model may repeat any text that it was
            trained on, also such as is not to be shown.
        prompts: Questions to answer; where there are none, the first validation conversations of each language.
        per_language: How many of those.
        new_tokens: Longest answer in tokens. The likeliest token is taken each time.
    """

    every_steps: int = 0
    before_training: bool = False
    prompts: list[str] = field(default_factory=list)
    per_language: int = 2
    new_tokens: int = 64

    def __post_init__(self) -> None:
        if self.every_steps < -1:
            raise ValueError(f"every_steps must be at least -1, got {self.every_steps}")
        if self.per_language < 0 or self.new_tokens < 1:
            raise ValueError("per_language must be at least 0 and new_tokens at least 1")


@dataclass(frozen=True, kw_only=True)
class SftConfig:
    """Supervised fine-tuning: teach a pretrained model to answer, from conversations in Arabic and English.

    Attributes:
        output_dir: Directory of checkpoints, curves, report, manifest and the exported model.
        data: What is learned from.
        model: What learns; its checkpoint must be given.
        training: How it learns.
        lora: Low-rank adapters in place of full fine-tuning.
        samples: Answers that are written while it learns.
        layout: How the work is divided among devices.
        hardware: What one device can do.
        checkpoint: What is kept, and when.
        watch: What is logged, and where.
        failure: What happens when the loss breaks.
    """

    output_dir: str
    data: Instructions
    model: Model
    training: Tuning = field(default_factory=Tuning)
    lora: Lora = field(default_factory=Lora)
    samples: Samples = field(default_factory=Samples)
    layout: Layout = field(default_factory=Layout)
    hardware: Hardware = field(default_factory=Hardware)
    checkpoint: Checkpoint = field(default_factory=Checkpoint)
    watch: Watch = field(default_factory=Watch)
    failure: Failure = field(default_factory=Failure)

    def __post_init__(self) -> None:
        if not self.output_dir:
            raise ValueError("output_dir must name a directory")
        if not self.model.checkpoint:
            raise ValueError("model.checkpoint must name the directory of a pretrained model")
        check_together(self.training, self.lora, self.model, self.layout, self.checkpoint)
        self.for_engine(1, "unused")

    def decisive(self) -> dict[str, Any]:
        """All settings that decide what the model learns: where things lie, and what is watched, does not."""
        settings = asdict(self)
        return {name: settings[name] for name in ("data", "model", "training", "lora", "layout", "failure")}

    def for_engine(self, steps: int, tokenizer_dir: str) -> PretrainConfig:
        """The same in the words of the training engine, whose data is made elsewhere."""
        length = self.data.sequence_length
        return PretrainConfig(
            output_dir=self.output_dir,
            data=Data(
                tokens="instructions",
                tokenizer=tokenizer_dir,
                sequence_length=length,
                reset_at_documents=self.data.packing,
                loader_workers=self.data.loader_workers,
            ),
            model=self.model,
            training=self.training.training(steps=steps, sequence_length=length),
            layout=self.layout,
            hardware=self.hardware,
            checkpoint=self.checkpoint,
            watch=self.watch,
            failure=self.failure,
        )
