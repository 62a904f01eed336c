"""From a finished corpus to one whose pairs have become documents: files in, files out, restartable."""

import os
import shutil
import time
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl
from tqdm import tqdm

from corpus.errors import CorpusError, cause_of
from corpus.pair_documents import formats
from corpus.pair_documents.balance import choose
from corpus.pair_documents.bundles import LANGUAGES, bundled, pairs_of, sizes_of
from corpus.pair_documents.settings import PLAIN, Format, PairDocuments
from corpus.pair_documents.word_switching import LEXICON_PAIRS, WordPairs, given, learned
from corpus.pipeline.atomic import (
    atomic_path,
    read_json,
    remove_partials,
    sha256_of,
    write_json,
    write_parquet,
)
from corpus.pipeline.finished import read_manifest
from corpus.pipeline.lock import held
from corpus.schema import SHARD_COLUMNS
from corpus.text_measures import measure_texts

FORMAT = 2
"""Raised whenever the same corpus and settings would give other documents."""

COLUMNS: dict[str, pl.DataType] = SHARD_COLUMNS | {
    "format": pl.String(),
    "direction": pl.String(),
    "pairs": pl.List(pl.String()),  # ids of the pairs that the document is made of, in order
}
"""What the shards of documents hold; `pair` is the bundle's, the same for all documents that are made of it."""

_NEEDED = ["id", "text", "language", "domain", "kind", "url", "license", "words", "pair"]


def make_documents(settings: PairDocuments) -> dict[str, Any]:
    """Write the corpus of documents and return its manifest; a stopped run goes on where it stood.

    Raises:
        CorpusError: There is no finished corpus, it has no pairs of Arabic and English, or the output directory holds
            something else.
    """
    source_dir, output = Path(settings.corpus), Path(settings.output_dir)
    manifest = read_manifest(source_dir)
    if output.resolve() == source_dir.resolve():
        raise CorpusError(f"output_dir: {output} is the corpus itself: name another directory")
    busy = CorpusError(f"{output}: documents are being made here already; wait, or name another directory")
    plan = {
        "format": FORMAT,
        "config": settings.decisive(),
        "lexicon_sha256": sha256_of(Path(settings.lexicon)) if Path(settings.lexicon).is_file() else "",
        "corpus_manifest_sha256": sha256_of(source_dir / "manifest.json"),
        "polars": version("polars"),
    }
    with held(output / "work" / "lock", busy):
        remove_partials(output)
        _check_place(output, plan)
        started = time.time()
        pair_shards, other_shards = _sorted_out(manifest, source_dir, settings)
        closed = {each["name"] for each in manifest["config"]["sources"] if not each.get("examples", True)}
        choices = _choose(pair_shards, source_dir, settings, closed)
        words = _words(pair_shards, choices, source_dir, settings)
        written = [
            *_write_documents(pair_shards, choices, source_dir, output, settings, words),
            *_take_over(other_shards, source_dir, output),
        ]
        content = _manifest(
            plan, settings, manifest, written, closed & {each["source"] for each in pair_shards}
        )
        if words is not None:
            content["word_pairs"] = {"pairs": words.table.height, "version": words.version}
        content["run"] = {"seconds": round(time.time() - started, 2), "corpus": settings.corpus}
        write_json(output / "manifest.json", content)
    return content


def _check_place(output: Path, plan: Mapping[str, Any]) -> None:
    """An output directory belongs to one plan."""
    path = output / "work" / "plan.json"
    if path.exists() and read_json(path) != plan:
        raise CorpusError(
            f"{output}: holds documents of another corpus or other settings: name another output_dir, or remove it"
        )
    if not path.exists():
        if (output / "manifest.json").exists():
            raise CorpusError(f"{output}: holds another corpus: name another output_dir")
        write_json(path, plan)


