"""What a user can set of a human evaluation. Standard library only: `--help` loads this."""

from dataclasses import dataclass, field
from typing import Literal

Mode = Literal["compare", "rate"]


@dataclass(frozen=True, kw_only=True)
class ServeConfig:
    """Serve a blind page on which people compare two answers side by side, or rate single ones; every click is saved.

    Attributes:
        output_dir: Directory of the study; clicks are kept in judgments.sqlite there.
        questions: JSONL of questions: id, prompt (or question, or turns), language, and answers by model.
        answers: JSONL of answers of a model, joined by id, as --answers.base=FILE; needless where `questions` has them.
        mode: compare shows two answers side by side, rate shows one and asks for 1 to 5 on each criterion.
        criteria: What is rated, in the order in which it is asked.
        pairs_per_question: Pairs of models that are compared on each question, spread evenly; 0 for all.
        language: Language of the page's own words.
        title: What the page is called; empty for a plain name.
        host: Address to listen on; only this machine reaches 127.0.0.1.
        port: Port to listen on; 0 for any that is free.
        allowed_hosts: Further names by which browsers may reach the page, as eval.example.org:8000; with any, the page
            opens with a key only.
        seed: Seed of every annotator's order and sides.
    """

    output_dir: str
    questions: str
    answers: dict[str, str] = field(default_factory=dict)
    mode: Mode = "compare"
    criteria: list[str] = field(default_factory=lambda: ["fluency", "correctness", "dialect"])
    pairs_per_question: int = 0
    language: Literal["ar", "en"] = "en"
    title: str = ""
    host: str = "127.0.0.1"
    port: int = 8000
    allowed_hosts: list[str] = field(default_factory=list)
    seed: int = 0

    def __post_init__(self) -> None:
        for setting in ("output_dir", "questions", "host"):
            if not getattr(self, setting):
                raise ValueError(f"{setting} must not be empty")
        if not 0 <= self.port < 1 << 16:
            raise ValueError(f"port must be from 0 to 65535, got {self.port}")
        if self.pairs_per_question < 0:
            raise ValueError(f"pairs_per_question must be at least 0, got {self.pairs_per_question}")
        if self.mode == "rate" and not self.criteria:
            raise ValueError("criteria must name at least one, got none")
        if len(set(self.criteria)) < len(self.criteria):
            raise ValueError(f"criteria must differ, got {', '.join(self.criteria)}")
        if {"preference", "comment"} & set(self.criteria):
            raise ValueError("criteria must not be called preference or comment: these are kept beside them")


@dataclass(frozen=True, kw_only=True)
class AgreementConfig:
    """Say how far annotators agree (Krippendorff's alpha) and how the models rank (Bradley-Terry, Elo).

    Attributes:
        output_dir: Directory that `serve` wrote to.
        resamples: Bootstrap samples of questions behind each interval.
        seed: Seed of the bootstrap.
    """

    output_dir: str
    resamples: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.output_dir:
            raise ValueError("output_dir must not be empty")
        if self.resamples < 100:
            raise ValueError(f"resamples must be at least 100, got {self.resamples}")


@dataclass(frozen=True, kw_only=True)
class ExportConfig(AgreementConfig):
    """Write judgments.csv, judgments.jsonl, results.json and report.html from what people clicked.

    Attributes:
        output_dir: Directory that `serve` wrote to.
        resamples: Bootstrap samples of questions behind each interval.
        seed: Seed of the bootstrap.
    """
