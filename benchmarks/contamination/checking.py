"""One check: items gathered, the corpus looked through, verdicts and scores written."""

from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.contamination.items import fields, gather
from benchmarks.contamination.overlap import look
from benchmarks.contamination.report import as_markdown, render
from benchmarks.contamination.settings import ContaminationConfig
from benchmarks.contamination.verdicts import counts, judge, scores
from benchmarks.report.writing import read_run
from corpus.pipeline.atomic import atomic_path, write_json, write_parquet

FORMAT = 1


def check(config: ContaminationConfig) -> dict[str, Any]:
    """Look for all items, and write what was found; returns what `results.json` holds.

    Raises:
        BenchmarkError: Items, runs or corpus cannot be read.
    """
    output = Path(config.output_dir)
    items, missing = gather(config)
    wanted, hits, documents = look(items, config)
    judged = judge(items, wanted, hits, config.minimum_share)
    settings = {"resamples": config.resamples, "seed": config.seed}
    results = {
        "format": FORMAT,
        "daad": version("daad"),
        "config": config.decisive(),
        "corpus": f"{Path(config.corpus).name}, {documents:,} documents",
        "signature": _signature(items, documents, config),
        "tasks": counts(judged),
        "missing": missing,
        "scores": [
            row
            for directory in config.run_directories
            for row in scores(directory, read_run(directory), judged, **settings)
        ],
    }
    write_parquet(output / "items.parquet", judged)
    write_json(output / "results.json", results)
    for name, text in (
        ("items.csv", judged.write_csv()),
        ("results.md", as_markdown(results)),
        ("report.html", render(results, judged)),
    ):
        with atomic_path(output / name) as partial:
            partial.write_text(text, encoding="utf-8")
    return results


def _signature(items: pl.DataFrame, documents: int, config: ContaminationConfig) -> str:
    parts = {
        "items": items.height,
        "data": sha256(repr(fields(items)).encode()).hexdigest()[:12],
        "documents": documents,
        "ngram": config.ngram_words,
        "whole": config.minimum_words,
        "share": f">{config.minimum_share:g}",
        "minhash": f"{config.shingle_size}-gram>={config.minimum_similarity:g}",
        "fold": "daad",
        "daad": version("daad"),
    }
    return "|".join(f"{name}:{value}" for name, value in parts.items())
