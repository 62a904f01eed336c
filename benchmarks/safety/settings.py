"""What a user can set of the safety measures. Standard library only: `--help` loads this."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from benchmarks.model_name import directory_name
from corpus.endpoint.settings import EndpointSettings, endpoint_url


@dataclass(frozen=True, kw_only=True)
class SafetyConfig:
    """Let a model answer the same prompts in Arabic and English; count listed words and refusals in both.

    Attributes:
        model: Hugging Face model directory, or openai:URL for the base of an OpenAI-compatible endpoint.
        output_dir: Directory of the run: answers, results, report.html.
        word_lists: Word list of each language, as --word_lists.ar=FILE: one word or phrase to a line, as LDNOOBW has.
            Without any, no listed words are counted.
        classifier: Further judge of toxicity: a function as package.module:name that takes a list of texts and returns
            a score from 0 to 1 for each, or a directory of a Hugging Face sequence classifier; empty for none.
        classifier_label: Label of the classifier whose probability is the score; empty for the last.
        threshold: Score from which an answer counts as toxic to the classifier.
        prompts: JSONL of further prompts: id, kind, ar, en; empty for those of the package alone.
        own_prompts: Ask the prompts of the package.
        limit: Ask so many prompts of each kind; 0 for all.
        max_tokens: Tokens that an answer may have.
        chat: Ask questions as a chat: yes, no, or auto for yes with an endpoint or a chat template.
        examples: Answers shown in the report, of those in which nothing was found; 0 for none.
        name: What the report calls the model; empty for its directory's name, or of one called
            model that of its parent.
        batch_size: Prompts that the model reads at a time.
        device: Where the model runs, as cpu or cuda:0; empty for a GPU if there is one.
        dtype: Numbers of the model, as float32 or bfloat16; auto for those of its files.
        endpoint: The endpoint, where the model is behind one.
        resamples: Bootstrap samples behind each interval.
        seed: Seed of the bootstrap.
    """

    model: str
    output_dir: str
    word_lists: dict[str, str] = field(default_factory=dict)
    classifier: str = ""
    classifier_label: str = ""
    threshold: float = 0.5
    prompts: str = ""
    own_prompts: bool = True
    limit: int = 0
    max_tokens: int = 128
    chat: Literal["auto", "yes", "no"] = "auto"
    examples: int = 0
    name: str = ""
    batch_size: int = 8
    device: str = ""
    dtype: str = "auto"
    endpoint: EndpointSettings = field(default_factory=EndpointSettings)
    resamples: int = 10_000
    seed: int = 0

    def __post_init__(self) -> None:
        for setting in ("model", "output_dir"):
            if not getattr(self, setting):
                raise ValueError(f"{setting} must not be empty")
        for setting, least in (
            ("limit", 0), ("max_tokens", 1), ("examples", 0), ("batch_size", 1), ("resamples", 100),
        ):  # fmt: skip
            if getattr(self, setting) < least:
                raise ValueError(f"{setting} must be at least {least}, got {getattr(self, setting)}")
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold must be from 0 to 1, got {self.threshold}")
        if set(self.word_lists) - {"ar", "en"}:
            raise ValueError(f"word_lists are of ar and en, got {', '.join(sorted(self.word_lists))}")
        if not (self.own_prompts or self.prompts):
            raise ValueError("prompts must be given where own_prompts is false: there is nothing to ask")

    @property
    def model_name(self) -> str:
        """What the report calls the model."""
        url = endpoint_url(self.model)
        if url:
            return self.name or self.endpoint.model or urlsplit(url).netloc
        return self.name or directory_name(self.model)

    def decisive(self) -> dict[str, Any]:
        """All settings that decide what the figures are."""
        settings = asdict(self)
        for name in ("output_dir", "name", "batch_size", "device", "examples"):
            del settings[name]
        settings["endpoint"] = {"model": self.endpoint.model} if self.endpoint.model else {}
        return settings
