"""What each leg reads, planned in bytes of text: the same text for every tokenizer, whatever it takes in tokens."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from corpus.mixture.plan import plan
from corpus.mixture.settings import Mixture
from corpus.mixture.sizes import measure
from corpus.pipeline.atomic import atomic_path
from experiments.errors import ExperimentError
from experiments.forgetting.legs import MixtureName
from experiments.forgetting.parallel_documents import DOMAIN, LANGUAGE, SOURCE

Part = tuple[str, str, str]
"""Source, language and domain."""


def byte_shares(
    corpus: Path, name: MixtureName, *, english_share: float, parallel_share: float, arabic_of_parallel: float
) -> dict[Part, float]:
    """Share of each part in the bytes of a mixture; ALLaM's domain weights hold within a language.

    Arabic that is one side of a pair counts as any other Arabic. In the mixture with parallel documents, both languages
    keep the shares that they have without.

    Raises:
        CorpusError: The corpus lacks a language.
        ExperimentError: Parallel documents would hold more of a language than its share.
    """
    english = {"english": 1.0, "arabic": 0.0}.get(name, english_share)
    arabic = {component.source: "arabic" for component in measure(corpus)[0] if component.language == "ar"}
    wanted = {group: share for group, share in (("english", english), ("arabic", 1 - english)) if share}
    rows = plan(Mixture(corpus=str(corpus), total_tokens=10**9, shares=wanted, groups=arabic))["components"]
    shares = {
        (row["source"], row["language"], row["domain"]): float(row["probability"])
        for row in rows
        if row["probability"]
    }
    if name != "parallel":
        return shares
    of_language = {"en": english, "ar": 1 - english}
    taken = {"en": parallel_share * (1 - arabic_of_parallel), "ar": parallel_share * arabic_of_parallel}
    for language, share in of_language.items():
        if taken[language] >= share:
            raise ExperimentError(
                f"texts.parallel_share {parallel_share:g} takes all of the share of {language!r}: lower it"
            )
    left = {language: 1 - taken[language] / share for language, share in of_language.items()}
    return {part: share * left[part[1]] for part, share in shares.items()} | {
        (SOURCE, LANGUAGE, DOMAIN): parallel_share
    }


@dataclass(frozen=True, kw_only=True)
class TokenMixture:
    """A mixture as one tokenizer cuts it.

    Attributes:
        weights: Share of each part in the tokens.
        tokens_per_byte: Tokens that a byte of the mixture takes.
    """

    weights: Mapping[Part, float]
    tokens_per_byte: float


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
