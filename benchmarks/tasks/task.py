"""What is said of a task."""

from dataclasses import dataclass
from typing import Literal

Style = Literal["question", "completion", "blank"]
Rule = Literal[
    "letters", "continuation", "per_character", "per_byte", "mass", "generated",
    "number", "number_strict", "exact_match", "f1", "exact_match_ar", "f1_ar", "judged",
]  # fmt: skip
Answer = Literal["choice", "number", "span", "text"]

RULES: dict[Rule, str] = {
    "letters": "the answer letter with the highest log-likelihood after the lettered options",
    "continuation": "the choice with the highest log-likelihood, its tokens added up",
    "per_character": "the same, divided by the choice's length in Unicode characters (lm-eval's acc_norm)",
    "per_byte": "the same, divided by the choice's length in UTF-8 bytes (lm-eval's acc_bytes)",
    "mass": "the share of probability on the right choices (TruthfulQA mc2)",
    "generated": "the option that the generated text names by letter, text or number; none counts as wrong",
    "number": "the number that the generated text ends in (lm-eval's flexible-extract, and Arabic digits)",
    "number_strict": "the number after #### in the generated text (lm-eval's strict-match)",
    "exact_match": "the generated text is an accepted answer after SQuAD's normalization",
    "f1": "F1 of the generated text's tokens with an accepted answer's, after SQuAD's normalization",
    "exact_match_ar": "exact match after Arabic normalization too: spelling, article, digits, punctuation",
    "f1_ar": "F1 after Arabic normalization too",
    "judged": "the mark from 0 to 10 that a judge gives the generated text beside the accepted answer, over 10",
}
"""Every rule, and what it takes for the model's answer."""

METRICS: dict[Rule, str] = {
    **dict.fromkeys(("letters", "continuation", "per_character", "per_byte", "generated"), "accuracy"),
    **dict.fromkeys(("number", "number_strict"), "accuracy"),
    "mass": "probability",
    **dict.fromkeys(("exact_match", "exact_match_ar"), "exact match"),
    **dict.fromkeys(("f1", "f1_ar"), "F1"),
    "judged": "mark",
}
"""What a score under each rule measures: only scores of one measure are averaged."""

GENERATED_RULES: dict[Answer, tuple[Rule, ...]] = {
    "choice": ("generated",),
    "number": ("number", "number_strict"),
    "span": ("f1", "exact_match", "f1_ar", "exact_match_ar"),
    "text": ("judged", "f1_ar", "f1"),
}
"""The rules by which generated answers of each kind are scored."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One benchmark.

    Attributes:
        name: What the command line calls it.
        title: What the report calls it.
        language: Language of the questions, and of the prompt's words unless a run says otherwise.
        source: Paper or maker.
        license: As its publishers declare it; "none declared" where their page has none, "not found" where we could
            not see it.
        version: Version of this definition; it grows when numbers change.
        hub: Repository on the hub, empty for one that is not there.
        hub_config: Configuration there, empty for its default, "*" for all of them.
        scored_split: Split on the hub that is scored: validation where labels of test are not published.
        shots: Few-shot examples unless a suite or run says otherwise.
        style: How the continuation rule asks: a question to answer, a text to complete, or a blank to fill.
        rule: The rule whose score stands first.
        answer: What an answer is: a choice, or generated text: a number, a span of the passage, or any text.
        format: The one format of its files, where columns do not tell it; empty for any.
        max_tokens: Tokens that a generated answer may have.
        until: Texts at which generation ends.
        several_right: More than one choice can be right, so that the rule is the mass on all of them.
        first_is_right: Published with the right choice first, so that options are put in an order drawn by their item.
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
    answer: Answer = "choice"
    format: str = ""
    max_tokens: int = 64
    until: tuple[str, ...] = ("\n\n",)
    several_right: bool = False
    first_is_right: bool = False
    private: bool = False
    note: str = ""

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that its answers are scored by; those of a choice's generated answer are in `GENERATED_RULES`."""
        if self.answer != "choice":
            return GENERATED_RULES[self.answer]
        if self.several_right:
            return ("mass",)
        if self.style == "blank":  # one ending for all choices: its length changes nothing
            return ("letters", "continuation")
        return ("letters", "continuation", "per_character", "per_byte")
