"""From results to the files of a run."""

import json
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from benchmarks.comparison import compare_runs
from benchmarks.errors import BenchmarkError
from benchmarks.report.page import render
from benchmarks.report.samples import read_samples
from benchmarks.report.tables import as_csv, as_markdown
from corpus.pipeline.atomic import atomic_path

_NEEDED = ("model", "config", "versions", "scores", "missing")


def read_run(directory: Path) -> dict[str, Any]:
    """`results.json` of an earlier run, with the directory it came from.

    Raises:
        BenchmarkError: The directory holds no results of a run.
    """
    path = directory / "results.json"
    try:
        results: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        cause = " ".join(str(error).split())
        raise BenchmarkError(
            f"{path}: cannot be read ({cause}): give the output directory of a finished run"
        ) from error
    for name in _NEEDED:
        if name not in results:
            raise BenchmarkError(f"{path}: {name!r} is missing: score the model again")
    return results


def write_reports(directories: Sequence[Path]) -> None:
    """Write report.html, results.csv and results.md into the first run's directory, the other runs beside it.

    The page depends on nothing that varies from run to run: the same results have the same page.

    Raises:
        BenchmarkError: A directory holds no results of a run.
    """
    runs = [read_run(directory) for directory in directories]
    samples = read_samples(directories[0], runs[0])
    settings = {name: runs[0]["config"][name] for name in ("resamples", "seed")}
    comparisons = [
        row
        for first, second in combinations(zip(directories, runs, strict=True), 2)
        for row in compare_runs(first, second, **settings)
    ]
    for name, text in (
        ("results.csv", as_csv(runs)),
        ("results.md", as_markdown(runs)),
        ("report.html", render(runs, samples, comparisons)),
    ):
        with atomic_path(directories[0] / name) as partial:
            partial.write_text(text, encoding="utf-8")
