"""What a user can set of the experiment. Standard library only: `--help` loads this."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from experiments.forgetting.legs import LEGS
from experiments.settings import Learning, Stage1, check_experiment
from nemo_recipes.planning.settings import Hardware, Layout
from nemo_recipes.pretrain_config import Training


@dataclass(frozen=True, kw_only=True)
class Texts:
    """What is read, and what is held out.

    Attributes:
        corpus: Directory that `python -m corpus.build` made.
        base_tokenizer: The base's tokenizer: a directory, a SentencePiece model, or mistral-v1.
        tokenizer: Directory that `python -m tokenization.expand` made from it.
        end_piece: The piece that follows each document; empty for the tokenizer's end-of-text.
        validation_share: Share of documents that are not trained on. Of these, only those serve as held-out text that
            the expanded tokenizer did not learn from either; the others are left out altogether.
        validation_megabytes: Held-out text of each language and domain, in millions of bytes.
        held_out: reported, or tuning for another held-out text, on which settings may be tried.
        english_share: Share of English in the mixed legs, in bytes of text; the rest is Arabic.
        parallel_share: Share of parallel documents in the leg that has them, in bytes of text; the languages keep
            their shares.
        sequence_length: Tokens that one sequence trains on.
    """

    corpus: str
    tokenizer: str
    base_tokenizer: str = "mistral-v1"
    end_piece: str = ""
    validation_share: float = 0.2
    validation_megabytes: float = 0.03
    held_out: Literal["reported", "tuning"] = "reported"
    english_share: float = 0.55
    parallel_share: float = 0.2
    sequence_length: int = 256

    def __post_init__(self) -> None:
        for setting in ("corpus", "tokenizer", "base_tokenizer"):
            if not getattr(self, setting):
                raise ValueError(f"{setting} must not be empty")
        for setting in ("validation_share", "english_share", "parallel_share"):
            if not 0 < getattr(self, setting) < 1:
                raise ValueError(f"{setting} must be above 0 and below 1, got {getattr(self, setting):g}")
        if self.validation_share > 0.5:
            raise ValueError(f"validation_share must be at most .5, got {self.validation_share:g}")
        if self.sequence_length < 2:
            raise ValueError(f"sequence_length must be at least 2, got {self.sequence_length}")
        if not 0 < self.validation_megabytes < math.inf:
            raise ValueError(f"validation_megabytes must be above 0, got {self.validation_megabytes:g}")


@dataclass(frozen=True, kw_only=True)
class Continued(Learning):
    """How all legs go on from the base, at a constant learning rate after warm-up, so that curves can be read anywhere.

    Attributes:
        megabytes: Text that every leg has seen where the legs are compared at equal bytes, in millions of bytes. What
            leg b computes for it is where they are compared at equal compute; each leg runs until it has passed both.
        rows_first_share: Share of the steps to equal bytes in which new rows learn alone, in the leg that does so.
        rows_first_learning_rate: Learning rate of those steps; 0 for learning_rate.
        validations: How often a leg is validated on its way to equal bytes; it goes on at that pace.
    """

    megabytes: float
    rows_first_share: float = 0.2
    rows_first_learning_rate: float = 0.0
    validations: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.megabytes < math.inf:
            raise ValueError(f"megabytes must be above 0, got {self.megabytes:g}")
        if not 0 < self.rows_first_share < 1:
            raise ValueError(f"rows_first_share must be above 0 and below 1, got {self.rows_first_share:g}")
        if self.validations < 2:
            raise ValueError(f"validations must be at least 2, got {self.validations}")
        self.training(tokens=1, seed=0, rows_first_steps=1)

    def training(self, *, tokens: int, seed: int, rows_first_steps: int = 0) -> Training:
        """How a leg learns, in the engine's words.

        Raises:
            ValueError: A setting breaks the engine's rules.
        """
        return self.trained(
            tokens=tokens,
            seed=seed,
            rows_first_steps=rows_first_steps,
            rows_first_learning_rate=self.rows_first_learning_rate if rows_first_steps else 0.0,
        )


@dataclass(frozen=True, kw_only=True)
class Forgetting:
    """Measure what a model forgets of English while it learns Arabic, in six ways and with several seeds.

    Attributes:
        output_dir: Directory of the texts, the runs and the results.
        results_dir: Directory of the report (forgetting.md, .svg, .html, .json); empty for results in output_dir.
        texts: What is read.
        continued: How the legs learn.
        stage1: How the English base is made; null where there is one already.
        checkpoint: Hugging Face directory of the English base, instead of stage1.
        note: What the report must say of the base.
        seeds: Each one is a whole repetition: base (with stage1), order of the data, random rows.
        legs: Which legs are run, by their letters.
        layout: How each run is divided among devices; one process drives one device.
        hardware: What one device can do.
        processes: Runs side by side, of one thread each if more than 1.
        dry_run: Make the token files, print the plan of all runs and stop.
        results_only: Train nothing, write the report of the seeds that are finished.
    """

    output_dir: str
    texts: Texts
    continued: Continued
    results_dir: str = ""
    stage1: Stage1 | None = None
    checkpoint: str = ""
    note: str = ""
    seeds: list[int] = field(default_factory=lambda: [1, 2, 3, 4])
    legs: list[str] = field(default_factory=lambda: list(LEGS))
    layout: Layout = field(default_factory=Layout)
    hardware: Hardware = field(default_factory=Hardware)
    processes: int = 2
    dry_run: bool = False
    results_only: bool = False

    def __post_init__(self) -> None:
        check_experiment(
            output_dir=self.output_dir,
            stage1=self.stage1,
            checkpoint=self.checkpoint,
            legs=self.legs,
            known=LEGS,
            seeds=self.seeds,
            processes=self.processes,
            layout=self.layout,
        )
        if not set(self.legs) & {"a", "b"}:
            raise ValueError(
                "legs must have a or b: they begin as the base that forgetting is measured against"
            )

    def described(self) -> dict[str, Any]:
        """All settings that decide the figures, for the report."""
        settings = asdict(self)
        for name in ("output_dir", "results_dir", "processes", "dry_run", "results_only"):
            del settings[name]
        return settings
