"""The plan file of a mixture, and how it reads on a terminal."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from corpus.errors import CorpusError
from corpus.mixture.sampler import budgets, given_away, sample
from corpus.mixture.settings import GROUPS, Group, Mixture
from corpus.mixture.sizes import Component, exact, group_of, measure, tokens_of

FORMAT = 1


def plan(settings: Mixture) -> dict[str, Any]:
    """The mixture of a corpus as a plan: plain data, the same for the same corpus and settings.

    Raises:
        CorpusError: The corpus cannot be read, or does not hold what the mixture asks for.
    """
    components, digest = measure(Path(settings.corpus))
    return describe(components, settings, digest)


def describe(components: Sequence[Component], settings: Mixture, manifest_sha256: str = "") -> dict[str, Any]:
    """The plan of components that were measured.

    Raises:
        CorpusError: `groups` names a source that is not there, or the mixture cannot be made.
    """
    unknown = sorted(settings.groups.keys() - {component.source for component in components})
    if unknown:
        raise CorpusError(
            f"mixture: groups names source {unknown[0]!r}, which the corpus does not have: check the name"
        )
    grouped = [(component, group_of(component, settings.groups)) for component in components]
    sampled = [(component, group) for component, group in grouped if group is not None]
    sizes = [tokens_of(component, settings.tokens_by_language) for component, _ in sampled]
    parts = [
        (group, component.domain, size, component.format)
        for (component, group), size in zip(sampled, sizes, strict=True)
    ]
    probabilities, shares = sample(parts, settings)
    tokens = budgets(settings.total_tokens, probabilities)
    rows = [
        _row(component, group, size, probability, budget, settings)
        for (component, group), size, probability, budget in zip(
            sampled, sizes, probabilities, tokens, strict=True
        )
    ]
    return {
        "format": FORMAT,
        "corpus_manifest_sha256": manifest_sha256,
        "total_tokens": settings.total_tokens,
        "unit": "tokens, estimated as words x tokens_per_word",
        "tokens_per_word": dict(settings.tokens_per_word),
        "shares": {group: float(shares[group]) for group in GROUPS if group in shares},
        "formats": _by_format(rows),
        "maximum_epochs": settings.maximum_epochs,
        "notes": [
            *given_away(shares, settings),
            *_without_share(sampled, shares),
            *_warnings(rows, settings),
            *_left_out(grouped),
        ],
        "components": sorted(rows, key=lambda row: (GROUPS.index(row["group"]), -row["budget_tokens"])),
    }


def table(content: dict[str, Any]) -> str:
    """The plan as aligned lines.

    >>> row = {"group": "english", "source": "wiki", "language": "en", "domain": "web", "domain_weight": 1.0,
    ...        "tokens": 50, "probability": 1.0, "budget_tokens": 250, "epochs": 5.0, "repeated": True}
    >>> print(table({"total_tokens": 250, "unit": "tokens", "components": [row], "notes": []}))
    group    source  language  domain  weight  tokens  probability  budget  epochs
    english  wiki    en        web          1      50       1.0000     250    5.00 !
    total 250 tokens
    """
    heads = ("group", "source", "language", "domain", "weight", "tokens", "probability", "budget", "epochs")
    lines = [heads] + [
        (
            row["group"],
            row["source"],
            row["language"],
            row["domain"],
            f"{row['domain_weight']:g}",
            f"{row['tokens']:,}",
            f"{row['probability']:.4f}",
            f"{row['budget_tokens']:,}",
            f"{row['epochs']:.2f}",
        )
        for row in content["components"]
    ]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    marks = [""] + [" !" if row["repeated"] else "" for row in content["components"]]
    shown = [
        "  ".join(
            cell.ljust(width) if column < 4 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        + mark
        for line, mark in zip(lines, marks, strict=True)
    ]
    total = f"total {content['total_tokens']:,} {content['unit']}"
    return "\n".join([*shown, total, *(f"note: {note}" for note in content["notes"])])


def _row(
    component: Component, group: Group, size: Fraction, probability: Fraction, budget: int, settings: Mixture
) -> dict[str, Any]:
    epochs = budget / size if size else Fraction(0)
    per_word = exact(settings.tokens_by_language[component.language])
    return {
        "source": component.source,
        "language": component.language,
        "domain": component.domain,
        "kind": component.kind,
        "group": group,
        "format": component.format,
        "domain_weight": float(settings.domain_weights.get(group, {}).get(component.domain, 1)),
        "documents": component.documents,
        "words": component.words,
        "tokens": round(size),
        "probability": float(probability),
        "budget_tokens": budget,
        "epochs": round(float(epochs), 4),
        "repeated": epochs > exact(settings.warn_epochs),
        "shards": [
            {
                "path": shard.path,
                "documents": shard.documents,
                "words": shard.words,
                "tokens": round(shard.words * per_word),
            }
            for shard in component.shards
        ],
    }


def _by_format(rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Token budget of each format of pairs."""
    budgets_by_format: dict[str, int] = {}
    for row in rows:
        if row["format"]:
            budgets_by_format[row["format"]] = budgets_by_format.get(row["format"], 0) + row["budget_tokens"]
    return budgets_by_format


def _warnings(rows: Sequence[dict[str, Any]], settings: Mixture) -> list[str]:
    return [
        f"{row['source']} ({row['language']}, {row['domain']}) would be read {row['epochs']:.1f} times, more than "
        f"{settings.warn_epochs:g}: find more text for group {row['group']}, lower total_tokens or set maximum_epochs"
        for row in rows
        if row["repeated"]
    ]


def _without_share(sampled: Sequence[tuple[Component, Group]], shares: Mapping[Group, Fraction]) -> list[str]:
    there = {group for _, group in sampled}
    return [
        f"group {group} has no share, its text is not read"
        for group in GROUPS
        if group in there - shares.keys()
    ]


def _left_out(grouped: Sequence[tuple[Component, Group | None]]) -> list[str]:
    return [
        f"{component.name} is left out, {component.documents:,} documents: the mixture has no group of its language"
        for component, group in grouped
        if group is None
    ]
