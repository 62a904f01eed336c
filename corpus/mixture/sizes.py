"""How much of what a corpus holds."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl

from corpus.errors import CorpusError, cause_of
from corpus.mixture.settings import Group
from corpus.pipeline.finished import within

_TRAITS = ("source", "language", "domain", "kind", "format")


@dataclass(frozen=True, kw_only=True)
class ShardShare:
    """What one shard holds of a component."""

    path: str
    documents: int
    words: int


@dataclass(frozen=True, kw_only=True)
class Component:
    """Texts of one source, language, domain and kind: what the sampler gives one probability.

    `format` is how pairs were made into documents, empty for other text.
    """

    source: str
    language: str
    domain: str
    kind: str
    shards: tuple[ShardShare, ...]
    format: str = ""

    @property
    def documents(self) -> int:
        """Documents over all shards."""
        return sum(shard.documents for shard in self.shards)

    @property
    def words(self) -> int:
        """Words over all shards."""
        return sum(shard.words for shard in self.shards)

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"{self.source} ({self.language}, {self.domain}, {self.kind})"


def measure(corpus_dir: Path) -> tuple[list[Component], str]:
    """The components of a finished corpus in a fixed order, and the SHA-256 of its manifest.

    The manifest counts by shard only, and a shard may hold two languages and many domains, so a few small columns
    of the shards are read; their sums must be those of the manifest.

    Raises:
        CorpusError: No finished corpus is there, or its shards are not those of its manifest.
    """
    manifest_path = corpus_dir / "manifest.json"
    try:
        content = manifest_path.read_bytes()
        listed: list[dict[str, Any]] = list(json.loads(content)["shards"])
        _ = [within(corpus_dir, shard["path"]) for shard in listed]
    except FileNotFoundError as error:
        raise CorpusError(
            f"{corpus_dir}: no manifest.json: give the output_dir of a build that has finished"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise CorpusError(
            f"{manifest_path}: not a corpus manifest ({error!r}): build the corpus again"
        ) from error
    found: dict[tuple[str, ...], list[ShardShare]] = {}
    for shard in sorted(listed, key=lambda shard: str(shard["path"])):
        for row in _sums(corpus_dir, shard).iter_rows(named=True):
            share = ShardShare(path=shard["path"], documents=row["documents"], words=row["words"])
            found.setdefault(tuple(row[trait] for trait in _TRAITS), []).append(share)
    components = [
        Component(
            source=source, language=language, domain=domain, kind=kind, shards=tuple(shards), format=form
        )
        for (source, language, domain, kind, form), shards in sorted(found.items())
    ]
    return components, hashlib.sha256(content).hexdigest()


def group_of(component: Component, groups: Mapping[str, str]) -> Group | None:
    """The group that a component counts to; None for a language that has none.

    >>> pair = Component(source="ntrex", language="ar", domain="news", kind="parallel", shards=())
    >>> group_of(pair, {}), group_of(pair, {"ntrex": "arabic"})
    ('translated_arabic', 'arabic')
    """
    if component.language == "en":
        return "english"
    if component.language == "mul" and component.format:
        return "bilingual"
    if component.language != "ar":
        return None
    if component.source in groups:
        # A parallel source is named for its Arabic side; its English side is English in any case.
        return "translated_arabic" if groups[component.source] == "translated_arabic" else "arabic"
    return "translated_arabic" if component.kind in ("translated", "parallel") else "arabic"


def tokens_of(component: Component, tokens_per_word: Mapping[str, float]) -> Fraction:
    """Estimated tokens of a component."""
    return component.words * exact(tokens_per_word[component.language])


def exact(value: float) -> Fraction:
    """The fraction that a setting was written as: 0.225 is 9/40, not the nearest float.

    >>> exact(0.225)
    Fraction(9, 40)
    """
    return Fraction(repr(value))


def _sums(corpus_dir: Path, shard: Mapping[str, Any]) -> pl.DataFrame:
    path = corpus_dir / shard["path"]
    try:
        shard_columns = pl.read_parquet_schema(path)
        form = pl.col("format").fill_null("") if "format" in shard_columns else pl.lit("")
        sums = (
            pl.scan_parquet(path)
            .with_columns(format=form)
            .group_by(*_TRAITS)
            .agg(documents=pl.len().cast(pl.Int64), words=pl.col("words").sum())
            .sort(*_TRAITS)
            .collect()
        )
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = cause_of(error)
        raise CorpusError(f"{path}: the shard cannot be read ({reason}): build the corpus again") from error
    for column in ("documents", "words"):
        if sums[column].sum() != shard[column]:
            raise CorpusError(
                f"{path}: holds {sums[column].sum():,} {column} where the manifest says {shard[column]:,}: "
                "build the corpus again"
            )
    return sums