def _sorted_out(
    manifest: Mapping[str, Any], corpus: Path, settings: PairDocuments
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Shards with pairs that become documents, and shards that are taken over."""
    known = {each["source"] for each in manifest["shards"]}
    missing = sorted(set(settings.sources) - known)
    if missing:
        raise CorpusError(f"sources names {missing[0]!r}, which the corpus does not have: check the name")
    pair_shards, others = [], []
    for shard in manifest["shards"]:
        if _has_pairs(corpus / shard["path"]):
            if not settings.sources or shard["source"] in settings.sources:
                pair_shards.append(shard)
        elif settings.others == "link":
            others.append(shard)
    if not pair_shards:
        raise CorpusError(
            f"{corpus}: holds no pairs of Arabic and English: build it with a source of kind parallel and "
            "text_columns {en: …, ar: …}"
        )
    return pair_shards, others


def _has_pairs(path: Path) -> bool:
    try:
        languages = (
            pl.scan_parquet(path)
            .filter(pl.col("pair").is_not_null() & pl.col("language").is_in(LANGUAGES))
            .select(pl.col("language").n_unique())
            .collect()
            .item()
        )
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = cause_of(error)
        raise CorpusError(f"{path}: the shard cannot be read ({reason}): build the corpus again") from error
    return bool(languages == len(LANGUAGES))


def _bundles(corpus: Path, shard: Mapping[str, Any], settings: PairDocuments) -> pl.DataFrame:
    frame = pl.read_parquet(corpus / shard["path"], columns=_NEEDED)
    return bundled(pairs_of(frame), settings.document_words)


def _choose(
    shards: Iterable[Mapping[str, Any]], corpus: Path, settings: PairDocuments, closed: set[str]
) -> pl.DataFrame:
    """Columns `path`, `bundle`, `format`, `number`, for all bundles: balanced over each source as a whole."""
    by_source: dict[str, list[pl.DataFrame]] = {}
    for shard in tqdm(list(shards), desc="pairs", unit="shard", disable=None):
        sizes = sizes_of(_bundles(corpus, shard, settings)).with_columns(path=pl.lit(shard["path"]))
        by_source.setdefault(shard["source"], []).append(sizes)
    chosen = []
    for source, frames in by_source.items():
        if source in closed and settings.closed_sources == "leave_out":
            continue
        sizes = pl.concat(frames).with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
        shares: dict[str, float] = {PLAIN: 1.0} if source in closed else settings.formats
        rows = choose(
            sizes,
            shares,
            every=settings.use == "every",
            translation_pairs=settings.translation_pairs,
            seed=settings.seed,
        )
        chosen.append(
            rows.join(sizes.select("row", "path", "bundle"), on="row", maintain_order="left").drop("row")
        )
    if not chosen:
        raise CorpusError(
            "all pairs are of sources with examples: false, and closed_sources is leave_out: nothing is left"
        )
    return pl.concat(chosen)


def _words(
    shards: list[dict[str, Any]], choices: pl.DataFrame, corpus: Path, settings: PairDocuments
) -> WordPairs | None:
    """What word_switched exchanges, where any bundle has that format: given, or learned from the first pairs."""
    chosen = choices.filter(pl.col("format") == "word_switched")
    if not chosen.height:
        return None
    if settings.lexicon:
        return given(settings.lexicon)
    frames: list[pl.DataFrame] = []
    paths = set(chosen["path"])
    for shard in shards:
        if shard["path"] in paths and sum(frame.height for frame in frames) < LEXICON_PAIRS:
            frames.append(_bundles(corpus, shard, settings).select(LANGUAGES))
    pairs = pl.concat(frames)
    return learned(pairs["en"], pairs["ar"])


def _write_documents(
    shards: list[dict[str, Any]],
    choices: pl.DataFrame,
    corpus: Path,
    output: Path,
    settings: PairDocuments,
    words: WordPairs | None,
) -> list[dict[str, Any]]:
    written = []
    numbers: dict[str, int] = {}
    for shard in tqdm(shards, desc="documents", unit="shard", disable=None):
        number = numbers[shard["source"]] = numbers.get(shard["source"], -1) + 1
        own = choices.filter(pl.col("path") == shard["path"])
        wanted: list[Format] = own["format"].unique(maintain_order=True).sort().to_list()
        pairs: pl.DataFrame | None = None
        for name in wanted:
            source = f"{shard['source']}.{name}"
            relative = f"shards/{source}-{number:05d}.parquet"
            summary = output / "work" / f"{source}-{number:05d}.json"
            if not (summary.exists() and (output / relative).exists()):
                if pairs is None:
                    pairs = _bundles(corpus, shard, settings)
                choice = own.filter(pl.col("format") == name)
                documents = _documents(name, pairs, choice, source, settings, words)
                write_parquet(output / relative, documents)
                write_json(summary, _described(documents, output, relative, source) | {"format": name})
            written.append(read_json(summary))
    return written


def _documents(
    name: Format,
    pairs: pl.DataFrame,
    choices: pl.DataFrame,
    source: str,
    settings: PairDocuments,
    words: WordPairs | None,
) -> pl.DataFrame:
    """Rows of COLUMNS of one shard and format."""
    made = formats.make(name, pairs, choices, settings, words)
    traits = pairs.group_by("bundle", maintain_order=True).agg(
        pl.col("domain", "kind", "url", "license").first(),
        pl.col("pair").alias("pairs"),
        pair=pl.format("{}+{}", pl.col("pair").first(), pl.len() - 1),
    )
    several = name in ("translation", "monolingual")
    suffix = pl.format("#{}-{}", pl.lit(name), "part") if several else pl.lit(f"#{name}")
    per_part = settings.translation_pairs
    own_pairs = (
        pl.col("pairs").list.slice(pl.col("part") * per_part, per_part)
        if name == "translation"
        else pl.col("pairs")
    )
    whole = made.join(traits, on="bundle", maintain_order="left").with_columns(
        measure_texts(made["text"]).get_columns()
    )
    whole = whole.with_columns(
        id=pl.col("pair") + suffix, source=pl.lit(source), format=pl.lit(name), pairs=own_pairs
    )
    return whole.select(
        (pl.col(column) if column in whole.columns else pl.lit(None)).cast(kind).alias(column)
        for column, kind in COLUMNS.items()
    )


def _described(frame: pl.DataFrame, output: Path, relative: str, source: str) -> dict[str, Any]:
    totals = {name: int(frame[name].sum()) for name in ("characters", "words")}
    path = output / relative
    return {
        "path": relative,
        "source": source,
        "documents": frame.height,
        "bytes": path.stat().st_size,
        "sha256": sha256_of(path),
    } | totals


def _take_over(shards: list[dict[str, Any]], corpus: Path, output: Path) -> list[dict[str, Any]]:
    """Other shards stand in both corpora: as links, or as copies where the disk knows no links."""
    for shard in tqdm(shards, desc="others", unit="shard", disable=None):
        target = output / shard["path"]
        if target.exists():
            continue
        with atomic_path(target) as partial:
            try:
                os.link(corpus / shard["path"], partial)
            except OSError:
                shutil.copyfile(corpus / shard["path"], partial)
    return shards


def _manifest(
    plan: Mapping[str, Any],
    settings: PairDocuments,
    parent: Mapping[str, Any],
    written: list[dict[str, Any]],
    closed: set[str],
) -> dict[str, Any]:
    """All of the manifest but `run`; its `config.sources` are those of the corpus and the new ones."""
    described = {each["name"]: each for each in parent["config"]["sources"]}
    made = [shard for shard in written if "format" in shard]
    origin = {shard["source"]: shard["source"].removesuffix(f".{shard['format']}") for shard in made}
    sources = [
        *(each for each in parent["config"]["sources"] if each["name"] in {s["source"] for s in written}),
        *(described[old] | {"name": new} for new, old in origin.items()),
    ]
    counts = (
        pl.DataFrame(made, infer_schema_length=None)
        .group_by("source", "format", maintain_order=True)
        .agg(pl.col("documents", "characters", "words").sum())
    )
    fate = "became plain document pairs" if settings.closed_sources == "document_pairs" else "are left out"
    notes = [f"pairs of {name} {fate}: its source says examples: false" for name in sorted(closed)]
    return {
        "format": FORMAT,
        "daad": version("daad"),
        "config": plan["config"] | {"sources": sources},
        "corpus_manifest_sha256": plan["corpus_manifest_sha256"],
        "versions": {"polars": plan["polars"]},
        "formats": counts.to_dicts(),
        "notes": notes,
        "shards": written,
    }
