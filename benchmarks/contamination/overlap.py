"""Where n-grams and near-duplicates of items stand in a corpus, one shard at a time."""

import json
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from benchmarks.contamination.items import asked_text, fields
from benchmarks.contamination.settings import ContaminationConfig
from benchmarks.errors import BenchmarkError
from corpus.decontamination.ngram_index import NgramIndex, load_benchmarks
from corpus.decontamination.overlap import find_hits
from corpus.dedup.minhash import band_keys, signatures
from corpus.errors import cause_of
from corpus.fold import fold
from corpus.fold.words import folded_words
from corpus.pipeline.atomic import atomic_path, write_parquet
from corpus.text_buffers import from_buffers

ROWS_AT_A_TIME = 4096
LEAST_LETTERS = 12
"""Letters of a text from which MinHash compares it: "yes" is a near-duplicate of every other "yes"."""

HITS = {
    "item": pl.Int64,
    "key": pl.UInt64,
    "similarity": pl.Float64,
    "document": pl.String,
    "source": pl.String,
}
"""An n-gram of an item (`key`), or a similarity to a paragraph, and the first document that has it."""


class Wanted(NamedTuple):
    """What is looked for.

    Attributes:
        ngrams: N-grams of all items.
        same: For each item the first one with the same folded texts, whose n-grams stand for both.
        signatures: MinHash signature of each item's passage and question.
        bands: uint64[bands, items], keys of the signatures' bands.
        told: Whether an item has letters enough for MinHash.
    """

    ngrams: NgramIndex
    same: npt.NDArray[np.int64]
    signatures: npt.NDArray[np.uint32]
    bands: npt.NDArray[np.uint64]
    told: npt.NDArray[np.bool_]


def prepare(items: pl.DataFrame, config: ContaminationConfig, directory: Path) -> Wanted:
    """Index all items; `directory` gets them as the JSONL that the corpus's own index is made from."""
    path = directory / "items.jsonl"
    texts = fields(items)
    with atomic_path(path) as partial:
        lines = (json.dumps(each, ensure_ascii=False) + "\n" for each in texts)
        partial.write_text("".join(lines), encoding="utf-8")
    index = load_benchmarks(replace(config.ngrams, benchmarks=[str(path)]))
    folded = iter(from_buffers(fold(pl.Series([text for each in texts for text in each], dtype=pl.String))))
    first: dict[tuple[str, ...], int] = {}
    same = [first.setdefault(tuple(islice(folded, len(each))), number) for number, each in enumerate(texts)]
    asked = asked_text(items)
    rows = signatures(fold(asked), config.minhash)
    told = (asked.str.replace_all(r"[^\pL]", "").str.len_chars() >= LEAST_LETTERS).to_numpy()
    return Wanted(index, np.array(same, np.int64), rows, band_keys(rows, config.minhash), told)


def shard_paths(corpus: Path) -> list[Path]:
    """The Parquet files of a corpus, in the order of their names.

    Raises:
        BenchmarkError: There are none.
    """
    root = corpus / "shards" if (corpus / "shards").is_dir() else corpus
    found = sorted(root.rglob("*.parquet"))
    if not found:
        raise BenchmarkError(f"{corpus}: no Parquet files there: give the directory that corpus.build wrote")
    return found


def look(items: pl.DataFrame, config: ContaminationConfig) -> tuple[Wanted, pl.DataFrame, int]:
    """All hits, and the number of documents that were looked through. What is done stays in `hits/`.

    Raises:
        BenchmarkError: The corpus cannot be read.
    """
    directory = Path(config.output_dir) / "hits"
    wanted = prepare(items, config, directory)
    state = sha256(repr((config.ngrams, config.minhash)).encode())
    state.update((directory / "items.jsonl").read_bytes())
    kept = directory / state.hexdigest()[:12]
    found, documents = [], 0
    for shard in tqdm(shard_paths(Path(config.corpus)), desc="shards", unit="shard", disable=None):
        told = f"{shard.resolve()} {shard.stat().st_size} {shard.stat().st_mtime_ns}"
        path = kept / f"{shard.stem}-{sha256(told.encode()).hexdigest()[:8]}.parquet"
        if not path.is_file():
            write_parquet(path, _of_shard(shard, wanted, config))
        hits = pl.read_parquet(path)
        documents += pq.read_metadata(shard).num_rows
        found.append(hits)
    merged = pl.concat(found).unique(["item", "key", "similarity"], keep="first", maintain_order=True)
    return wanted, merged, documents


