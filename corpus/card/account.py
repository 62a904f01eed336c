"""What the manifest says of the documents, added up the way the card shows it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Manifest = Mapping[str, Any]

STAGES: dict[str, str] = {
    "read": "files become documents",
    "normalize": "text is mended, gently",
    "language": "other languages go",
    "quality": "poor text goes",
    "toxicity": "listed words go",
    "privacy": "personal data is masked",
    "decontamination": "benchmark items go",
    "exact": "equal texts: one stays",
    "boilerplate": "repeated lines go",
    "near": "near-equal texts: one stays",
}
"""The stages in their order, and what each does in a few words."""

LANGUAGES: dict[str, str] = {
    "ar": "Arabic",
    "en": "English",
    "fa": "Persian",
    "ur": "Urdu",
    "ckb": "Kurdish (Sorani)",
    "ps": "Pashto",
    "he": "Hebrew",
    "fr": "French",
    "de": "German",
    "es": "Spanish",
    "tr": "Turkish",
    "arz": "Egyptian Arabic",
    "und": "not identified",
    "": "not known",
}
"""Names of the languages that are met most; others keep their code."""

RIGHT_TO_LEFT = frozenset({"ar", "arz", "fa", "ur", "ckb", "ps", "he", "sd", "ug", "yi", "dv"})
"""Languages written from right to left."""


@dataclass
class StageTotals:
    """What one stage took in and let out, over all sources; characters are Unicode code points."""

    name: str
    documents_in: int = 0
    documents_out: int = 0
    characters_in: int = 0
    characters_out: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)
    languages_in: Counter[str] = field(default_factory=Counter)
    languages_out: Counter[str] = field(default_factory=Counter)


@dataclass
class GroupTotals:
    """Documents and characters of a group when they were read, and the documents that went on the way."""

    documents_in: int = 0
    characters_in: int = 0
    documents_dropped: int = 0

    @property
    def documents_out(self) -> int:
        """Documents that stay."""
        return self.documents_in - self.documents_dropped


def stage_totals(manifest: Manifest) -> list[StageTotals]:
    """Totals of every stage that the manifest counts, in their order; unknown ones last."""
    totals: dict[str, StageTotals] = {}
    for row in manifest["counts"]:
        stage = totals.setdefault(row["stage"], StageTotals(row["stage"]))
        for name in ("documents_in", "documents_out", "characters_in", "characters_out"):
            setattr(stage, name, getattr(stage, name) + row[name])
        stage.dropped.update(row["dropped"])
        stage.changes.update(row.get("changes", {}))
        stage.languages_in[row["language"]] += row["documents_in"]
        stage.languages_out[row["language"]] += row["documents_out"]
    for row in manifest.get("changes", []):
        totals.setdefault(row["stage"], StageTotals(row["stage"])).changes.update(row["changes"])
    known = [totals[name] for name in STAGES if name in totals]
    return known + [totals[name] for name in totals if name not in STAGES]


def group_totals(manifest: Manifest, *labels: str) -> dict[tuple[str, ...], GroupTotals]:
    """Totals by the given columns of `counts`, e.g. source and language, sorted by them."""
    order = list(STAGES)
    stages = {row["stage"] for row in manifest["counts"]}
    first = min(stages, key=lambda name: order.index(name) if name in order else len(order), default="")
    groups: dict[tuple[str, ...], GroupTotals] = {}
    for row in manifest["counts"]:
        group = groups.setdefault(tuple(row[label] for label in labels), GroupTotals())
        if row["stage"] == first:
            group.documents_in += row["documents_in"]
            group.characters_in += row["characters_in"]
        group.documents_dropped += sum(row["dropped"].values())
    return dict(sorted(groups.items()))


def ranked_languages(stages: Sequence[StageTotals], most: int = 4) -> list[str]:
    """The languages that the card tells apart by color: those with most documents at the end, then at the start."""
    if not stages:
        return []
    first, last = stages[0].languages_in, stages[-1].languages_out
    named = sorted(first | last, key=lambda name: (-last[name], -first[name], name))
    return named[:most]


def drop_reasons(stages: Iterable[StageTotals]) -> list[tuple[str, str, int]]:
    """Stage, reason and number of documents, the most frequent first."""
    found = [(stage.name, reason, number) for stage in stages for reason, number in stage.dropped.items()]
    return sorted((row for row in found if row[2]), key=lambda row: (-row[2], row[0], row[1]))


def language_name(code: str) -> str:
    """A language as the reader calls it.

    >>> language_name("ar"), language_name("sw")
    ('Arabic', 'sw')
    """
    return LANGUAGES.get(code, code)


def showable_sources(manifest: Manifest) -> set[str]:
    """Names of the sources whose texts may be shown (`examples: true` in the config)."""
    return {source["name"] for source in manifest["config"]["sources"] if source.get("examples", True)}
