"""The corpus of the experiment: training text, held-out text that nothing has learned from, and parallel documents.

It is the user's corpus, less the documents that are neither. A document is for validation as `nemo_recipes.data.split`
says; of those, only the ones that no tokenizer learned from either (`tokenization.held_out`) stay, and of these the
first two hundredths are for tuning and the rest for the report. Both sides of a pair go the same way, and parallel
documents are made of training pairs alone.
"""

from pathlib import Path
from typing import Any

import polars as pl
from tqdm import tqdm

from corpus.mixture.sizes import measure
from corpus.pipeline.atomic import read_json, write_json, write_parquet
from corpus.pipeline.finished import within
from corpus.schema import SHARD_COLUMNS
from experiments.errors import ExperimentError
from experiments.forgetting.parallel_documents import SOURCE, parallel_documents
from experiments.forgetting.settings import Texts
from nemo_recipes.data.split import validation_mask
from tokenization.held_out import HELD_OUT_PERCENT, rest_of

FORMAT = 1
_TUNING_BELOW = 2
_PARALLEL_SHARD = "shards/parallel_text-00000.parquet"


def make_texts(settings: Texts, output: Path) -> dict[str, Any]:
    """Write the corpus unless it is there, and return its manifest.

    Raises:
        CorpusError: The user's corpus is not finished.
        ExperimentError: Texts of other settings are there, or the corpus has no pairs.
    """
    _, sha256 = measure(Path(settings.corpus))
    made_from = {
        "format": FORMAT,
        "corpus_manifest_sha256": sha256,
        "validation_share": settings.validation_share,
        "held_out": settings.held_out,
    }
    path = output / "manifest.json"
    if path.is_file():
        manifest: dict[str, Any] = read_json(path)
        if manifest["made_from"] != made_from:
            raise ExperimentError(
                f"{output}: holds texts of another corpus or other settings: choose another output_dir"
            )
        return manifest
    shards, pairs = [], []
    of_corpus = read_json(Path(settings.corpus, "manifest.json"))
    sources = of_corpus.get("config", {}).get("sources", [])
    closed = {source["name"] for source in sources if not source.get("examples", True)}
    for shard in tqdm(of_corpus["shards"], desc="texts", unit="shard"):
        kept = _kept(pl.read_parquet(within(Path(settings.corpus), shard["path"])), settings)
        pairs.append(kept.filter(~pl.col("validation") & pl.col("pair").is_not_null()))
        shards.append(_write(output, shard["path"], kept.drop("validation"), shard["source"]))
    paired = pl.concat(pairs)
    parallel = parallel_documents(paired, closed)
    if not parallel.height:
        raise ExperimentError(f"{settings.corpus}: holds no pairs of texts to make parallel documents of")
    share = int(parallel["arabic_bytes"].sum()) / int(parallel["text"].str.len_bytes().sum())
    shards.append(_write(output, _PARALLEL_SHARD, _as_shard(parallel), SOURCE))
    manifest = {
        "made_from": made_from,
        "shards": shards,
        "arabic_share_of_parallel": share,
        "without_instruction": sorted(closed & set(paired["source"])),
    }
    write_json(path, manifest)
    return manifest


def is_kept(key: str, held_out: str) -> bool:
    """Whether a validation document of an id (of a pair, for parallel text) serves as held-out text."""
    rest = rest_of(key)
    return rest < _TUNING_BELOW if held_out == "tuning" else _TUNING_BELOW <= rest < HELD_OUT_PERCENT


def _kept(documents: pl.DataFrame, settings: Texts) -> pl.DataFrame:
    mask = validation_mask(documents["id"], documents["pair"], settings.validation_share)
    keys = documents.select(pl.coalesce("pair", "id")).to_series()
    serves = [is_kept(key, settings.held_out) for key in keys]
    documents = documents.with_columns(validation=pl.Series(mask), serves=pl.Series(serves, dtype=pl.Boolean))
    return documents.filter(~pl.col("validation") | pl.col("serves")).drop("serves")


def _as_shard(parallel: pl.DataFrame) -> pl.DataFrame:
    counted = parallel.with_columns(
        characters=pl.col("text").str.len_chars(), words=pl.col("text").str.split(" ").list.len()
    )
    missing = [pl.lit(None, kind).alias(name) for name, kind in SHARD_COLUMNS.items() if name not in counted]
    return counted.with_columns(missing).select(
        pl.col(name).cast(kind) for name, kind in SHARD_COLUMNS.items()
    )


def _write(output: Path, path: str, documents: pl.DataFrame, source: str) -> dict[str, Any]:
    (output / path).parent.mkdir(parents=True, exist_ok=True)
    write_parquet(output / path, documents)
    return {
        "path": path,
        "source": source,
        "documents": documents.height,
        "words": int(documents["words"].sum()),
    }
