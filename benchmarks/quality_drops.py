# ruff: noqa: T201
"""How many documents each quality rule drops: `quality_drops.py ar=FILE.jsonl.gz en=FILE.jsonl.gz ...`."""

import sys
import time
from pathlib import Path

import polars as pl

from corpus.quality import Quality, judge

reports = []
for argument in sys.argv[1:]:
    language, path = argument.split("=", 1)
    texts = pl.read_ndjson(path).get_column("text")
    languages, kinds, domains = (pl.Series([value] * len(texts)) for value in (language, "natural", "web"))
    judge(texts[:10], languages[:10], kinds[:10], domains[:10], Quality())  # compile
    start = time.process_time()
    verdicts = judge(texts, languages, kinds, domains, Quality())
    speed = texts.str.len_bytes().sum() / 1e6 / (time.process_time() - start)
    name = Path(path).name.split(".")[0]
    print(f"{name}: {len(texts)} documents, {verdicts['reason'].null_count()} stay, {speed:.0f} MB/s")
    counts = verdicts.group_by("reason").len(name)
    reports.append(counts.with_columns(pl.col("reason").fill_null("(stays)")))
table = reports[0]
for report in reports[1:]:
    table = table.join(report, on="reason", how="full", coalesce=True)
with pl.Config(
    tbl_rows=-1, tbl_formatting="MARKDOWN", tbl_hide_column_data_types=True, tbl_hide_dataframe_shape=True
):
    print(table.fill_null(0).sort(table.columns[1], descending=True))
