"""Texts to be measured: documents of a corpus that nothing was learned from, or a file of the user's."""

from pathlib import Path

import polars as pl

from benchmarks.errors import BenchmarkError
from benchmarks.tasks.rows import read_rows
from tokenization.held_out import is_held_out, rest_of

GROUPS = ("language", "dialect", "domain")


def read_texts(path: Path, documents: int, characters: int) -> pl.DataFrame:
    """Columns id, text, language, dialect, domain; at most so many documents of each group, drawn by their ids.

    Raises:
        BenchmarkError: There is no text there.
    """
    frame = _of_corpus(path) if (path / "shards").is_dir() else _of_files(path)
    if characters:
        frame = frame.with_columns(pl.col("text").str.slice(0, characters))
    frame = frame.filter(pl.col("text").str.strip_chars() != "")
    if frame.is_empty():
        raise BenchmarkError(
            f"{path}: holds no text to measure: give a corpus with held-out documents, or a file"
        )
    if documents:
        drawn = pl.Series("drawn", [rest_of(f"{key} drawn") for key in frame["id"]])
        frame = frame.with_columns(drawn).sort("drawn", "id").drop("drawn").group_by(GROUPS).head(documents)
    return frame.select("id", "text", *GROUPS).sort(*GROUPS, "id")


def _of_corpus(path: Path) -> pl.DataFrame:
    shards = sorted((path / "shards").glob("*.parquet"))
    if not shards:
        raise BenchmarkError(f"{path}: has no shards: give the directory that corpus.build made")
    frames = []
    for shard in shards:
        frame = pl.read_parquet(shard, columns=["id", "pair", "text", *GROUPS])
        frames.append(frame.filter(is_held_out(frame)))
    return pl.concat(frames)


def _of_files(path: Path) -> pl.DataFrame:
    rows = read_rows(path)
    for row in rows:
        if not isinstance(row.values.get("text"), str):
            raise BenchmarkError(f"{row.label}: column text is missing: each row needs a text")
    columns = {name: [str(row.values.get(name) or "") for row in rows] for name in ("text", *GROUPS)}
    ids = [str(row.values.get("id") or row.label) for row in rows]
    return pl.DataFrame({"id": ids, **columns})
