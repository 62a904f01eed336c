"""Pairs from anything that the corpus readers open, and from finished corpora, one block at a time."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import polars as pl

from corpus.clean_pairs.settings import CleanPairs
from corpus.errors import CorpusError
from corpus.pair_documents.bundles import pairs_of
from corpus.pipeline.finished import read_manifest
from corpus.readers.blocks import Fault
from corpus.readers.inputs import resolve
from corpus.readers.reading import cut, parse
from corpus.sources import Source


class PairBlock(NamedTuple):
    """Pairs of one block of one input.

    `pairs` has `pair` (an id, unique in the corpus), `en`, `ar`, `domain`, `kind`, `url`, `license`.
    """

    source: str
    pairs: pl.DataFrame
    faults: list[Fault]


def blocks(settings: CleanPairs) -> Iterator[PairBlock]:
    """All pairs, in the order of the settings.

    Raises:
        CorpusError: An input cannot be read at all, or the corpus holds no pairs.
    """
    for source in settings.sources:
        yield from _source_blocks(source, settings.block_megabytes << 20)
    if settings.corpus:
        yield from _corpus_blocks(Path(settings.corpus))


def examples_allowed(settings: CleanPairs) -> dict[str, bool]:
    """Whether texts of each source may be shown."""
    allowed = {source.name: source.examples for source in settings.sources}
    if settings.corpus:
        for each in read_manifest(Path(settings.corpus))["config"]["sources"]:
            allowed[each["name"]] = each.get("examples", True)
    return allowed


def _source_blocks(source: Source, block_bytes: int) -> Iterator[PairBlock]:
    left = source.max_documents or 1 << 62
    for file in resolve(source):
        stem = Path(file.path).name.split(".")[0]
        for block in cut(file, source, block_bytes):
            parsed = parse(block, source)
            wide = _wide(parsed.documents, source, stem).head(left)
            left -= wide.height
            yield PairBlock(source.name, wide, parsed.faults)
            if left <= 0:
                return


def _wide(documents: pl.DataFrame, source: Source, stem: str) -> pl.DataFrame:
    left, right = (documents.filter(pl.col("language") == language) for language in ("en", "ar"))
    name = pl.coalesce("record", pl.format("{}:{}", pl.lit(stem), "row"))
    return left.join(right.select("pair", ar="text"), on="pair", how="left", maintain_order="left").select(
        pl.format("{}/{}", pl.lit(source.name), name).alias("pair"),
        pl.col("text").alias("en"),
        "ar",
        "domain",
        pl.lit(source.kind).alias("kind"),
        "url",
        "license",
    )


def _corpus_blocks(corpus: Path) -> Iterator[PairBlock]:
    found = False
    for shard in read_manifest(corpus)["shards"]:
        pairs = pairs_of(pl.read_parquet(corpus / shard["path"]))
        if pairs.height:
            found = True
            columns = ["pair", "en", "ar", "domain", "kind", "url", "license"]
            yield PairBlock(shard["source"], pairs.select(columns), [])
    if not found:
        raise CorpusError(
            f"{corpus}: holds no pairs of Arabic and English: give a corpus that has parallel text"
        )
