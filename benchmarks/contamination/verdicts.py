"""From hits to a verdict on each item, and to scores with and without contaminated ones."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.contamination.overlap import Wanted
from benchmarks.scoring.averages import micro
from benchmarks.scoring.summary import credit_by

KINDS = {
    "clean": "no n-gram and no near-duplicate of it was found",
    "contaminated": "n-grams or a near-duplicate of it stand in the corpus",
    "short": "too short for n-grams, and no near-duplicate was found: cannot be told",
}
"""What is said of an item."""


def judge(items: pl.DataFrame, wanted: Wanted, hits: pl.DataFrame, minimum_share: float) -> pl.DataFrame:
    """One row for each item.

    Columns task, id, ngrams (in the index), found (of them in the corpus), share, similarity (of the nearest
    paragraph, null where none is near), document and source of the first hit, and verdict.
    """
    by_item = (
        hits.group_by("item", maintain_order=True)
        .agg(
            found=pl.col("key").drop_nulls().n_unique(),
            similarity=pl.col("similarity").max(),
            document=pl.col("document").first(),
            source=pl.col("source").first(),
        )
        .cast({"found": pl.Int64})
    )
    of_same = pl.DataFrame({"item": pl.int_range(items.height, eager=True), "same": wanted.same})
    ngrams = pl.DataFrame(
        {"same": pl.int_range(items.height, eager=True), "ngrams": wanted.ngrams.item_ngrams}
    )
    named = pl.concat([items.select("task", "id"), of_same], how="horizontal").join(
        ngrams, on="same", how="left", maintain_order="left"
    )
    judged = named.join(by_item.rename({"item": "same"}), on="same", how="left", maintain_order="left")
    judged = judged.with_columns(pl.col("found").fill_null(0)).with_columns(
        share=pl.when(pl.col("ngrams") > 0).then(pl.col("found") / pl.col("ngrams"))
    )
    dirty = (pl.col("share").fill_null(0) > minimum_share) | pl.col("similarity").is_not_null()
    verdict = (
        pl.when(dirty)
        .then(pl.lit("contaminated"))
        .when(pl.col("ngrams") == 0)
        .then(pl.lit("short"))
        .otherwise(pl.lit("clean"))
    )
    return judged.with_columns(verdict=verdict).select(
        "task", "id", "ngrams", "found", "share", "similarity", "document", "source", "verdict"
    )


def counts(judged: pl.DataFrame) -> list[dict[str, Any]]:
    """Items of each task by verdict, and the sources that most of the contaminated ones stand in."""
    found = []
    for (task,), rows in judged.group_by("task", maintain_order=True):
        dirty = rows.filter(verdict="contaminated")
        sources = (
            dirty["source"]
            .value_counts(sort=True, name="items")
            .sort(["items", "source"], descending=[True, False])
        )
        found.append(
            {
                "task": task,
                "items": rows.height,
                **{kind: rows.filter(verdict=kind).height for kind in KINDS},
                "by_ngrams": dirty.filter(pl.col("found") > 0).height,
                "by_similarity": dirty.filter(pl.col("similarity").is_not_null()).height,
                "half": rows.filter(pl.col("share") >= 0.5).height,
                "most": rows.filter(pl.col("share") >= 0.8).height,
                "sources": dict(sources.head(5).rows()),
            }
        )
    return found


def scores(
    directory: Path, results: Mapping[str, Any], judged: pl.DataFrame, *, resamples: int, seed: int
) -> list[dict[str, Any]]:
    """Each score of a run over all its items, without the contaminated ones, and over them alone."""
    dirty = judged.filter(verdict="contaminated")
    found = []
    for score in results["scores"]:
        rows = pl.read_parquet(directory / "items" / f"{score['task']}.parquet")
        is_dirty = rows["id"].is_in(dirty.filter(task=score["task"])["id"].implode())
        earned = credit_by(rows, score["rule"])
        parts = {}
        for name, chosen in (("all", None), ("without", ~is_dirty), ("only", is_dirty)):
            part = earned if chosen is None else earned[chosen.to_numpy()]
            parts[name] = (
                {"items": len(part), **asdict(micro(part, resamples=resamples, seed=seed))}
                if len(part)
                else None
            )
        found.append(
            {name: score[name] for name in ("task", "title", "rule", "first", "signature")}
            | {"model": results["model"]["name"]}
            | parts
        )
    return found
