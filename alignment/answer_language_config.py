"""What a user can set of measuring the language of answers. Standard library only: `--help` loads this."""

from dataclasses import asdict, dataclass, field
from typing import Any

from alignment.mine_config import Prompts, Sampling


@dataclass(frozen=True, kw_only=True)
class AskedModel:
    """A chat model that is asked.

    Attributes:
        name: Short name, unique in the config.
        path: Its Hugging Face directory, whose tokenizer has a chat template.
    """

    name: str
    path: str

    def __post_init__(self) -> None:
        if not self.name or not self.path:
            raise ValueError("a model needs a name and a path")


def _drawn() -> Sampling:
    return Sampling(answers=1, new_tokens=64)


@dataclass(frozen=True, kw_only=True)
class AnswerLanguageConfig:
    """Measure how often models answer in the language of the question, and whether the last one does so more often.

    Attributes:
        output_dir: Directory of result.json and of the answers, which are kept: a model that was measured before is not
            asked again.
        models: Models; each is compared with the first.
        questions: Which questions are asked.
        sampling: How answers are drawn; temperature 0 for the likeliest ones.
        resamples: Resamples of the questions that intervals come from.
        device: auto, cpu or cuda.
    """

    output_dir: str
    models: list[AskedModel]
    questions: Prompts
    sampling: Sampling = field(default_factory=_drawn)
    resamples: int = 2000
    device: str = "auto"

    def __post_init__(self) -> None:
        if not self.output_dir:
            raise ValueError("output_dir must name a directory")
        names = [model.name for model in self.models]
        if not names or len(set(names)) != len(names):
            raise ValueError(f"models must be given, each with a name of its own, got {names}")
        if self.resamples < 100:
            raise ValueError(f"resamples must be at least 100, got {self.resamples}")

    def decisive(self) -> dict[str, Any]:
        """All settings that decide the figures."""
        settings = asdict(self)
        return {name: settings[name] for name in ("models", "questions", "sampling", "resamples")}
