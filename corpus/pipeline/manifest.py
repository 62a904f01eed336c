"""The manifest: what was built, from what, how, and what became of every document."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from corpus.build_config import BuildConfig
from corpus.pipeline.flow import add_counts
from corpus.pipeline.layout import FORMAT, versions
from corpus.pipeline.shards import LENGTH_EDGES, ShardSummary

_LARGEST_CLUSTERS = 20
_CLUSTER_IDS = 20


def make_manifest(
    config: BuildConfig,
    inputs: Sequence[dict[str, Any]],
    parts: Sequence[tuple[str, dict[str, Any]]],
    shards: Sequence[ShardSummary],
    clusters: pl.DataFrame,
    renamed: int,
    daad_version: str,
) -> dict[str, Any]:
    """All of the manifest but `run`; the same for the same input and settings.

    `parts` are (source, summary) of each part; `clusters` has the columns of `clusters.parquet`.
    """
    rows = [row for _, summary in parts for row in summary["counts"]]
    rows += [row for shard in shards for row in shard.counts]
    changes: dict[tuple[str, str], dict[str, int]] = {}
    by_rule: dict[str, int] = {}
    changed = [(source, summary["changes"]) for source, summary in parts]
    changed += [(shard.source, shard.changes) for shard in shards]
    for source, stages in changed:
        for stage, counts in stages.items():
            _add(changes.setdefault((source, stage), {}), counts)
    for _, summary in parts:
        _add(by_rule, summary["faults"])
    return {
        "format": FORMAT,
        "daad": daad_version,
        "config": config.decisive(),
        "versions": versions(),
        "inputs": list(inputs),
        "counts": add_counts(rows),
        "changes": [
            {"source": source, "stage": stage, "changes": counts}
            for (source, stage), counts in changes.items()
        ],
        "lengths": _lengths(shards),
        "duplicates": _duplicates(clusters),
        "quarantine": {"records": sum(by_rule.values()), "by_rule": by_rule},
        "renamed_ids": renamed,
        "shards": [_placed("shards", shard.source, shard.shard) for shard in shards if shard.shard],
        "dropped": [_placed("dropped", shard.source, shard.dropped) for shard in shards if shard.dropped],
    }


def _placed(directory: str, source: str, described: dict[str, Any]) -> dict[str, Any]:
    return {"source": source} | described | {"path": f"{directory}/{described['path']}"}


def _add(total: dict[str, int], counts: dict[str, int]) -> None:
    for name, count in counts.items():
        total[name] = total.get(name, 0) + count


def _lengths(shards: Sequence[ShardSummary]) -> list[dict[str, Any]]:
    """Histogram of words per kept document, for each source and language."""
    sums: dict[tuple[str, str], list[int]] = {}
    for shard in shards:
        for language, counts in shard.lengths.items():
            before = sums.get((shard.source, language), [0] * len(counts))
            sums[shard.source, language] = [a + b for a, b in zip(before, counts, strict=True)]
    return [
        {"source": source, "language": language, "edges": list(LENGTH_EDGES), "documents": counts}
        for (source, language), counts in sums.items()
    ]


def _duplicates(clusters: pl.DataFrame) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for stage in ("exact", "near"):
        rows = clusters.filter(pl.col("stage") == stage)
        result[stage] = {"clusters": rows["kept"].n_unique(), "dropped": rows.height}
    largest = (
        clusters.group_by("stage", "kept", maintain_order=True)
        .agg(pl.col("dropped").head(_CLUSTER_IDS), size=pl.len() + 1)
        .sort("size", descending=True, maintain_order=True)
        .head(_LARGEST_CLUSTERS)
    )
    result["largest"] = largest.select("stage", "size", "kept", "dropped").to_dicts()
    return result
