"""The items to look for: those that runs answered, or those of tasks."""

from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

from benchmarks import tasks
from benchmarks.contamination.settings import ContaminationConfig
from benchmarks.errors import BenchmarkError
from benchmarks.report.writing import read_run

SCHEMA: dict[str, Any] = {
    **dict.fromkeys(("task", "id", "passage", "question", "ending"), pl.String),
    "choices": pl.List(pl.String),
}


def gather(config: ContaminationConfig) -> tuple[pl.DataFrame, list[dict[str, str]]]:
    """Items by task, id, passage, question, ending, choices, each of a task once; and a suite's tasks that have none.

    Raises:
        BenchmarkError: A run or a task's data cannot be read, or two runs mean different items by one id.
    """
    tasks.check_data(config.data)
    frames = [pl.DataFrame(schema=SCHEMA)]
    missing = []
    for directory in config.run_directories:
        names = dict.fromkeys(score["task"] for score in read_run(directory)["scores"])
        for name in names:
            frame = pl.read_parquet(directory / "items" / f"{name}.parquet")
            frames.append(frame.select(pl.lit(name).alias("task"), *list(SCHEMA)[1:]))
    for chosen in tasks.chosen([name.strip() for name in config.tasks.split(",") if name.strip()]):
        loaded = tasks.load(chosen.task, config.data.get(chosen.task.name, ""))
        if loaded is not None:
            frames.append(_as_frame(chosen.task.name, loaded.test))
        else:
            missing.append({"task": chosen.task.name, "reason": tasks.why_absent(chosen)})
    found = pl.concat(frames)
    found = found.filter(~_repeated(found))
    if found.is_empty():
        raise BenchmarkError("tasks: there are no items to look for: give their files with --data.TASK=PATH")
    if found.select("task", "id").is_duplicated().any():
        raise BenchmarkError("runs: they mean different items by the same ids: check them one by one")
    return found, missing


def _repeated(items: pl.DataFrame) -> pl.Series:
    """Whether an item came before; polars compares no lists of texts, so it is told by its text."""
    told = items.select("task", "id", "passage", "question").rows()
    seen: set[tuple[Any, ...]] = set()
    repeated = []
    for row in told:
        repeated.append(row in seen)
        seen.add(row)
    return pl.Series(repeated, dtype=pl.Boolean)


def _as_frame(task: str, items: Sequence[Any]) -> pl.DataFrame:
    columns: dict[str, Iterable[Any]] = {"task": [task] * len(items)}
    columns |= {
        name: [list(item.choices) if name == "choices" else getattr(item, name) for item in items]
        for name in list(SCHEMA)[1:]
    }
    return pl.DataFrame(columns, schema=SCHEMA)


def asked_text(items: pl.DataFrame) -> pl.Series:
    """Passage, question and ending as one text: what MinHash compares."""
    return items.select(
        pl.concat_str("passage", "question", "ending", separator=" ").alias("text")
    ).to_series()


def fields(items: pl.DataFrame) -> list[list[str]]:
    """The texts of each item, each compared by itself: passage, question with ending, and every choice."""
    return [
        [passage, f"{question} {ending}".strip(), *choices]
        for passage, question, ending, choices in items.select(
            "passage", "question", "ending", "choices"
        ).rows()
    ]
