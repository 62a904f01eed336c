"""What a user can set of judged answers."""

import math
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from corpus.endpoint.settings import EndpointSettings, endpoint_url

MODES = ("single", "pairwise")


@dataclass(frozen=True, kw_only=True)
class JudgeConfig:
    """Let models answer open questions, and let judges rate the answers alone and in pairs.

    Attributes:
        questions: Questions in FastChat's form (MT-Bench, Vicuna-80): question_id, category, and turns or text; and
            reference, where there are reference answers.
        models: Who answers, as NAME=ADDRESS apart by commas; an address is a model directory, openai:URL (NAME is the
            model's name there), or a JSONL file of answers in FastChat's form.
        judges: Who judges, as NAME=openai:URL apart by commas; NAME is the model's name at that endpoint.
        output_dir: Directory of the test: answers, judgments, judged.html.
        modes: single for a rating from 1 to 10, pairwise for the better of two; apart by commas.
        baseline: Model that all others are paired with; empty for all pairs.
        prompts: Judge prompts in FastChat's form (judge_prompts.jsonl); empty for Daad's own.
        prompt_language: Language of Daad's own judge prompts.
        asks: How often a judge is asked at most until its verdict is of the asked form.
        limit: Questions that are asked, the first ones; 0 for all.
        answer_tokens: Tokens that an answer may have.
        judge_tokens: Tokens that a judgment may have.
        judge_endpoint: How judges are asked; url and model come from judges.
        answer_endpoint: How models behind endpoints are asked; url and model come from models.
        prices: Prices of judges and of models behind endpoints that have their own, as NAME=INPUT/OUTPUT apart by
            commas: of a million tokens of prompts, and of answers.
        batch_size: Questions that a model of a directory reads at a time.
        device: Where such a model runs, as cpu or cuda:0; empty for a GPU if there is one.
        dtype: Numbers of such a model, as float32 or bfloat16; auto for those of its files.
        resamples: Bootstrap samples behind each interval.
        seed: Seed of the bootstrap.
    """

    questions: str
    models: str
    judges: str
    output_dir: str
    modes: str = "single,pairwise"
    baseline: str = ""
    prompts: str = ""
    prompt_language: Literal["en", "ar"] = "en"
    asks: int = 3
    limit: int = 0
    answer_tokens: int = 1024
    judge_tokens: int = 1024
    judge_endpoint: EndpointSettings = field(default_factory=EndpointSettings)
    answer_endpoint: EndpointSettings = field(default_factory=EndpointSettings)
    prices: str = ""
    batch_size: int = 8
    device: str = ""
    dtype: str = "auto"
    resamples: int = 1_000
    seed: int = 0

    def __post_init__(self) -> None:
        for setting, least in (
            ("asks", 1),
            ("limit", 0),
            ("answer_tokens", 1),
            ("judge_tokens", 1),
            ("resamples", 100),
        ):
            if getattr(self, setting) < least:
                raise ValueError(f"{setting} must be at least {least}, got {getattr(self, setting)}")
        unknown = [mode for mode in self.mode_names if mode not in MODES]
        if unknown or not self.mode_names:
            raise ValueError(f"modes must be among {', '.join(MODES)}, got {self.modes!r}")
        named_models = named(self.models, "models")
        for name, address in named(self.judges, "judges").items():
            if not endpoint_url(address):
                raise ValueError(f"judges: {name} must be an endpoint (openai:URL), got {address!r}")
        if self.baseline and self.baseline not in named_models:
            raise ValueError(
                f"baseline must be one of the models ({', '.join(named_models)}), got {self.baseline!r}"
            )
        if "pairwise" in self.mode_names and len(named_models) < 2:
            raise ValueError("modes: pairwise needs at least 2 models")

        for name in self.own_prices:
            if name not in named_models and name not in named(self.judges, "judges"):
                raise ValueError(f"prices: {name} is neither a judge nor a model")

    @property
    def own_prices(self) -> dict[str, tuple[float, float]]:
        """Price of a million tokens of prompts and of answers, by name."""
        return (
            {name: _prices(name, told) for name, told in named(self.prices, "prices").items()}
            if self.prices
            else {}
        )

    def priced(self, settings: EndpointSettings, name: str) -> EndpointSettings:
        """The settings with the name's own prices, where it has them."""
        if name not in self.own_prices:
            return settings
        price_input, price_output = self.own_prices[name]
        return replace(settings, price_input=price_input, price_output=price_output)

    @property
    def mode_names(self) -> list[str]:
        """The modes in their order."""
        return [name.strip() for name in self.modes.split(",") if name.strip()]

    def decisive(self) -> dict[str, Any]:
        """All settings that decide what the figures are."""
        settings = asdict(self)
        for name in ("output_dir", "batch_size", "device", "judge_endpoint", "answer_endpoint", "prices"):
            del settings[name]
        return settings


def _prices(name: str, told: str) -> tuple[float, float]:
    before, slash, after = told.partition("/")
    try:
        found = float(before), float(after)
    except ValueError:
        found = -1.0, -1.0
    if not slash or not all(0 <= price < math.inf for price in found):
        raise ValueError(f"prices: {name} must be INPUT/OUTPUT, as 2.5/10, got {told!r}")
    return found


def named(text: str, setting: str) -> dict[str, str]:
    """Addresses by name.

    >>> named("a=out/a, b=openai:http://host/v1", "models")
    {'a': 'out/a', 'b': 'openai:http://host/v1'}

    Raises:
        ValueError: One has no name, a name stands twice, or there is none.
    """
    found: dict[str, str] = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        name, equals, address = part.partition("=")
        name, address = name.strip(), address.strip()
        if not (equals and name and address) or name in found or "/" in name:
            raise ValueError(f"{setting} must be NAME=ADDRESS with names that differ, got {part!r}")
        found[name] = address
    if not found:
        raise ValueError(f"{setting} must not be empty")
    return found
