"""W&B and MLflow by switch, without a server: what they hold is what the journal holds."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from nemo_recipes.errors import PretrainingError


def logged_with(recipe: dict[str, Any], logger: str) -> dict[str, Any]:
    return recipe | {
        "training": recipe["training"] | {"token_budget": 3 * 4 * 32},
        "watch": recipe["watch"] | {"logger": logger},
    }


def losses(output: Path) -> list[float]:
    lines = [json.loads(line) for line in (output / "log.jsonl").read_text().splitlines()]
    return [line["loss"] for line in lines if line["kind"] == "step"]


@pytest.mark.filterwarnings("ignore")  # of the trackers' own
def test_mlflow_keeps_the_curves_in_files(recipe: dict[str, Any], tmp_path: Path, pretrain: Any) -> None:
    pytest.importorskip("mlflow")
    pretrain(logged_with(recipe, "mlflow"), tmp_path / "run")
    (curve,) = (tmp_path / "run/nemo").rglob("metrics/train/loss")
    kept = [float(line.split()[1]) for line in curve.read_text().splitlines()]
    assert kept == pytest.approx(losses(tmp_path / "run"))


@pytest.mark.filterwarnings("ignore")
def test_wandb_runs_offline(
    recipe: dict[str, Any], tmp_path: Path, pretrain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    wandb = pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    pretrain(logged_with(recipe, "wandb"), tmp_path / "run")
    summary = dict(wandb.run.summary)
    wandb.finish()
    assert summary["train/loss"] == pytest.approx(losses(tmp_path / "run")[-1])
    (kept,) = (tmp_path / "run/nemo").rglob("offline-run-*/*.wandb")
    assert kept.stat().st_size > 0


@pytest.mark.parametrize("logger", ["wandb", "mlflow"])
def test_a_tracker_that_is_missing_is_one_line(
    recipe: dict[str, Any], tmp_path: Path, pretrain: Any, monkeypatch: pytest.MonkeyPatch, logger: str
) -> None:
    monkeypatch.setitem(sys.modules, logger, None)
    with pytest.raises(PretrainingError, match=rf"watch.logger {logger}: the package is not installed"):
        pretrain(logged_with(recipe, logger), tmp_path / "run")
    assert not (tmp_path / "run/log.jsonl").exists()
