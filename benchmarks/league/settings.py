"""What a user can set of a league. Standard library only: `--help` loads this."""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from benchmarks.bits_config import BitsConfig
from benchmarks.run_config import RunConfig


@dataclass(frozen=True, kw_only=True)
class LeagueConfig:
    """Score several models on the same tasks and texts, and show them in one report: base, continued, SFT, DPO.

    Attributes:
        output_dir: Directory of the report; each model's own run is below it, under the model's name.
        models: Model directory of each name, in the order in which the report shows them; the first is the base that
            others are compared with.
        runs: Output directories of earlier runs of benchmarks.run to show beside them, apart by commas.
        tasks: Suites and tasks, apart by commas; may be empty where `conversations` is given.
        data: Where a task's published files are, as --data.mmlu_ar=DIR.
        conversations: JSONL of conversations (id, language, messages) of which questions are made: an answer stands
            among answers to other questions of its kind; they become the tasks own_ar and own_en.
        questions: Questions made of conversations in each language at most, drawn by their ids; 0 for all.
        text: Corpus or file of held-out texts that bits per byte are measured on; empty for none.
        text_documents: Texts of each language, dialect and domain at most, drawn by their ids.
        text_characters: Characters of a text that are read at most.
        limit: Score so many items of each task, drawn by their number and the seed; 0 for all.
        shots: Few-shot examples of every task; -1 for the task's or suite's own.
        batch_size: Items that a model reads at a time.
        device: Where models run, as cpu or cuda:0; empty for a GPU if there is one.
        dtype: Numbers of the models, as float32 or bfloat16; auto for those of their files.
        apply_chat_template: Put the prompts of multiple choice into each model's chat template, as lm-eval's setting of
            this name does: yes, no, or auto for models that have one; signatures say which, and only scores that were
            asked for alike are compared.
        memory_gib: GiB that a batch may take beside a model.
        threads: Processor threads that models use; 0 for all.
        note: What must be said of the models wherever a figure of theirs stands.
        resamples: Bootstrap samples behind each interval.
        seed: Seed of drawn items and of the bootstrap.
    """

    output_dir: str
    models: dict[str, str] = field(default_factory=dict)
    runs: str = ""
    tasks: str = ""
    data: dict[str, str] = field(default_factory=dict)
    conversations: str = ""
    questions: int = 100
    text: str = ""
    text_documents: int = 20
    text_characters: int = 2_000
    limit: int = 0
    shots: int = -1
    batch_size: int = 16
    device: str = ""
    dtype: str = "auto"
    apply_chat_template: Literal["auto", "yes", "no"] = "no"
    memory_gib: float = 2.0
    threads: int = 0
    note: str = ""
    resamples: int = 10_000
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.output_dir:
            raise ValueError("output_dir must not be empty")
        if len(self.models) + len(self.run_directories) < 1:
            raise ValueError("models or runs must be given: there is nothing to show")
        if self.models and not (self.tasks or self.conversations):
            raise ValueError("tasks or conversations must be given: there is nothing to score models by")
        for name in self.models:
            if not name.strip() or any(character in name for character in "/\\,"):
                raise ValueError(f"models: {name!r} must be a name without slashes and commas")
            if name in (".", "..", "questions"):
                raise ValueError(
                    f"models: {name!r} is no name for a directory beside the report's own: choose another"
                )
        for setting in ("questions", "text_documents", "text_characters", "threads"):
            if getattr(self, setting) < 0 or math.isinf(getattr(self, setting)):
                raise ValueError(f"{setting} must be at least 0, got {getattr(self, setting)}")
        for name in self.models:
            _ = (self.run(name, {}), self.bits(name))  # they check theirs

    @property
    def run_directories(self) -> list[Path]:
        """Directories of earlier runs."""
        return [Path(name.strip()) for name in self.runs.split(",") if name.strip()]

    def directory(self, name: str) -> Path:
        """Where the run of a model is kept."""
        return Path(self.output_dir) / name

    def run(self, name: str, own: dict[str, str]) -> RunConfig:
        """The run of one model; `own` are the files of its questions by task."""
        tasks = ",".join([*filter(None, [self.tasks]), *own]) or "own_ar"
        return RunConfig(
            model=self.models[name],
            tasks=tasks,
            output_dir=str(self.directory(name)),
            data={**self.data, **own},
            name=name,
            limit=self.limit,
            shots=self.shots,
            batch_size=self.batch_size,
            device=self.device,
            dtype=self.dtype,
            apply_chat_template=self.apply_chat_template,
            memory_gib=self.memory_gib,
            resamples=self.resamples,
            seed=self.seed,
        )

    def bits(self, name: str) -> BitsConfig:
        """The measurement of bits per byte of one model."""
        return BitsConfig(
            model=self.models[name],
            text=self.text or "none",
            output_dir=str(self.directory(name)),
            documents=self.text_documents,
            characters=self.text_characters,
            device=self.device,
            dtype=self.dtype,
            resamples=min(self.resamples, 1_000),
            seed=self.seed,
        )
