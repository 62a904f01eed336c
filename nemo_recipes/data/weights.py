"""The plan of a mixture as one weight for each part of the token files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from nemo_recipes.data.token_directory import TokenDirectory, TokenPart
from nemo_recipes.errors import PretrainingError


def read_plan(path: Path) -> dict[str, Any]:
    """What `python -m corpus.mixture` wrote.

    Raises:
        PretrainingError: No plan is there.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        for row in content["components"]:
            _ = row["source"], row["language"], row["domain"], float(row["probability"])
    except FileNotFoundError as error:
        raise PretrainingError(
            f"{path}: no plan of a mixture is there: python -m corpus.mixture writes one, data.plan names it"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, KeyError, TypeError) as error:
        raise PretrainingError(
            f"{path}: not the plan of a mixture ({type(error).__name__}): plan again"
        ) from error
    plan: dict[str, Any] = content
    return plan


def weights_of(
    plan: Mapping[str, Any],
    directory: TokenDirectory,
    replay_share: float | None = None,
    replay_language: str = "en",
) -> dict[str, float]:
    """Share of the trained tokens by part name, adding up to 1; parts without a share are not named.

    Raises:
        PretrainingError: The plan is of another corpus, or gives a share to a part without training tokens.
    """
    planned = plan.get("corpus_manifest_sha256", "")
    if planned and directory.corpus_manifest_sha256 and planned != directory.corpus_manifest_sha256:
        raise PretrainingError(
            f"{directory.path}: token files of another corpus than the plan's: plan the mixture of this corpus, or "
            "make its token files"
        )
    parts = {(part.source, part.language, part.domain): part for part in directory.parts}
    weights: dict[str, float] = {}
    for row in plan["components"]:
        if not row["probability"]:
            continue
        part = parts.get((row["source"], row["language"], row["domain"]))
        if part is None or not part.train_tokens:
            raise PretrainingError(
                f"{directory.path}: the plan gives {row['source']} ({row['language']}, {row['domain']}) a share of "
                f"{row['probability']:.4f}, but there are no training tokens of it: plan again, or lower "
                "validation_share"
            )
        weights[part.name] = float(row["probability"])
    total = sum(weights.values())
    weights = {name: weight / total for name, weight in weights.items()}
    return (
        weights
        if replay_share is None
        else with_replay(weights, directory.parts, replay_share, replay_language)
    )


def with_replay(
    weights: Mapping[str, float], parts: Sequence[TokenPart], share: float, language: str
) -> dict[str, float]:
    """Give the parts of a language a share of their own; within it and without it the proportions stay.

    Raises:
        PretrainingError: There is no text of the language, or of any other, to give its share to.
    """
    known = {part.name for part in parts if part.language == language}
    replayed = sum(weight for name, weight in weights.items() if name in known)
    others = sum(weight for name, weight in weights.items() if name not in known)
    if (share and not replayed) or (share < 1 and not others):
        lacking = f"language {language!r}" if share and not replayed else f"languages other than {language!r}"
        raise PretrainingError(
            f"replay_share {share:g}: the plan has no text of {lacking}: plan a mixture that has"
        )
    factors = {True: share / replayed if replayed else 0.0, False: (1 - share) / others if others else 0.0}
    return {
        name: weight * factors[name in known] for name, weight in weights.items() if factors[name in known]
    }
