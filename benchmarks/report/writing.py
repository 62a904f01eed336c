"""From results to the files of a run."""

import json
from collections.abc import Sequence
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

from benchmarks.comparison import compare_runs
from benchmarks.errors import BenchmarkError
from benchmarks.forgetting import changes
from benchmarks.report import standings
from benchmarks.report.page import render
from benchmarks.report.samples import choices_by_model, read_samples
from benchmarks.report.tables import as_csv, as_markdown
from corpus.errors import cause_of
from corpus.pipeline.atomic import atomic_path, write_json

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
        cause = cause_of(error)
        raise BenchmarkError(
            f"{path}: cannot be read ({cause}): give the output directory of a finished run"
        ) from error
    for name in _NEEDED:
        if name not in results:
            raise BenchmarkError(f"{path}: {name!r} is missing: score the model again")
    return results


def read_bits(directory: Path) -> dict[str, Any] | None:
    """`bits.json`, which benchmarks.bits_per_byte left in a run's directory; None where it was not run there.

    Raises:
        BenchmarkError: The file cannot be read.
    """
    path = directory / "bits.json"
    if not path.is_file():
        return None
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BenchmarkError(f"{path}: cannot be read ({error}): measure again") from error
    return found


def check_names(names: Sequence[str]) -> None:
    """Refuse two models of one name: reports could not tell them apart.

    Raises:
        BenchmarkError: Two names are the same.
    """
    for name in names:
        if names.count(name) > 1:
            raise BenchmarkError(
                f"runs: two models are called {name!r}: score one again under another --name"
            )


def write_league(directories: Sequence[Path], output: Path, *, note: str = "") -> None:
    """Write report.html, league.json, league.csv, bits.csv and league.md of several runs, the first being the base.

    Raises:
        BenchmarkError: A directory holds no results of a run, or two runs have one name.
    """
    runs = [read_run(directory) for directory in directories]
    check_names([results["model"]["name"] for results in runs])
    bits = [read_bits(directory) for directory in directories]
    settings = {name: runs[0]["config"][name] for name in ("resamples", "seed")}
    placed = list(zip(directories, runs, strict=True))
    changed = [row for later in placed[1:] for row in changes(placed[0], later, **settings)]
    comparisons = [row for left, right in pairwise(placed) for row in compare_runs(left, right, **settings)]
    samples = read_samples(directories[0], runs[0])
    page = render(
        runs, samples, comparisons, bits=bits, changed=changed, note=note,
        also_chosen=choices_by_model(directories, runs, samples),
    )  # fmt: skip
    write_json(output / "league.json", standings.as_json(runs, bits, changed, comparisons))
    for name, text in (
        ("league.csv", as_csv(runs)),
        ("bits.csv", standings.bits_as_csv(runs, bits)),
        ("league.md", standings.as_markdown(runs, bits, changed)),
        ("report.html", page),
    ):
        with atomic_path(output / name) as partial:
            partial.write_text(text, encoding="utf-8")


def write_reports(directories: Sequence[Path]) -> None:
    """Write report.html, results.csv and results.md into the first run's directory, the other runs beside it.

    The page depends on nothing that varies from run to run: the same results have the same page.

    Raises:
        BenchmarkError: A directory holds no results of a run, or two runs have one name.
    """
    runs = [read_run(directory) for directory in directories]
    check_names([results["model"]["name"] for results in runs])
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
