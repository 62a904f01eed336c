"""What a user can set of the preparation of instruction data. Standard library only: `--help` loads this."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from alignment.conversations.settings import Columns
from corpus.decontamination.settings import Decontamination
from corpus.dedup.settings import NearDuplicates


@dataclass(frozen=True, kw_only=True)
class InstructionSource:
    """One source of conversations.

    Attributes:
        name: Short name, unique in the config.
        path: File, glob or directory, or a list of them: JSON Lines, CSV or TSV, also compressed.
        schema: How records are written; preferences takes the prompt and the chosen answer of each pair.
        columns: Columns of a table, or keys of flat records, by role.
        language: ISO 639 code that all of it is declared to be in; empty to identify it.
        priority: Of two duplicates the one of the source with the higher priority stays; then the longer.
        examples: Whether the report may show texts of this source.
    """

    name: str
    path: str | list[str]
    schema: Literal["auto", "messages", "sharegpt", "alpaca", "columns", "preferences"] = "auto"
    columns: Columns | None = None
    language: str = ""
    priority: int = 0
    examples: bool = True

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a source must have a name")
        if not self.path:
            raise ValueError(f"source {self.name}: path must name at least one file")


@dataclass(frozen=True, kw_only=True)
class Lengths:
    """How long turns and conversations may be; characters are Unicode code points.

    Attributes:
        minimum_prompt: Rule short_prompt: least characters of the first user turn.
        maximum_prompt: Rule long_prompt: most characters of a user turn.
        minimum_answer: Rule short_answer: least characters of the first assistant turn.
        maximum_answer: Rule long_answer: most characters of an assistant turn.
        maximum_turns: Rule many_turns: most turns of a conversation.
    """

    minimum_prompt: int = 3
    maximum_prompt: int = 20_000
    minimum_answer: int = 2
    maximum_answer: int = 20_000
    maximum_turns: int = 40

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        for name in ("prompt", "answer"):
            if getattr(self, f"minimum_{name}") > getattr(self, f"maximum_{name}"):
                raise ValueError(f"minimum_{name} must not exceed maximum_{name}")


@dataclass(frozen=True, kw_only=True)
class TurnLanguages:
    """Which languages turns may be in.

    Attributes:
        languages: ISO 639 codes of the languages that stay; ar is any variety of Arabic.
        minimum_letters: Rule foreign_language: turns of fewer letters are too short to tell.
        confidence: Rule foreign_language: a turn is dropped for another language that is identified as surely as this.
        same_language: Rule answer_language: whether an answer must be in the script of its question. A question that
            names a language or asks for a translation is free of it.
        script_share: Rule answer_language: share of a turn's letters from which it is in that script.
    """

    languages: list[str] = field(default_factory=lambda: ["ar", "en"])
    minimum_letters: int = 60
    confidence: float = 0.8
    same_language: bool = True
    script_share: float = 0.8

    def __post_init__(self) -> None:
        if not self.languages:
            raise ValueError("languages must name at least one language")
        if not 0 < self.confidence <= 1:
            raise ValueError(f"confidence must be above 0 and at most 1, got {self.confidence}")
        if not 0.5 < self.script_share <= 1:
            raise ValueError(f"script_share must be above .5 and at most 1, got {self.script_share}")


@dataclass(frozen=True, kw_only=True)
class Refusals:
    """Answers that refuse, and answers in which a model speaks of itself.

    Attributes:
        enabled: Rule refusal: whether an answer that opens with a refusal is dropped, in either language.
        opening: Rule refusal: words of an answer in which a refusal is looked for; later on it is a quotation.
        model_talk: Rule model_talk: whether answers that speak as a language model, or of who trained it, are dropped.
        phrases: Files with more phrases for rule refusal, one to a line, compared without case and spelling variants.
    """

    enabled: bool = True
    opening: int = 30
    model_talk: bool = True
    phrases: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not 1 <= self.opening <= 1000:
            raise ValueError(f"opening must be at least 1 and at most 1000, got {self.opening}")


@dataclass(frozen=True, kw_only=True)
class Artifacts:
    """Traces of machine translation and of careless collecting; 0 turns a rule off. Code is not looked at.

    Attributes:
        english_words: Rule english_left: so many English words in a row, outside quotation marks, in a turn that is
            mostly Arabic.
        translator_talk: Rule translator_talk: whether turns with words of a translator ("here is the translation")
            are dropped.
        unbalanced_quotes: Rule unbalanced_quotes: so many quotation marks without their other half.
        mixed_words: Rule mixed_script: so many words that run from one script into another; an Arabic prefix before
            a Latin name is none.
        placeholders: Rule placeholder: so many slots that nobody filled, or tokens of some model's markup.
        open_end: Rule open_end: whether answers that stop at a comma, a colon, a dash or an opening bracket go.
        unfinished: Rule unfinished: answers of so many characters or more must end in punctuation, a symbol, a digit,
            or, in lists and verse, in lines that end as the others do.
        mojibake: Rule mojibake: so many replacement characters or pieces of text decoded wrongly.
        echo: Rule echo: whether answers that only repeat their question are dropped.
    """

    english_words: int = 6
    translator_talk: bool = True
    unbalanced_quotes: int = 3
    mixed_words: int = 2
    placeholders: int = 1
    open_end: bool = True
    unfinished: int = 200
    mojibake: int = 1
    echo: bool = True

    def __post_init__(self) -> None:
        for name in (
            "english_words",
            "unbalanced_quotes",
            "mixed_words",
            "placeholders",
            "unfinished",
            "mojibake",
        ):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)}")


@dataclass(frozen=True, kw_only=True)
class Duplicates:
    """Conversations that stand there already. A prompt is all that comes before the last answer.

    Attributes:
        same_conversation: Whether of conversations with equal folded text one stays.
        same_prompt: Whether of conversations with equal folded prompts one stays.
        near_conversation: Near-duplicates of whole conversations.
        near_prompt: Near-duplicates of prompts; strict by default, for prompts filled from a template resemble
            one another.
    """

    same_conversation: bool = True
    same_prompt: bool = True
    near_conversation: NearDuplicates = field(default_factory=NearDuplicates)
    near_prompt: NearDuplicates = field(default_factory=lambda: NearDuplicates(minimum_similarity=0.95))


@dataclass(frozen=True, kw_only=True)
class PrepareConfig:
    """Sort instruction data into what is good enough to learn from and what is not, and show both.

    Attributes:
        output_dir: Directory of kept.jsonl, dropped.jsonl, unreadable.jsonl, manifest.json and report.html.
        sources: The conversations to read.
        lengths: How long turns may be.
        languages: Which languages they may be in.
        refusals: Answers that refuse.
        artifacts: Traces of translation and careless collecting.
        decontamination: Benchmarks whose items no conversation may hold.
        duplicates: Conversations that stand there already.
    """

    output_dir: str
    sources: list[InstructionSource]
    lengths: Lengths = field(default_factory=Lengths)
    languages: TurnLanguages = field(default_factory=TurnLanguages)
    refusals: Refusals = field(default_factory=Refusals)
    artifacts: Artifacts = field(default_factory=Artifacts)
    decontamination: Decontamination = field(default_factory=Decontamination)
    duplicates: Duplicates = field(default_factory=Duplicates)

    def __post_init__(self) -> None:
        if not self.output_dir:
            raise ValueError("output_dir must name a directory")
        if not self.sources:
            raise ValueError("sources must name at least one source")
        names = [source.name for source in self.sources]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"sources must have names of their own, got {name!r} twice")

    def decisive(self) -> dict[str, Any]:
        """All settings that decide what is kept: where it goes does not."""
        settings = asdict(self)
        del settings["output_dir"]
        return settings
