"""Many processes by torchrun, by srun, and by our own hand: one line for a mistake, and the exit code it deserves."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from nemo_recipes.launch.place import Place, place
from nemo_recipes.launch.processes import start_processes

ROOT = Path(__file__).parents[2]
PRETRAIN = ROOT / "nemo_recipes" / "pretrain.py"
MISTAKE = "config: unrecognized arguments: --training.globl_batch 8"

SRUN = """#!{python}
import os, subprocess, sys
command = [word for word in sys.argv[1:] if not word.startswith("--kill")]
tasks = int(os.environ["SLURM_NTASKS"])
started = []
for number in range(tasks):
    mine = {{"SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": str(tasks), "SLURM_PROCID": str(number),
            "SLURM_LOCALID": str(number), "SLURM_NODEID": "0"}}
    started.append(subprocess.Popen(command, env=os.environ | mine))
open(os.environ["TASKS"], "w").write(" ".join(str(task.pid) for task in started))
left = list(started)
while left:
    left[0].poll()
    for task in list(left):
        try:
            task.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
        left.remove(task)
        if task.returncode not in (0, 130):  # --kill-on-bad-exit
            for other in left:
                other.terminate()
sys.exit(max(task.returncode for task in started))
"""
SCANCEL = '#!/bin/bash\nkill -TERM $(cat "$TASKS")\n'
SCONTROL = '#!/bin/bash\necho "$@" >> "$CONTROL"\n'


def written(path: Path, content: Mapping[str, Any]) -> Path:
    path.write_text(yaml.safe_dump(dict(content)))
    return path


@pytest.fixture
def slurm(tmp_path: Path) -> dict[str, str]:
    """Slurm's commands and variables, as a job of one node and two tasks sees them."""
    commands = tmp_path / "bin"
    commands.mkdir()
    for name, content in (
        ("srun", SRUN.format(python=sys.executable)),
        ("scancel", SCANCEL),
        ("scontrol", SCONTROL),
    ):
        (commands / name).write_text(content)
        (commands / name).chmod(0o755)
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MASTER_")}
    return outside | {
        "PATH": f"{commands}:{os.environ['PATH']}",
        "DAAD_VENV": str(Path(sys.executable).parents[1]),
        "OMP_NUM_THREADS": "1",
        "SLURM_JOB_ID": str(10_000 + os.getpid() % 9_000),
        "SLURM_JOB_NAME": "daad-pretrain",
        "SLURM_JOB_NUM_NODES": "1",
        "SLURM_NNODES": "1",
        "SLURM_NTASKS": "2",
        "SLURM_NTASKS_PER_NODE": "2",
        "SLURM_NODELIST": "127.0.0.1",
        "TASKS": str(tmp_path / "tasks"),
        "CONTROL": str(tmp_path / "control"),
    }


def sbatch(config: Path, *more: str) -> list[str]:
    return ["bash", str(ROOT / "nemo_recipes/launch/pretrain.sbatch"), str(config), *more]


def test_the_environment_says_who_is_who(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "SLURM_STEP_ID"):
        monkeypatch.delenv(name, raising=False)
    assert place() == Place()
    # Inside an allocation, but not started by srun: alone.
    monkeypatch.setenv("SLURM_NTASKS", "8")
    monkeypatch.setenv("SLURM_PROCID", "0")
    assert place() == Place()
    for name, value in (("STEP_ID", "0"), ("STEP_NUM_TASKS", "8"), ("PROCID", "5"), ("LOCALID", "1")):
        monkeypatch.setenv(f"SLURM_{name}", value)
    assert place() == Place(rank=5, processes=8, local_rank=1, launcher="srun")
    # torchrun under srun: torchrun's processes are the ones that count.
    for name, value in (("RANK", "9"), ("WORLD_SIZE", "16"), ("LOCAL_RANK", "1")):
        monkeypatch.setenv(name, value)
    assert place() == Place(rank=9, processes=16, local_rank=1, launcher="torchrun")


