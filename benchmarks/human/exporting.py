"""What people clicked, as files."""

from pathlib import Path

import polars as pl

from benchmarks.human.report import render
from benchmarks.human.settings import ExportConfig
from benchmarks.human.store import COMMENT, open_existing
from benchmarks.human.summary import read_judgments, study_of, summarize
from corpus.pipeline.atomic import atomic_path, write_json


def write_exports(config: ExportConfig) -> list[str]:
    """Write judgments.csv and .jsonl, results.json and report.html; returns lines that say where they are.

    Raises:
        BenchmarkError: There is no study, or nobody judged anything yet.
    """
    output = Path(config.output_dir)
    store = open_existing(output)
    try:
        judgments, study, clicks = read_judgments(store), study_of(store), store.frame()
        prompts = {name: store.recall(f"prompt {name}") for name in clicks["question"].unique()}
    finally:
        store.close()
    summary = summarize(judgments, study, resamples=config.resamples, seed=config.seed)
    comments = clicks.filter((pl.col("criterion") == COMMENT) & (pl.col("value") != ""))
    rows = judgments.join(
        comments.select("annotator", "unit", comment="value"), on=["annotator", "unit"], how="left"
    ).with_columns(prompt=pl.col("question").replace_strict(prompts, return_dtype=pl.String))
    with atomic_path(output / "judgments.csv") as partial:
        rows.write_csv(partial)
    with atomic_path(output / "judgments.jsonl") as partial:
        rows.write_ndjson(partial)
    write_json(output / "results.json", summary)
    with atomic_path(output / "report.html") as partial:
        partial.write_text(render(summary, judgments, comments, prompts), encoding="utf-8")
    return [
        f"open  {output}/report.html       agreement, ranking, what was said",
        f"      {output}/results.json      every figure",
        f"      {output}/judgments.csv     one row for each judgment (also .jsonl)",
    ]
