"""Training speed on one GPU, the whole of it by one command, which goes on where it was stopped.

    PYTHONPATH=. python benchmarks/speed/gpu/run_all.py --output results.json --limit 540

It needs torch, transformers, lightning, safetensors, xxhash, tqdm and numpy, and nvidia-ml-py for the energy; NeMo and
megatron-core are not needed, and the result says 'Lightning without NeMo'. For each size it searches, one respect after
another, for the fastest way to train, and then measures that way beside plain loops and litgpt (where it is installed),
in turn, three times each. Each measurement is written at once, and none is begun that would not end within `--limit`
seconds. `--device cpu --sizes tiny` runs the same code without a GPU, for tests: speeds of a CPU have no MFU.
"""

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import time
from dataclasses import asdict, replace
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from table import written
from trial import LADDER, SIZES, Trial, alternatives, first

from nemo_recipes.planning.parameters import count

AXES = ("sharded", "loss_chunk", "micro_batch", "compile", "attention")
WAYS = ("engine", "plain_fsdp2", "plain", "litgpt")
WORTH = 1.01
"""A change stays if it is faster by more than this: less is noise."""

STATE_BYTES = 16
"""Of each parameter: weight, gradient and two running means in float32."""

_PACKAGES = (
    "torch", "lightning", "transformers", "triton", "flash-attn", "litgpt", "nvidia-ml-py", "nemo-toolkit",
)  # fmt: skip


class OutOfTimeError(Exception):
    """No time is left for another measurement."""


class Results:
    """Measurements by their keys, in a file that is whole at any time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.content: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"measured": {}}

    def write(self) -> None:
        """Put all on disk, and the table beside it."""
        partial = self.path.with_suffix(".partial")
        partial.write_text(json.dumps(self.content, indent=1) + "\n")
        partial.replace(self.path)
        self.path.with_suffix(".md").write_text(written(self.content))


class Measurer:
    """Measures what is not measured yet, while there is time."""

    def __init__(self, results: Results, arguments: argparse.Namespace) -> None:
        self.results, self.arguments = results, arguments
        self._deadline = time.monotonic() + arguments.limit
        self._longest = 0.0

    def __call__(self, trial: Trial, repeat: int = 0) -> dict[str, Any]:
        """What a trial gives; measured once for each repeat.

        Raises:
            OutOfTimeError: Another measurement, as long as the longest so far, would not end in time.
        """
        known: dict[str, Any] = self.results.content["measured"]
        key = trial.key(repeat)
        if key not in known:
            if time.monotonic() + 1.2 * self._longest > self._deadline:
                raise OutOfTimeError
            began = time.monotonic()
            known[key] = {"trial": asdict(trial), "repeat": repeat} | self._measure(trial)
            self._longest = max(self._longest, time.monotonic() - began)
            self.results.write()
            sys.stderr.write(f"{key}: {known[key].get('tokens_per_second', known[key].get('error'))}\n")
        found: dict[str, Any] = known[key]
        return found

    def _measure(self, trial: Trial) -> dict[str, Any]:
        if self.arguments.in_process:
            from measure import measure

            return measure(trial, self.arguments.device, self.arguments.steps)
        left = max(30.0, self._deadline - time.monotonic())
        command = [sys.executable, str(Path(__file__).with_name("measure.py")), json.dumps(asdict(trial))]
        try:
            done = subprocess.run(
                [*command, self.arguments.device, str(self.arguments.steps)],
                capture_output=True, text=True, timeout=left, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise OutOfTimeError from error
        if done.returncode:
            return {"error": " ".join(done.stderr.split()[-40:])}
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return result


def search(measure: Measurer, size: str, axes: tuple[str, ...]) -> Trial | None:
    """The fastest way to train a size, found one respect after another; None where it does not train at first."""
    best = first(size)
    fastest = measure(best).get("tokens_per_second", 0.0)
    if not fastest:
        return None
    for axis in axes:
        for other in alternatives(best, axis):
            speed = measure(other).get("tokens_per_second", 0.0)
            if speed > WORTH * fastest:
                best, fastest = other, speed
    return best


def compare(measure: Measurer, best: Trial, ways: tuple[str, ...], rounds: int) -> None:
    """The best way beside other loops, in turn; another loop that lacks memory reads fewer sequences at a time."""
    trials = {way: Trial(size=best.size, way=way, micro_batch=best.micro_batch) for way in ways}
    trials["engine"] = best
    for repeat in range(1, rounds + 1):
        for way in trials:
            while (
                measure(trials[way], repeat).get("error") == "out of memory" and trials[way].micro_batch > 1
            ):
                trials[way] = replace(trials[way], micro_batch=trials[way].micro_batch // 2)


def present(ways: tuple[str, ...]) -> tuple[str, ...]:
    """Ways whose packages are installed: litgpt is a guest."""
    return tuple(way for way in ways if way != "litgpt" or find_spec("litgpt") is not None)


def rungs(memory_gib: float | None) -> list[str]:
    """Sizes of the ladder, largest first, whose weights, gradients and optimizer (float32) a device can hold."""
    room = math.inf if memory_gib is None else memory_gib * 2**30
    return [name for name in LADDER if STATE_BYTES * count(SIZES[name].shape).total < room]


def machine(device: str) -> dict[str, Any]:
    """What was measured on, and with what."""
    import torch

    on_gpu = device == "cuda"
    return {
        "device": torch.cuda.get_device_name() if on_gpu else platform.processor() or platform.machine(),
        "memory_gib": round(torch.cuda.get_device_properties(0).total_memory / 2**30, 1) if on_gpu else None,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "cuda": torch.version.cuda,
        "versions": {name: _version(name) for name in _PACKAGES},
        "engine": "Lightning without NeMo" if find_spec("nemo") is None else "Lightning, NeMo not around it",
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def main() -> None:
    """Measure what is left, and write results and table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--limit", type=float, default=540.0, help="seconds that this start may take")
    parser.add_argument("--sizes", nargs="+", default=["1b", "135m", "largest"], choices=[*SIZES, "largest"])
    parser.add_argument("--ways", nargs="+", default=list(present(WAYS)), choices=WAYS)
    parser.add_argument("--axes", nargs="+", default=list(AXES), choices=AXES)
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--steps", type=int, default=8, help="steps that count")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--in_process", action="store_true", help="measure in this process")
    arguments = parser.parse_args()
    results = Results(arguments.output)
    measure = Measurer(results, arguments)
    results.content["machine"] = machine(arguments.device)
    results.content.setdefault("best", {})
    done = True
    try:
        for size in arguments.sizes:
            for name in rungs(results.content["machine"]["memory_gib"]) if size == "largest" else (size,):
                best = search(measure, name, tuple(arguments.axes))
                if best is not None:
                    results.content["best"][size] = asdict(best)
                    compare(measure, best, tuple(arguments.ways), arguments.rounds)
                    break
    except OutOfTimeError:
        done = False
    results.content["finished"] = done
    results.write()
    print(written(results.content))
    if not done:
        print("Not finished: the same command goes on.")


if __name__ == "__main__":
    main()
