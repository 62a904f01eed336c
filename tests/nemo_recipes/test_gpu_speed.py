"""The speed benchmark for GPUs, on a CPU: the same code, and never an MFU."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WAYS = {"engine", "plain", "plain_fsdp2"} | ({"litgpt"} if find_spec("litgpt") else set())
"""litgpt is no dependency; where it is installed beside the others, it takes part."""


def test_it_searches_compares_and_goes_on(tmp_path: Path) -> None:
    output = tmp_path / "speed.json"
    command = [
        sys.executable,
        str(ROOT / "benchmarks/speed/gpu/run_all.py"),
        "--device",
        "cpu",
        "--sizes",
        "tiny",
    ]
    more = ["--axes", "loss_chunk", "--rounds", "1", "--steps", "2", "--in_process", "--output", str(output)]
    path = f"{ROOT}:{os.environ.get('PYTHONPATH', '')}"
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": path}

    def started(limit: str) -> str:
        done = subprocess.run(
            [*command, *more, "--limit", limit],
            env=environment, capture_output=True, text=True, timeout=200, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    # Without time nothing is begun, and nothing is lost.
    assert "the same command goes on" in started("0")
    assert json.loads(output.read_text())["measured"] == {}
    started("150")
    content = json.loads(output.read_text())
    assert content["finished"]
    assert len(content["measured"]) == 2 + len(WAYS)
    *_, last = content["measured"]
    lost = content["measured"].pop(last)
    output.write_text(json.dumps(content))
    table = started("150")
    again = json.loads(output.read_text())
    assert content["measured"].items() < again["measured"].items()
    assert again["measured"][last]["trial"] == lost["trial"]
    content = again
    ways = {one["trial"]["way"] for one in content["measured"].values() if one["repeat"]}
    assert ways == WAYS
    assert all(one["tokens_per_second"] > 0 for one in content["measured"].values())
    # All ways see the same tokens from the same weights; transformers' loss leaves out one label of each sequence.
    losses = [one["last_loss"] for one in content["measured"].values()]
    assert max(losses) - min(losses) < 0.05
    assert "MFU" not in table
    assert "mfu" not in output.read_text()
    assert output.with_suffix(".md").read_text() == table.removesuffix("\n")


def test_the_largest_begins_with_what_weights_and_optimizer_fit_in() -> None:
    """16 bytes for each of 7.0, 4.4 and 3.2 billion parameters are 112, 70 and 51 GB."""
    told = subprocess.run(
        [sys.executable, "-c", "import run_all; print([run_all.rungs(gib) for gib in (139.8, 79.2, 60, 40)])"],
        cwd=ROOT / "benchmarks/speed/gpu",
        env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=100, check=True,
    )  # fmt: skip
    assert json.loads(told.stdout.replace("'", '"')) == [["7b", "4b", "3b"], ["4b", "3b"], ["3b"], []]


def test_a_way_that_never_trains_stands_in_the_table() -> None:
    shown = (
        "from table import _row; trial = dict.fromkeys(('size', 'way', 'micro_batch', 'sharded', 'loss_chunk', "
        "'attention', 'compile'), 1); print(_row(trial, [{'error': 'out of memory'}] * 3, True)[:5])"
    )
    told = subprocess.run(
        [sys.executable, "-c", shown], cwd=ROOT / "benchmarks/speed/gpu",
        env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=100, check=True,
    )  # fmt: skip
    assert told.stdout.strip() == "[1, 1, '0', 'out of memory', '']"


def test_litgpts_model_is_that_of_transformers() -> None:
    """The same scores from the same weights, with fewer key heads than query heads, tied and not."""
    pytest.importorskip("litgpt")
    probe = """
import torch
from dataclasses import replace
from litgpt_loop import same_model
from trial import SIZES
from nemo_recipes.engine.model import make_model
from nemo_recipes.pretrain_config import Model, Training
for tied in (False, True):
    size = replace(SIZES["tiny"], shape=replace(SIZES["tiny"].shape, tie_word_embeddings=tied))
    model = make_model(Model(shape=size.shape), Training(token_budget=1))
    ids = torch.arange(64).view(2, 32)
    with torch.no_grad():
        assert torch.allclose(model(input_ids=ids).logits, same_model(size, model, "cpu")(ids), atol=1e-6)
"""
    subprocess.run(
        [sys.executable, "-c", probe], cwd=ROOT / "benchmarks/speed/gpu",
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{os.environ.get('PYTHONPATH', '')}"}, timeout=200, check=True,
    )  # fmt: skip
