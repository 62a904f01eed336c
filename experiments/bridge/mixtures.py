"""What each leg reads, planned in bytes of text."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from corpus.mixture.plan import describe
from corpus.mixture.settings import Mixture
from corpus.mixture.sizes import measure
from experiments.bridge import facts
from experiments.bridge.legs import ENGLISH
from experiments.bridge.settings import Texts
from experiments.bridge.texts import UNPAIRED
from experiments.errors import ExperimentError
from experiments.mixtures import Part, make_room


def byte_shares(settings: Texts, corpus: Path, made: Mapping[str, Any]) -> dict[str, dict[Part, float]]:
    """Share of each part in the bytes of each mixture; ALLaM's domain weights hold within a language.

    `made` is the manifest of the texts in `corpus`.

    Raises:
        CorpusError: The corpus lacks text of a language that is in no pair.
        ExperimentError: What is added would take more of a language than its share.
    """
    added = {part["source"] for part in made["parts"]}
    components = [component for component in measure(corpus)[0] if component.source not in added]
    groups = {component.source: "arabic" for component in components if component.language == "ar"}

    def plain(english: float) -> dict[Part, float]:
        wanted = {name: share for name, share in (("english", english), ("arabic", 1 - english)) if share}
        plan = describe(
            components, Mixture(corpus=str(corpus), total_tokens=10**9, shares=wanted, groups=groups)
        )
        return {
            (row["source"], row["language"], row["domain"]): float(row["probability"])
            for row in plan["components"]
            if row["probability"]
        }

    mix = plain(settings.english_share)
    told = [part for part in made["parts"] if part["source"] == facts.SOURCE]
    legs = {
        "d": [],
        "f": [
            part
            for part in made["parts"]
            if part["source"] != facts.SOURCE
            and not part["source"].endswith(f".{UNPAIRED}")
            and part["made_of"] != "translated"
        ],
        "g": translated_parts(settings, made["parts"]),
    }
    shares: dict[str, dict[Part, float]] = {ENGLISH: plain(1.0)}
    arabic = {_key(part): part["arabic"] for part in made["parts"]}
    for leg, parts in legs.items():
        extra = spread(told, settings.fact_share) | spread(parts, settings.pair_share, settings.pair_weights)
        shares[leg] = make_room(mix, extra, arabic, "texts.pair_share with texts.fact_share")
    return shares


def translated_parts(settings: Texts, parts: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What leg g adds: a given translated corpus, or the texts of the pairs, unpaired."""
    if settings.translated:
        return [part for part in parts if part["made_of"] == "translated"]
    return [part for part in parts if part["source"].endswith(f".{UNPAIRED}")]


def spread(
    parts: Sequence[Mapping[str, Any]], share: float, weights: Mapping[str, float] | None = None
) -> dict[Part, float]:
    """A share divided among what parts are made of, by weight or else by bytes, and then among parts by bytes.

    >>> parts = [{"source": name, "language": "ar", "domain": "", "bytes": size, "made_of": name[0]}
    ...          for name, size in (("a1", 1), ("a2", 3), ("b1", 4))]
    >>> list(spread(parts, 0.8).values())
    [0.1, 0.30000000000000004, 0.4]
    >>> list(spread(parts, 0.8, {"a": 3.0, "b": 1.0}).values())
    [0.15000000000000002, 0.45000000000000007, 0.2]
    """
    sizes: dict[str, int] = {}
    for part in parts:
        sizes[part["made_of"]] = sizes.get(part["made_of"], 0) + part["bytes"]
    named = {name: weights[name] for name in sizes if name in weights} if weights else {}
    if named and len(named) < len(sizes):
        missing = sorted(sizes.keys() - named.keys())
        raise ExperimentError(f"texts.pair_weights lacks {missing[0]!r}: name every source of pairs, or none")
    chosen: Mapping[str, float] = named or sizes
    total = sum(chosen.values())
    return {
        _key(part): share * chosen[part["made_of"]] / total * part["bytes"] / sizes[part["made_of"]]
        for part in parts
    }


def _key(part: Mapping[str, Any]) -> Part:
    return part["source"], part["language"], part["domain"]
