"""Two runs on the items that both answered, under the same rules and prompts."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.scoring.significance import paired
from benchmarks.scoring.summary import credit_by

SAME = ("task", "v", "rule", "prompt", "shots", "options")
"""Parts of two signatures that must agree for their scores to be compared; and the judge, where there is one."""


def compare_runs(
    first: tuple[Path, Mapping[str, Any]],
    second: tuple[Path, Mapping[str, Any]],
    *,
    resamples: int,
    seed: int,
) -> list[dict[str, Any]]:
    """One entry for each task and rule that both runs scored in the same way; runs are (directory, results)."""
    by_kind = {_kind(score["signature"]): score for score in second[1]["scores"]}
    found = []
    for score in first[1]["scores"]:
        if _kind(score["signature"]) not in by_kind:
            continue
        left, right = common_responses(first[0], second[0], score["task"])
        if left.is_empty():
            continue
        rule = score["rule"]
        result = paired(credit_by(left, rule), credit_by(right, rule), resamples=resamples, seed=seed)
        found.append(
            {name: score[name] for name in ("task", "title", "rule", "first")}
            | {"models": [first[1]["model"]["name"], second[1]["model"]["name"]], "items": left.height}
            | asdict(result)
        )
    return found


def same_kind(score: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> bool:
    """Whether one of the other scores is of the same task, asked in the same way, under the same rule."""
    return _kind(score["signature"]) in {_kind(other["signature"]) for other in others}


def common_responses(first: Path, second: Path, task: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Responses of two runs to the items of a task that both have, row by row the same item."""
    return _common(_responses(first, task), _responses(second, task))


def _kind(signature: str) -> tuple[str, ...]:
    parts = dict(part.split(":", 1) for part in signature.split("|"))
    return (*(parts[name] for name in SAME), parts.get("judge", ""))


def _responses(directory: Path, task: str) -> pl.DataFrame:
    return pl.read_parquet(directory / "items" / f"{task}.parquet")


def _common(first: pl.DataFrame, second: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of both frames with the same id, question, choices and answer, in the order of the first."""
    same = ["id", "passage", "question", "ending", "choices", "answer"]
    first, second = (
        frame.with_columns(key=pl.struct(same).map_elements(_content, return_dtype=pl.String))
        for frame in (first, second)
    )
    left = first.join(second.select("key"), on="key", how="semi", maintain_order="left")
    return left, left.select("key").join(second, on="key", how="left", maintain_order="left")


def _content(row: Mapping[str, Any]) -> str:
    """What an item is, as text: polars joins on no lists of texts."""
    return repr(tuple(row.values()))
