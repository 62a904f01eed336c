"""What a user can set of a measurement of bits per byte."""

from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.model_name import directory_name


@dataclass(frozen=True, kw_only=True)
class BitsConfig:
    """Measure bits per byte of held-out text, by language, dialect and domain.

    Attributes:
        model: Hugging Face model directory.
        text: Corpus that corpus.build made, whose held-out documents are measured; or a file or directory of JSONL, CSV
            or Parquet with a column text and, where known, id, language, dialect and domain, all of which is measured.
        output_dir: Directory of the measurement.
        documents: Documents of each language, dialect and domain at most, drawn by their ids; 0 for all.
        characters: Characters of a document that are read at most, from its start; 0 for all.
        window: Pieces that the model reads at once; 0 for all that it can, at most 2,048.
        stride: Pieces by which the window moves on; those before them are context. 0 for half of the window.
        device: Where the model runs, as cpu or cuda:0; empty for a GPU if there is one.
        dtype: Numbers of the model, as float32 or bfloat16; auto for those of its files.
        resamples: Bootstrap samples behind each interval.
        seed: Seed of the bootstrap.
    """

    model: str
    text: str
    output_dir: str
    documents: int = 50
    characters: int = 20_000
    window: int = 0
    stride: int = 0
    device: str = ""
    dtype: str = "auto"
    resamples: int = 1_000
    seed: int = 0

    def __post_init__(self) -> None:
        for setting in ("model", "text", "output_dir"):
            if not getattr(self, setting):
                raise ValueError(f"{setting} must not be empty")
        for setting, least in (
            ("documents", 0),
            ("characters", 0),
            ("window", 0),
            ("stride", 0),
            ("resamples", 100),
        ):
            if getattr(self, setting) < least:
                raise ValueError(f"{setting} must be at least {least}, got {getattr(self, setting)}")
        if self.window == 1:
            raise ValueError("window must be at least 2, or 0 for all that the model can read, got 1")
        if self.window and self.stride >= self.window:
            raise ValueError(f"stride must be below the window of {self.window}, got {self.stride}")

    @property
    def model_name(self) -> str:
        """What the results call the model."""
        return directory_name(self.model)

    def decisive(self) -> dict[str, Any]:
        """All settings that decide what the figures are."""
        settings = asdict(self)
        for name in ("output_dir", "device"):
            del settings[name]
        return settings
