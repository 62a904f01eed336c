r"""How much memory scoring takes, and how it grows with the number of items.

    python benchmarks/speed/score_memory.py --model DIR --mmlu mmlu_en/ [--items 600] [--output FILE]

One process scores N items of MMLU by letters and by continuations, another 4N: each loads the model, makes prompts,
shares prefixes, keeps every response on disk and computes scores. What is told is the high-water mark of resident
memory, and its growth over the 3N further items. N is above the number of items whose prompts are held at a time. Each
size is run with the memory that a batch may take set as `--memory_gib` says, and with a quarter of it. What grows with
items does not depend on the model, so a small one will do.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from recording import record

from benchmarks.answering import ITEMS_AT_A_TIME, ask
from benchmarks.model import open_model
from benchmarks.prompts import wording
from benchmarks.scoring.summary import summarize
from benchmarks.tasks import load
from benchmarks.tasks.suites import TASKS


def score(arguments: argparse.Namespace) -> None:
    """Score so many items in this process, and print its high-water mark in bytes."""
    task = TASKS["mmlu_en"]
    loaded = load(task, arguments.mmlu)
    assert loaded is not None
    with tempfile.TemporaryDirectory() as scratch:
        opened = open_model(
            arguments.model, Path(scratch), batch_size=arguments.batch_size, device="cpu", dtype="float32",
            share_prefixes=True, memory_gib=arguments.memory_gib,
        )  # fmt: skip
        frame = ask(opened.cached, task, loaded.test[: arguments.items], loaded.dev, wording(task.language))
    for rule in task.rules:
        summarize(frame, rule, resamples=1_000, seed=0)
    # getrusage would count the process that started this one, whose copy it was at first.
    (line,) = [
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")
    ]
    print(int(line.split()[1]) * 1024)


def peak(arguments: argparse.Namespace, items: int, memory_gib: float) -> int:
    """Bytes of the high-water mark of a process that scores so many items."""
    given = {"model": arguments.model, "mmlu": arguments.mmlu, "items": items, "memory_gib": memory_gib}
    given |= {"batch_size": arguments.batch_size, "threads": arguments.threads}
    command = [sys.executable, __file__, "--alone"]
    command += [part for name, value in given.items() for part in (f"--{name}", str(value))]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return int(told.strip().splitlines()[-1])


def measured(arguments: argparse.Namespace) -> dict[str, Any]:
    """Peaks of both sizes under both bounds, and the growth in bytes an item."""
    found: dict[str, Any] = {}
    for memory_gib in (arguments.memory_gib, arguments.memory_gib / 4):
        few, many = (peak(arguments, number, memory_gib) for number in (arguments.items, 4 * arguments.items))
        found[f"{memory_gib:g} GiB"] = {
            "peak_mb": [round(few / 1e6, 1), round(many / 1e6, 1)],
            "growth_bytes_an_item": round((many - few) / (3 * arguments.items)),
        }
    return found


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--mmlu", required=True)
    parser.add_argument("--items", type=int, default=600)
    parser.add_argument("--batch_size", type=int, default=16)
    parser.add_argument("--memory_gib", type=float, default=0.5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--alone", action="store_true", help="score once and print the peak, in bytes")
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    import torch

    torch.set_num_threads(arguments.threads)
    if arguments.alone:
        score(arguments)
        return
    result = {
        "model": arguments.model.name,
        "versions": {name: version(name) for name in ("lm-eval", "torch", "transformers", "polars")}
        | {"python": platform.python_version()},
        "items": [arguments.items, 4 * arguments.items],
        "items_at_a_time": ITEMS_AT_A_TIME,
        "batch_size": arguments.batch_size,
        "threads": arguments.threads,
        "load": [round(value, 1) for value in os.getloadavg()],
        "bounds": measured(arguments),
    }
    record(result, arguments.output)


if __name__ == "__main__":
    main()
