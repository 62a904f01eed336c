"""Runs that are killed, and runs of several processes, as their own commands: the same model in the end."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file

PRETRAIN = Path(__file__).parents[2] / "nemo_recipes" / "pretrain.py"
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}


def command(recipe: dict[str, Any], output: Path, *more: str, processes: int = 0) -> list[str]:
    config = output.parent / f"{output.name}.yaml"
    config.write_text(yaml.safe_dump(recipe | {"output_dir": str(output)}))
    torchrun = [
        "-m",
        "torch.distributed.run",
        "--nproc_per_node",
        str(processes),
        "--master_port",
        str(port()),
    ]
    return [sys.executable, *(torchrun if processes else []), str(PRETRAIN), "--config", str(config), *more]


def port() -> int:
    import socket

    with socket.socket() as found:
        found.bind(("localhost", 0))
        return int(found.getsockname()[1])


def finish(command_line: list[str]) -> str:
    done = subprocess.run(
        command_line, env=ENVIRONMENT, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def stop_at(command_line: list[str], output: Path, step: int, number: signal.Signals) -> int:
    """Send a signal once the journal has reached a step; returns the exit code."""
    with subprocess.Popen(
        command_line, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        deadline = time.monotonic() + 240
        while last_step(output) < step and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(number)
        return process.wait(timeout=240)


def last_step(output: Path) -> int:
    return max((line["step"] for line in journal(output) if line["kind"] == "step"), default=0)


def journal(output: Path) -> list[dict[str, Any]]:
    """What must be the same of two runs."""
    path = output / "log.jsonl"
    lines = []
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            lines.append(json.loads(line))
        except ValueError:  # being written
            break
    return [{key: value for key, value in line.items() if key != "run"} for line in lines]


def tensors(output: Path, step: int, kind: str = "weights") -> dict[str, torch.Tensor]:
    """Whole tensors of a checkpoint; those of several ranks are whole where each is on one rank only."""
    found: dict[str, torch.Tensor] = {}
    for path in sorted((output / f"checkpoints/step-{step:08d}" / kind).glob("*.safetensors")):
        found |= load_file(path)
    return found


def equal(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> bool:
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


@pytest.fixture(scope="module")
def longer(recipe: dict[str, Any]) -> dict[str, Any]:
    """The recipe over 40 steps, rows first, so that a kill has something to hit."""
    training = recipe["training"] | {
        "token_budget": 40 * 4 * 32,
        "rows_first_steps": 10,
        "schedule": "wsd",
        "decay_steps": 9,
    }
    return recipe | {"training": training, "model": recipe["model"] | {"new_rows_from": 380}}


@pytest.fixture(scope="module")
def uninterrupted(longer: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("whole") / "run"
    said = finish(command(longer, output))
    assert "trained on 5,120 tokens in 40 steps" in said
    return output


def test_killed_and_stopped_runs_end_in_the_same_bits(
    longer: dict[str, Any], uninterrupted: Path, tmp_path: Path
) -> None:
    """SIGKILL at a step drawn anew each time, then SIGTERM, then to the end."""
    drawn = random.SystemRandom().randrange(5, 21)
    output = tmp_path / f"killed-at-{drawn}"
    line = command(longer, output)
    assert stop_at(line, output, drawn, signal.SIGKILL) == -signal.SIGKILL
    assert stop_at(line, output, drawn + 6, signal.SIGTERM) == 130
    finish(line)
    for kind in ("weights", "optimizer"):
        assert equal(tensors(output, 40, kind), tensors(uninterrupted, 40, kind)), output.name
    assert journal(output) == journal(uninterrupted)
    assert (output / "model" / "model.safetensors").read_bytes() == (
        uninterrupted / "model" / "model.safetensors"
    ).read_bytes()


def test_two_ddp_processes_learn_what_one_does(recipe: dict[str, Any], tmp_path: Path) -> None:
    """Gradients of the mean loss over all labels do not depend on who computes them, up to the order of sums."""
    short = recipe | {"training": recipe["training"] | {"token_budget": 4 * 4 * 32}}
    finish(command(short, tmp_path / "one"))
    finish(command(short, tmp_path / "two", "--layout.gpus_per_node", "2", processes=2))
    one, two = (
        [line for line in journal(tmp_path / name) if line["kind"] == "step"] for name in ("one", "two")
    )
    for left, right in zip(one, two, strict=True):
        assert right["loss"] == pytest.approx(left["loss"], rel=1e-6)
        assert right["gradient_norm"] == pytest.approx(left["gradient_norm"], rel=1e-5)
    ours, theirs = tensors(tmp_path / "one", 4), tensors(tmp_path / "two", 4)
    assert all(torch.allclose(ours[name], theirs[name], atol=2e-6) for name in ours)


def test_shards_of_two_processes_are_loaded_by_one(recipe: dict[str, Any], tmp_path: Path) -> None:
    """FSDP2 on two processes for four steps, then alone to the eighth, against alone from the start."""
    methods = {"token_budget": 8 * 4 * 32, "ema": 0.9, "loss_chunk": 20, "z_loss": 0.001}
    first = recipe | {"training": recipe["training"] | methods}
    fsdp = ["--layout.gpus_per_node", "2", "--layout.strategy", "fsdp2"]
    output = tmp_path / "two"
    finish(command(first, output, *fsdp, processes=2))
    assert len(list((output / "checkpoints/step-00000004/weights").iterdir())) == 2
    alone = journal(output)
    for path in (output / "checkpoints/step-00000008").rglob("*.safetensors"):
        path.unlink()
    finish(command(first, output))
    assert last_step(output) == 8
    for before, after in zip(alone, journal(output), strict=True):
        assert after["step"] == before["step"]
        if before["kind"] == "step":
            assert after["loss"] == pytest.approx(before["loss"], rel=1e-5)


AGREEING = """
import sys, time
from datetime import timedelta
import torch.distributed as dist
from nemo_recipes.engine.agreement import agree
from nemo_recipes.errors import PretrainingError

rank, store = int(sys.argv[1]), dist.FileStore(sys.argv[2], 2)
store.add("here", 1)
while store.add("here", 0) < 2:
    time.sleep(0.01)
dist.init_process_group("gloo", store=store, rank=rank, world_size=2, timeout=timedelta(seconds=3))
looked = agree(lambda: rank)

def work():
    time.sleep(4)
    raise PretrainingError("found after a while")

try:
    agree(work)
except PretrainingError as error:
    print(looked, error)
dist.destroy_process_group()
"""


def test_what_one_process_does_for_all_may_take_longer_than_the_groups_timeout(tmp_path: Path) -> None:
    """Four seconds of work where collectives time out after three."""
    both = [
        subprocess.Popen(
            [sys.executable, "-c", AGREEING, str(rank), str(tmp_path / "store")],
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    assert [process.communicate(timeout=240)[0] for process in both] == ["0 found after a while\n"] * 2
