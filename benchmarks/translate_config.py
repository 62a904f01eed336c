"""What a user can set of a translation test."""

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from benchmarks.model_name import directory_name
from corpus.endpoint.settings import EndpointSettings, endpoint_url

DIRECTIONS = ("en-ar", "ar-en")


@dataclass(frozen=True, kw_only=True)
class TranslateConfig:
    """Translate with a model, or take given translations, and score them: BLEU, chrF++, TER and spBLEU.

    Attributes:
        data: JSONL, CSV or Parquet with the columns en and ar, one sentence or paragraph in a row, and id if known.
        output_dir: Directory of the test: translations and scores.
        model: Hugging Face model directory, or openai:URL; empty where all translations are given.
        hypotheses: Given translations, one a line, as --hypotheses.en-ar=FILE; that direction is not translated then.
        directions: Directions, apart by commas: en-ar, ar-en.
        name: What the results call the model; empty for the directory's name, or of one called model that of its
            parent.
        beside: Output directories of earlier tests on the same rows, apart by commas, for a paired bootstrap.
        examples: File like data with examples for the prompt; empty to take the first rows of data, which are then
            not scored.
        shots: Examples in each prompt.
        limit: Rows that are scored; 0 for all.
        max_tokens: Tokens that a translation may have.
        chat: Ask as a chat: yes, no, or auto for yes with an endpoint or a chat template.
        endpoint: The endpoint, where the model is behind one.
        batch_size: Rows that the model reads at a time.
        device: Where the model runs, as cpu or cuda:0; empty for a GPU if there is one.
        dtype: Numbers of the model, as float32 or bfloat16; auto for those of its files.
        resamples: Bootstrap samples behind intervals and comparisons.
    """

    data: str
    output_dir: str
    model: str = ""
    hypotheses: dict[str, str] = field(default_factory=dict)
    directions: str = "en-ar,ar-en"
    name: str = ""
    beside: str = ""
    examples: str = ""
    shots: int = 3
    limit: int = 0
    max_tokens: int = 256
    chat: Literal["auto", "yes", "no"] = "auto"
    endpoint: EndpointSettings = field(default_factory=EndpointSettings)
    batch_size: int = 8
    device: str = ""
    dtype: str = "auto"
    resamples: int = 1_000

    def __post_init__(self) -> None:
        for setting in ("data", "output_dir"):
            if not getattr(self, setting):
                raise ValueError(f"{setting} must not be empty")
        for setting, least in (
            ("shots", 0),
            ("limit", 0),
            ("max_tokens", 1),
            ("batch_size", 1),
            ("resamples", 100),
        ):
            if getattr(self, setting) < least:
                raise ValueError(f"{setting} must be at least {least}, got {getattr(self, setting)}")
        unknown = [name for name in (*self.direction_names, *self.hypotheses) if name not in DIRECTIONS]
        if unknown or not self.direction_names:
            raise ValueError(f"directions must be among {', '.join(DIRECTIONS)}, got {unknown or 'none'}")
        if not self.model and set(self.direction_names) - set(self.hypotheses):
            raise ValueError("model must be given, or hypotheses for every direction")

    @property
    def direction_names(self) -> list[str]:
        """The directions in their order."""
        return [name.strip() for name in self.directions.split(",") if name.strip()]

    @property
    def runs_beside(self) -> list[Path]:
        """Directories of earlier tests."""
        return [Path(name.strip()) for name in self.beside.split(",") if name.strip()]

    @property
    def model_name(self) -> str:
        """What the results call the model."""
        url = endpoint_url(self.model)
        if url:
            return self.name or self.endpoint.model or urlsplit(replace(self.endpoint, url=url).url).netloc
        return self.name or (directory_name(self.model) if self.model else "given")

    def decisive(self) -> dict[str, Any]:
        """All settings that decide what the scores are."""
        settings = asdict(self)
        for name in ("output_dir", "name", "beside", "batch_size", "device"):
            del settings[name]
        settings["endpoint"] = {"model": self.endpoint.model} if endpoint_url(self.model) else {}
        return settings