def _of_shard(shard: Path, wanted: Wanted, config: ContaminationConfig) -> pl.DataFrame:
    found = [pl.DataFrame(schema=HITS)]
    for batch in _batches(shard):
        names = batch.select("id", "source")
        found += [_ngram_hits(batch["text"], names, wanted), _near_hits(batch["text"], names, wanted, config)]
    frame = pl.concat(found)
    ngrams = frame.filter(pl.col("similarity").is_null()).unique(
        ["item", "key"], keep="first", maintain_order=True
    )
    near = frame.filter(pl.col("similarity").is_not_null()).sort(
        "similarity", descending=True, maintain_order=True
    )
    return pl.concat([ngrams, near.unique("item", keep="first", maintain_order=True)])


def _batches(shard: Path) -> Iterator[pl.DataFrame]:
    try:
        file = pq.ParquetFile(shard)
        columns = [name for name in ("id", "source", "text") if name in file.schema_arrow.names]
        if "text" not in columns:
            raise BenchmarkError(f"{shard}: has no column text")
        for number, batch in enumerate(file.iter_batches(ROWS_AT_A_TIME, columns=columns)):
            frame = pl.DataFrame(pl.from_arrow(batch))
            start = number * ROWS_AT_A_TIME
            if "source" not in columns:
                frame = frame.with_columns(source=pl.lit(shard.stem))
            if "id" not in columns:
                rows = pl.int_range(start, start + pl.len()).cast(pl.String)
                frame = frame.with_columns(id=pl.lit(f"{shard.stem} row ") + rows)
            yield frame.with_columns(pl.col("id", "source").cast(pl.String))
    except (OSError, pa.ArrowException, pl.exceptions.PolarsError) as error:
        raise BenchmarkError(f"{shard}: cannot be read ({cause_of(error)})") from error


def _ngram_hits(texts: pl.Series, names: pl.DataFrame, wanted: Wanted) -> pl.DataFrame:
    hits = find_hits(folded_words(fold(texts)), wanted.ngrams).unique(
        ["item", "key"], keep="first", maintain_order=True
    )
    return hits.select(
        pl.col("item").cast(pl.Int64),
        "key",
        pl.lit(None, pl.Float64).alias("similarity"),
        document=names["id"].gather(hits["document"]),
        source=names["source"].gather(hits["document"]),
    ).sort("item", "key")


def _near_hits(
    texts: pl.Series, names: pl.DataFrame, wanted: Wanted, config: ContaminationConfig
) -> pl.DataFrame:
    """Paragraphs that resemble an item's passage and question; whole documents would hide short items."""
    lines = pl.DataFrame({"document": pl.int_range(len(texts), eager=True), "line": texts.str.split("\n")})
    lines = lines.explode("line", empty_as_null=True).filter(pl.col("line").str.len_chars() >= LEAST_LETTERS)
    if lines.is_empty():
        return pl.DataFrame(schema=HITS)
    rows = signatures(fold(lines["line"]), config.minhash)
    pairs = _candidates(band_keys(rows, config.minhash), wanted.bands)
    line, item = pairs["line"].to_numpy(), pairs["item"].to_numpy()
    similarity = (rows[line] == wanted.signatures[item]).mean(axis=1) if len(line) else np.empty(0)
    kept = (similarity >= config.minhash.minimum_similarity - 1e-9) & wanted.told[item]
    document = lines["document"].gather(line[kept])
    return pl.DataFrame(
        {
            "item": item[kept].astype(np.int64),
            "key": pl.Series([None] * int(kept.sum()), dtype=pl.UInt64),
            "similarity": similarity[kept].astype(np.float64),
            "document": names["id"].gather(document),
            "source": names["source"].gather(document),
        },
        schema=HITS,
    )


def _candidates(lines: npt.NDArray[np.uint64], items: npt.NDArray[np.uint64]) -> pl.DataFrame:
    """Pairs of line and item that share a band, each once."""
    found = []
    for of_lines, of_items in zip(lines, items, strict=True):
        left = pl.DataFrame({"key": of_lines, "line": np.arange(len(of_lines))})
        right = pl.DataFrame({"key": of_items, "item": np.arange(len(of_items))})
        found.append(left.join(right, on="key", how="inner").select("line", "item"))
    return pl.concat(found).unique().sort("line", "item")
