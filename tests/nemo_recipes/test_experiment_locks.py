"""One experiment in one directory at a time, beside which its report can be written."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from corpus.pipeline.lock import held
from experiments.errors import ExperimentError
from experiments.running import run_experiment

Start = Callable[[], dict[str, Any]]


@pytest.fixture
def results_only(tmp_path: Path) -> Start:
    settings: Any = SimpleNamespace(output_dir=str(tmp_path), results_only=True, dry_run=False)
    prepared: Any = SimpleNamespace()
    return lambda: run_experiment(settings, lambda: prepared, lambda _: ([], []), lambda _: {"seeds": [1]})


def test_the_report_is_written_beside_runs_but_not_while_texts_are_made(
    tmp_path: Path, results_only: Start
) -> None:
    (tmp_path / "runs").mkdir()
    with held(tmp_path / ".lock", AssertionError()):
        assert results_only() == {"seeds": [1]}
        with (
            held(tmp_path / ".preparing.lock", AssertionError()),
            pytest.raises(ExperimentError, match="are being made just now: try again"),
        ):
            results_only()


def test_nothing_is_made_for_a_report_of_nothing(tmp_path: Path, results_only: Start) -> None:
    with pytest.raises(ExperimentError, match="no seed has all its legs at their end yet"):
        results_only()
    assert not list(tmp_path.iterdir())
