"""Mixtures in bytes of text, and what they are in the tokens of a tokenizer."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from corpus.pipeline.atomic import atomic_path
from experiments.errors import ExperimentError

Part = tuple[str, str, str]
"""Source, language and domain."""


@dataclass(frozen=True, kw_only=True)
class TokenMixture:
    """A mixture as one tokenizer cuts it.

    Attributes:
        weights: Share of each part in the tokens.
        tokens_per_byte: Tokens that a byte of the mixture takes.
    """

    weights: Mapping[Part, float]
    tokens_per_byte: float


def make_room(
    shares: Mapping[Part, float], added: Mapping[Part, float], arabic: Mapping[Part, float], setting: str
) -> dict[Part, float]:
    """Shares with parts added, while both languages keep the shares that they have without.

    `added` are shares of the whole, and `arabic` says how much of each added part is Arabic, from 0 to 1; the rest of
    it is English.

    Raises:
        ExperimentError: What is added, by `setting`, would hold more of a language than its share.
    """
    of_language = {
        language: sum(share for part, share in shares.items() if part[1] == language)
        for language in ("en", "ar")
    }
    taken = {
        "ar": sum(share * arabic[part] for part, share in added.items()),
        "en": sum(share * (1 - arabic[part]) for part, share in added.items()),
    }
    for language, share in of_language.items():
        if taken[language] and taken[language] >= share:
            raise ExperimentError(f"{setting} takes all of the share of {language!r}: lower it")
    left = {
        language: 1 - taken[language] / share if share else 1.0 for language, share in of_language.items()
    }
    return {part: share * left[part[1]] for part, share in shares.items()} | dict(added)


def in_tokens(shares: Mapping[Part, float], tokens: Mapping[str, Any]) -> TokenMixture:
    """A mixture in bytes as one in tokens, by the bytes that a token of each part stands for in the training files.

    `tokens` is the manifest of the token files.
    """
    per_byte = {
        (part["source"], part["language"], part["domain"]): part["train"]["tokens"] / part["train"]["bytes"]
        for part in tokens["parts"]
        if part["train"]["bytes"]
    }
    taken = {part: share * per_byte[part] for part, share in shares.items() if part in per_byte}
    total = sum(taken.values())
    return TokenMixture(weights={part: share / total for part, share in taken.items()}, tokens_per_byte=total)


def write_plan(mixture: TokenMixture, corpus_sha256: str, path: Path) -> None:
    """Write the plan as `nemo_recipes.data` reads it."""
    components = [
        {"source": source, "language": language, "domain": domain, "probability": weight}
        for (source, language, domain), weight in mixture.weights.items()
    ]
    with atomic_path(path) as partial:
        content = {"corpus_manifest_sha256": corpus_sha256, "components": components}
        partial.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
