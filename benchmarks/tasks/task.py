"""What is said of a task."""

from dataclasses import dataclass
from typing import Literal

Style = Literal["question", "completion", "blank"]
Rule = Literal["letters", "continuation", "per_character", "per_byte", "mass"]

RULES: dict[Rule, str] = {
    "letters": "the answer letter with the highest log-likelihood after the lettered options",
    "continuation": "the choice with the highest log-likelihood, its tokens added up",
    "per_character": "the same, divided by the choice's length in Unicode characters (lm-eval's acc_norm)",
    "per_byte": "the same, divided by the choice's length in UTF-8 bytes (lm-eval's acc_bytes)",
    "mass": "the share of probability on the right choices (TruthfulQA mc2)",
}
"""Every rule, and what it takes for the model's answer."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One benchmark.

    Attributes:
        name: What the command line calls it.
        title: What the report calls it.
        language: Language of the questions, and of the prompt's words unless a run says otherwise.
        source: Paper or maker.
        license: As its publishers declare it, or "see its card".
        version: Version of this definition; it grows when numbers change.
        hub: Repository on the hub, empty for one that is not there.
        hub_config: Configuration there, empty for its default, "*" for all of them.
        scored_split: Split on the hub that is scored: validation where labels of test are not published.
        shots: Few-shot examples unless a suite or run says otherwise.
        style: How the continuation rule asks: a question to answer, a text to complete, or a blank to fill.
        rule: The rule whose score stands first.
        several_right: More than one choice can be right, so that the rule is the mass on all of them.
        private: Not published: scored only where the user gives a path.
        note: What else one should know.
    """

    name: str
    title: str
    language: Literal["ar", "en"]
    source: str
    license: str
    version: int = 1
    hub: str = ""
    hub_config: str = ""
    scored_split: str = "test"
    shots: int = 0
    style: Style = "question"
    rule: Rule = "letters"
    several_right: bool = False
    private: bool = False
    note: str = ""

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that its answers are scored by."""
        if self.several_right:
            return ("mass",)
        if self.style == "blank":  # one ending for all choices: its length changes nothing
            return ("letters", "continuation")
        return ("letters", "continuation", "per_character", "per_byte")
