"""The speed benchmark for GPUs, on a CPU: the same code, and never an MFU."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


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
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}

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
    assert len(content["measured"]) == 2 + 3
    *_, last = content["measured"]
    lost = content["measured"].pop(last)
    output.write_text(json.dumps(content))
    table = started("150")
    again = json.loads(output.read_text())
    assert content["measured"].items() < again["measured"].items()
    assert again["measured"][last]["trial"] == lost["trial"]
    content = again
    ways = {one["trial"]["way"] for one in content["measured"].values() if one["repeat"]}
    assert ways == {"engine", "plain", "plain_fsdp2"}
    assert all(one["tokens_per_second"] > 0 for one in content["measured"].values())
    # All ways see the same tokens from the same weights; plain ones leave out one label of each sequence.
    losses = [one["last_loss"] for one in content["measured"].values()]
    assert max(losses) - min(losses) < 0.05
    assert "MFU" not in table
    assert "mfu" not in output.read_text()
    assert output.with_suffix(".md").read_text() == table.removesuffix("\n")
