"""What a user can set of the made instructions. Standard library only: `--help` loads this."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class InstructionsConfig:
    """Make questions and answers in Arabic and English by rule, out of installed packages.

    Attributes:
        output: Directory of train.jsonl, evaluation.jsonl and manifest.json.
        evaluation_share: Share of the facts that are asked for in evaluation only, in either language.
        evaluation_rows: Evaluation questions in each language at most, half on facts that no training question asks
            for, in every wording, and half on known facts in a wording that no training question has.
        crossed_share: Share of training questions that are answered in the other language, as in data that was
            translated on one side only; 0 for none. Evaluation has none.
        two_turn_share: Share of training questions that follow upon another one in the same conversation.
        wordings: Wordings of each question in training at most.
        territories: ISO 3166 codes of the countries that are asked about, with their cities, currencies and languages;
            empty for all. A small model learns a few well before it learns many badly.
        messages: Translated messages of django at most.
        seed: Another seed splits, crosses and orders in another way.
    """

    output: str
    evaluation_share: float = 0.1
    evaluation_rows: int = 200
    crossed_share: float = 0.25
    two_turn_share: float = 0.1
    wordings: int = 3
    territories: list[str] = field(default_factory=list)
    messages: int = 1000
    seed: int = 1

    def __post_init__(self) -> None:
        if not self.output:
            raise ValueError("output must name a directory")
        for name in ("evaluation_share", "crossed_share", "two_turn_share"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 0 and below 1, got {getattr(self, name)}")
        if self.evaluation_rows < 2:
            raise ValueError(f"evaluation_rows must be at least 2, got {self.evaluation_rows}")
        if self.wordings < 1:
            raise ValueError(f"wordings must be at least 1, got {self.wordings}")
        if self.messages < 0:
            raise ValueError(f"messages must be at least 0, got {self.messages}")
