"""What a user can set of a model card. Standard library only: `--help` loads this."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.model_name import directory_name
from corpus.endpoint.settings import EndpointSettings


@dataclass(frozen=True, kw_only=True)
class CardConfig:
    """Write model_card.md for a checkpoint, from manifests, scores and safety results; what is missing is said so.

    Attributes:
        model: Hugging Face model directory.
        output_dir: Directory for model_card.md and gaps.json; give the model's own to publish it with the card.
        name: What the card calls the model; empty for its directory's name, or of one called model that of its parent.
        license: License of the weights, by its identifier on the hub; empty for other.
        base_model: Model that training started from, by its name on the hub; empty for none.
        corpus: Directory that corpus.build wrote.
        tokenizer: Directory that tokenization.expand wrote.
        training: Directories of training runs in their order, apart by commas: pretraining, SFT, DPO.
        scores: Output directories of benchmarks.run, apart by commas; the first is this model's.
        safety: Output directory of benchmarks.safety.
        contamination: Output directory of benchmarks.contamination.
        human: Output directory of benchmarks.human export.
        measure_gaps: Ask the model for the paired sentences (some 500 short ones).
        intended_use: Further sentences on what the model is for.
        limits: Further sentences on what it cannot do.
        batch_size: Sentences that the model reads at a time.
        device: Where the model runs, as cpu or cuda:0; empty for a GPU if there is one.
        dtype: Numbers of the model, as float32 or bfloat16; auto for those of its files.
        resamples: Bootstrap samples behind each interval.
        seed: Seed of the bootstrap.
    """

    model: str
    output_dir: str
    name: str = ""
    license: str = ""
    base_model: str = ""
    corpus: str = ""
    tokenizer: str = ""
    training: str = ""
    scores: str = ""
    safety: str = ""
    contamination: str = ""
    human: str = ""
    measure_gaps: bool = True
    intended_use: list[str] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)
    batch_size: int = 16
    device: str = ""
    dtype: str = "auto"
    resamples: int = 10_000
    seed: int = 0

    def __post_init__(self) -> None:
        for setting in ("model", "output_dir"):
            if not getattr(self, setting):
                raise ValueError(f"{setting} must not be empty")
        if self.batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {self.batch_size}")
        if self.resamples < 100:
            raise ValueError(f"resamples must be at least 100, got {self.resamples}")

    @property
    def model_name(self) -> str:
        """What the card calls the model."""
        return self.name or directory_name(self.model)

    def directories(self, setting: str) -> list[Path]:
        """The directories that a setting names, apart by commas."""
        return [Path(name.strip()) for name in getattr(self, setting).split(",") if name.strip()]

    @property
    def endpoint(self) -> EndpointSettings:
        """No endpoint: a card is of a checkpoint that is here."""
        return EndpointSettings()

    def decisive(self) -> dict[str, Any]:
        """All settings that decide what the card says."""
        settings = asdict(self)
        for name in ("output_dir", "batch_size", "device"):
            del settings[name]
        return settings
