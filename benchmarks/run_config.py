"""What a user can set of a run."""

import math
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from benchmarks.model_name import directory_name
from corpus.endpoint.settings import EndpointSettings, endpoint_url


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """Score a model on benchmarks in Arabic and English, by answer letters and by continuations side by side.

    Attributes:
        model: Hugging Face model directory (config.json, *.safetensors, tokenizer), or openai:URL for the base of an
            OpenAI-compatible endpoint.
        tasks: Suites (arabic, english, allam, oall-v2) and tasks, apart by commas; docs/benchmarks.md lists all.
        output_dir: Directory of the run: results, responses, report.html.
        data: Where a task's published files are, as --data.mmlu_ar=DIR; a task without a path is taken from the hub
            where there is one (HF_HUB_OFFLINE unset), and is n/a otherwise.
        name: What the report calls the model; empty for the directory's name, or of one called model that of its
            parent.
        beside: Output directories of earlier runs that the report shows beside this one, apart by commas.
        limit: Score so many items of each task, drawn by their number and the seed; 0 for all.
        shots: Few-shot examples of every task; -1 for the task's or suite's own.
        prompt_language: Words and letters of the prompts: task for those of the task's language, or ar, or en.
        shuffle_options: Put the options of every item in an order drawn by its id and the seed.
        batch_size: Items that the model reads at a time.
        device: Where the model runs, as cpu or cuda:0; empty for a GPU if there is one.
        dtype: Numbers of the model, as float32 or bfloat16; auto for those of its files.
        generate: Ask multiple-choice tasks for a written answer too, and score the option that it names; an endpoint
            that tells no log-likelihoods is asked in this way only.
        chat: Ask for written answers as a chat: yes, no, or auto for yes with an endpoint and no with a directory.
        endpoint: The endpoint, where the model is behind one.
        apply_chat_template: Put the prompts of multiple choice into the model's chat template, as lm-eval's setting of
            this name does: yes, no, or auto for models that have one; the signature says which.
        judge: Endpoint of a judge that marks free answers (ALRAGE); without one, their F1 stands alone.
        endpoint_tokenizer: Directory of the tokenizer of the endpoint's model; only needed where its tokens are bytes.
        memory_gib: GiB that a batch may take beside the model (logits, keys and values, masks): fewer items than
            batch_size are read at a time where they would take more.
        share_prefixes: Read few-shot examples and questions that several requests share only once.
        resamples: Bootstrap samples behind each interval.
        seed: Seed of drawn items, shuffled options and bootstrap.
    """

    model: str
    tasks: str
    output_dir: str
    data: dict[str, str] = field(default_factory=dict)
    name: str = ""
    beside: str = ""
    limit: int = 0
    shots: int = -1
    prompt_language: Literal["task", "ar", "en"] = "task"
    shuffle_options: bool = False
    batch_size: int = 16
    device: str = ""
    dtype: str = "auto"
    generate: bool = False
    chat: Literal["auto", "yes", "no"] = "auto"
    endpoint: EndpointSettings = field(default_factory=EndpointSettings)
    apply_chat_template: Literal["auto", "yes", "no"] = "no"
    judge: EndpointSettings = field(default_factory=EndpointSettings)
    endpoint_tokenizer: str = ""
    memory_gib: float = 2.0
    share_prefixes: bool = True
    resamples: int = 10_000
    seed: int = 0

    def __post_init__(self) -> None:
        for setting in ("model", "tasks", "output_dir"):
            if not getattr(self, setting):
                raise ValueError(f"{setting} must not be empty")
        for setting, least in (("limit", 0), ("shots", -1), ("batch_size", 1), ("resamples", 100)):
            if getattr(self, setting) < least:
                raise ValueError(f"{setting} must be at least {least}, got {getattr(self, setting)}")

        if not 0 < self.memory_gib < math.inf:
            raise ValueError(f"memory_gib must be above 0, got {self.memory_gib}")
        if self.endpoint_settings is not None and self.apply_chat_template == "yes":
            raise ValueError(
                "apply_chat_template needs a model directory: an endpoint keeps its template to itself"
            )
        if self.endpoint_settings is None and self.endpoint.url:
            raise ValueError(f"endpoint.url is not used: give --model openai:{self.endpoint.url}")

    @property
    def endpoint_settings(self) -> EndpointSettings | None:
        """The endpoint with the address that `model` gives; None where the model is a directory."""
        url = endpoint_url(self.model)
        return replace(self.endpoint, url=url) if url else None

    @property
    def chats(self) -> bool:
        """Whether written answers are asked for as a chat."""
        return self.chat == "yes" or (self.chat == "auto" and self.endpoint_settings is not None)

    @property
    def model_name(self) -> str:
        """What the report calls the model."""
        if self.endpoint_settings is not None:
            return self.name or self.endpoint.model or urlsplit(self.endpoint_settings.url).netloc
        return self.name or directory_name(self.model)

    @property
    def task_names(self) -> list[str]:
        """Names of suites and tasks."""
        return [name.strip() for name in self.tasks.split(",") if name.strip()]

    @property
    def runs_beside(self) -> list[Path]:
        """Directories of earlier runs."""
        return [Path(name.strip()) for name in self.beside.split(",") if name.strip()]

    def decisive(self) -> dict[str, Any]:
        """All settings that decide what the scores are."""
        settings = asdict(self)
        for name in ("output_dir", "name", "beside", "batch_size", "device", "memory_gib"):
            del settings[name]
        settings["judge"] = {"model": self.judge.model} if self.judge.url else {}
        settings["endpoint"] = {"model": self.endpoint.model} if self.endpoint_settings else {}
        return settings