def test_a_mistake_under_torchrun_is_said_once_and_last(recipe: dict[str, Any], tmp_path: Path) -> None:
    """torchrun itself ends with 1 and its own account, whose last words are our line."""
    config = written(tmp_path / "run.yaml", recipe | {"output_dir": str(tmp_path / "run")})
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    done = subprocess.run(
        [*command, str(PRETRAIN), "--config", str(config), "--training.globl_batch", "8"],
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    said = [line for line in done.stderr.splitlines() if MISTAKE in line]
    assert len(said) == 2  # once by the first process, once as torchrun's root cause
    assert said[0].startswith("nemo_recipes.pretrain: ")
    assert done.stderr.rstrip("=\n ").splitlines()[-1] == said[1]
    assert "exitcode  : 2" in done.stderr
    assert "command.py" not in done.stderr  # no traceback of ours


def test_a_mistake_without_a_launcher_is_one_line_and_exit_code_2(
    recipe: dict[str, Any], tmp_path: Path
) -> None:
    content = recipe | {"output_dir": str(tmp_path / "run"), "layout": {"gpus_per_node": 2}}
    content["data"] = recipe["data"] | {"tokens": str(tmp_path / "nowhere")}
    config = written(tmp_path / "run.yaml", content)
    done = subprocess.run(
        [sys.executable, str(PRETRAIN), "--config", str(config)],
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith(f"nemo_recipes.pretrain: {tmp_path}/nowhere: no token files here")
    assert len(done.stderr.splitlines()) == 1


def test_a_mistake_under_srun_is_one_line_and_exit_code_2(
    recipe: dict[str, Any], tmp_path: Path, slurm: dict[str, str]
) -> None:
    config = written(tmp_path / "run.yaml", recipe | {"output_dir": str(tmp_path / "run")})
    line = sbatch(config, "--training.globl_batch", "8")
    done = subprocess.run(line, env=slurm, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 2
    assert MISTAKE in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_slurm_job_that_is_stopped_is_queued_again_and_goes_on(
    recipe: dict[str, Any], tmp_path: Path, slurm: dict[str, str]
) -> None:
    """Two tasks with sharded weights; SIGTERM to the script, as before the time limit; then the requeued job."""
    output = tmp_path / "run"
    content = recipe | {"output_dir": str(output), "layout": {"strategy": "fsdp2"}}
    content["training"] = recipe["training"] | {"token_budget": 60 * 4 * 32}
    line = sbatch(written(tmp_path / "run.yaml", content))
    log = output / "log.jsonl"
    with subprocess.Popen(
        line, env=slurm, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as job:
        deadline = time.monotonic() + 120
        while job.poll() is None and time.monotonic() < deadline:
            if log.exists() and log.read_text().count('"kind": "step"') >= 3:
                break
            time.sleep(0.02)
        job.send_signal(signal.SIGTERM)
        try:
            said = job.communicate(timeout=600)[1]
        except subprocess.TimeoutExpired:
            for task in Path(slurm["TASKS"]).read_text().split():
                os.kill(int(task), signal.SIGKILL)
            raise
    assert job.returncode == 0, said
    assert Path(slurm["CONTROL"]).read_text().split() == ["requeue", slurm["SLURM_JOB_ID"]]
    done = subprocess.run(line, env=slurm, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "going on after step" in done.stderr
    steps = [json.loads(entry)["step"] for entry in log.read_text().splitlines() if '"kind": "step"' in entry]
    assert steps == list(range(1, 61))
    assert done.stdout.count("trained on") == 1


CHILD = "import os, sys, time\nrank = int(os.environ['RANK'])\n"


def test_processes_know_one_another(tmp_path: Path) -> None:
    told = (
        "names = ('RANK', 'LOCAL_RANK', 'WORLD_SIZE', 'MASTER_ADDR')\n"
        "open(sys.argv[1] + str(rank), 'w').write(' '.join(os.environ[name] for name in names))"
    )
    assert start_processes([sys.executable, "-c", CHILD + told, str(tmp_path / "said-")], 3) == 0
    said = sorted(path.read_text() for path in tmp_path.iterdir())
    assert said == [f"{rank} {rank} 3 127.0.0.1" for rank in range(3)]


def test_torch_says_nothing_before_the_line_that_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where 127.0.0.1 has no name, each of torch's sockets warns of it, unless a user asked for its messages."""
    monkeypatch.delenv("TORCH_CPP_LOG_LEVEL", raising=False)
    checks = "import os, sys; sys.exit(os.environ['TORCH_CPP_LOG_LEVEL'] != sys.argv[1])"
    assert start_processes([sys.executable, "-c", checks, "ERROR"], 2) == 0
    monkeypatch.setenv("TORCH_CPP_LOG_LEVEL", "INFO")
    assert start_processes([sys.executable, "-c", checks, "INFO"], 2) == 0


@pytest.mark.parametrize(("codes", "expected"), [([0, 0], 0), ([0, 130], 130), ([2, 0], 2), ([0, 5], 5)])
def test_the_exit_code_is_that_of_who_failed(codes: list[int], expected: int) -> None:
    ends = CHILD + f"sys.exit({codes}[rank])"
    assert start_processes([sys.executable, "-c", ends], 2) == expected


def test_who_waits_in_vain_is_ended() -> None:
    """The second process has failed; the first would wait for it for ever."""
    waits = CHILD + "time.sleep(300 * (1 - rank)); sys.exit(2 * rank)"
    began = time.monotonic()
    assert start_processes([sys.executable, "-c", waits], 2) == 2
    assert time.monotonic() - began < 9
