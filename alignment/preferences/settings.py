"""What a user can say of files of preferences. Standard library only."""

from dataclasses import dataclass, field
from typing import Literal

PairSchema = Literal["auto", "text", "messages", "transcript"]


@dataclass(frozen=True, kw_only=True)
class PreferenceData:
    """Which preferences are read, and how long they may be.

    Attributes:
        path: Files, globs or directories of JSON Lines with `chosen` and `rejected`, plain or compressed.
        schema: text (prompt, chosen, rejected as strings), messages (lists of role and content), transcript (HH-RLHF's
            "Human: ... Assistant: ..."); auto goes by the first sound record of each file.
        language: ISO 639 code of all prompts; empty to identify each one by its text.
        language_column: Key of each record that says its language.
        validation_share: Share of the pairs that is kept for validation; a fixed hash of the prompt decides which.
        max_length: Most tokens of a prompt and an answer together.
        overlong: What becomes of a pair with a longer answer: drop it, or cut the answer at the end. A prompt that
            leaves no room for an answer always drops the pair. All are counted.
        strict: Stop at the first file that holds pairs that cannot be used, instead of leaving these out.
    """

    path: list[str] = field(default_factory=list)
    schema: PairSchema = "auto"
    language: str = ""
    language_column: str = ""
    validation_share: float = 0.05
    max_length: int = 1024
    overlong: Literal["drop", "cut"] = "drop"
    strict: bool = False

    def __post_init__(self) -> None:
        if not self.path or not all(self.path):
            raise ValueError("path must name files of preferences")
        if not 0 <= self.validation_share <= 0.5:
            raise ValueError(f"validation_share must be from 0 to 0.5, got {self.validation_share:g}")
        if self.max_length < 2:
            raise ValueError(f"max_length must be at least 2, got {self.max_length}")
