"""What a user can set of mining preferences. Standard library only: `--help` loads this."""

from dataclasses import asdict, dataclass, field
from typing import Any

from corpus.endpoint.settings import EndpointSettings


@dataclass(frozen=True, kw_only=True)
class Prompts:
    """Which questions are asked.

    Attributes:
        path: Files of conversations, as `alignment/sft.py` reads them; the turns before the last answer are the prompt.
        language: ISO 639 code that all are declared to be in; empty to identify it.
        language_column: Key of each record that says its language.
        without: Records that are left out: values by key, as {relation: [translate]}.
        most: How many prompts are asked, drawn by the seed; 0 for all.
    """

    path: list[str]
    language: str = ""
    language_column: str = ""
    without: dict[str, list[str]] = field(default_factory=dict)
    most: int = 0

    def __post_init__(self) -> None:
        if not self.path or not all(self.path):
            raise ValueError("path must name files of conversations")
        if self.most < 0:
            raise ValueError(f"most must be at least 0, got {self.most}")


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How answers are drawn.

    Attributes:
        answers: Answers to each prompt.
        temperature: Logits are divided by it; 0 takes the likeliest token each time.
        top_p: Tokens are drawn from the fewest that have so much of the probability.
        new_tokens: Longest answer in tokens.
        batch: Answers that are drawn at a time; part of what decides them.
        seed: Seed of the draws.
    """

    answers: int = 4
    temperature: float = 1.0
    top_p: float = 1.0
    new_tokens: int = 256
    batch: int = 64
    seed: int = 1234

    def __post_init__(self) -> None:
        for setting in ("answers", "new_tokens", "batch"):
            if getattr(self, setting) < 1:
                raise ValueError(f"{setting} must be at least 1, got {getattr(self, setting)}")
        if not 0 <= self.seed < 2**32:
            raise ValueError(f"seed must be at least 0 and below 2^32, got {self.seed}")
        if not 0 <= self.temperature < float("inf"):
            raise ValueError(f"temperature must be a number of at least 0, got {self.temperature}")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top_p must be above 0 and at most 1, got {self.top_p}")


@dataclass(frozen=True, kw_only=True)
class Reward:
    """What makes one answer better than another.

    Attributes:
        functions: Weight of each function by name; an answer's reward is the weighted sum. language: 1 where the answer
            is in the language of the question, else 0. length: 0 within shortest to longest, else less by one for each
            time that the answer is too short or too long. no_refusal: 0 for an answer that opens with a refusal or
            speaks as a language model, else 1. judge: what the judge says, from 0 to 1. Or package.module:function, any
            function of a frame of `messages`, `question`, `language` and `answer` that returns a number for each row.
        shortest: Fewest characters of an answer, for length.
        longest: Most characters of an answer, for length.
        minimum_gap: The best answer must be better than the worst by so much, or the prompt makes no pair.
    """

    functions: dict[str, float] = field(default_factory=lambda: {"language": 1.0})
    shortest: int = 1
    longest: int = 2000
    minimum_gap: float = 0.5

    def __post_init__(self) -> None:
        if not self.functions:
            raise ValueError("functions must name one reward function at least")
        if not 1 <= self.shortest <= self.longest:
            raise ValueError(
                f"shortest must be at least 1 and at most longest, got {self.shortest}, {self.longest}"
            )
        if not 0 < self.minimum_gap < float("inf"):
            raise ValueError(f"minimum_gap must be a number above 0, got {self.minimum_gap}")


@dataclass(frozen=True, kw_only=True)
class Judge:
    """The model that judges, for the reward function judge.

    Attributes:
        endpoint: Where it is.
        instructions: What it is told before each question and answer; it must ask for a whole number from 1 to 10, the
            first of which in the reply counts. Empty for the built-in English text.
        max_tokens: Longest reply.
    """

    endpoint: EndpointSettings = field(default_factory=EndpointSettings)
    instructions: str = ""
    max_tokens: int = 16

    def __post_init__(self) -> None:
        if self.max_tokens < 1:
            raise ValueError(f"max_tokens must be at least 1, got {self.max_tokens}")


@dataclass(frozen=True, kw_only=True)
class MineConfig:
    """Mine preference pairs from a model: draw answers to each prompt, score them, keep the best and the worst.

    Attributes:
        output_dir: Directory of pairs.jsonl, all answers with their rewards, and the manifest.
        model: Hugging Face directory of a chat model, whose tokenizer has a chat template.
        prompts: Which questions are asked.
        sampling: How answers are drawn.
        reward: What makes one answer better than another.
        judge: The model that judges, if the reward asks for one.
        device: auto, cpu or cuda.
    """

    output_dir: str
    model: str
    prompts: Prompts
    sampling: Sampling = field(default_factory=Sampling)
    reward: Reward = field(default_factory=Reward)
    judge: Judge = field(default_factory=Judge)
    device: str = "auto"

    def __post_init__(self) -> None:
        if not self.output_dir or not self.model:
            raise ValueError("output_dir and model must name directories")
        if self.sampling.answers < 2:
            raise ValueError(
                f"sampling.answers must be at least 2 to make a pair, got {self.sampling.answers}"
            )

    def decisive(self) -> dict[str, Any]:
        """All settings that decide which pairs come out."""
        settings = asdict(self)
        return {name: settings[name] for name in ("model", "prompts", "sampling", "reward", "judge")}
