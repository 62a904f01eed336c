"""Texts of an experiment's own corpus: which documents of the user's corpus stay in it, and shards that are written.

A document is for validation as `nemo_recipes.data.split` says; of those, only the ones that no tokenizer learned from
either (`tokenization.held_out`) stay, and of these the first two hundredths are for tuning and the rest for the report.
Both sides of a pair go the same way.
"""

from pathlib import Path
from typing import Any

import polars as pl

from corpus.pipeline.atomic import read_json, write_parquet
from corpus.schema import SHARD_COLUMNS
from experiments.errors import ExperimentError
from nemo_recipes.data.split import validation_mask
from tokenization.held_out import HELD_OUT_PERCENT, rest_of

_TUNING_BELOW = 2


def is_kept(key: str, held_out: str) -> bool:
    """Whether a validation document of an id (of a pair, for parallel text) serves as held-out text."""
    rest = rest_of(key)
    return rest < _TUNING_BELOW if held_out == "tuning" else _TUNING_BELOW <= rest < HELD_OUT_PERCENT


def kept(documents: pl.DataFrame, validation_share: float, held_out: str) -> pl.DataFrame:
    """Documents that are trained on or serve as held-out text, with the column `validation`."""
    mask = validation_mask(documents["id"], documents["pair"], validation_share)
    keys = documents.select(pl.coalesce("pair", "id")).to_series()
    serves = [is_kept(key, held_out) for key in keys]
    documents = documents.with_columns(validation=pl.Series(mask), serves=pl.Series(serves, dtype=pl.Boolean))
    return documents.filter(~pl.col("validation") | pl.col("serves")).drop("serves")


def as_shard(documents: pl.DataFrame) -> pl.DataFrame:
    """Documents that an experiment made itself, with all columns of a shard; null where they say nothing."""
    counted = documents.with_columns(
        characters=pl.col("text").str.len_chars(), words=pl.col("text").str.split(" ").list.len()
    )
    missing = [pl.lit(None, kind).alias(name) for name, kind in SHARD_COLUMNS.items() if name not in counted]
    return counted.with_columns(missing).select(
        pl.col(name).cast(kind) for name, kind in SHARD_COLUMNS.items()
    )


def write_shard(output: Path, path: str, documents: pl.DataFrame, source: str) -> dict[str, Any]:
    """Write a shard, and describe it for the manifest."""
    (output / path).parent.mkdir(parents=True, exist_ok=True)
    write_parquet(output / path, documents)
    return {
        "path": path,
        "source": source,
        "documents": documents.height,
        "words": int(documents["words"].sum()),
    }


def made_before(output: Path, made_from: dict[str, Any]) -> dict[str, Any] | None:
    """The manifest of texts that are there, None where there are none.

    Raises:
        ExperimentError: They are of another corpus or other settings.
    """
    path = output / "manifest.json"
    if not path.is_file():
        return None
    manifest: dict[str, Any] = read_json(path)
    if manifest["made_from"] != made_from:
        raise ExperimentError(
            f"{output}: holds texts of another corpus or other settings: choose another output_dir"
        )
    return manifest
