r"""A build that is larger than memory: time and memory against size, and what it found of what was planted.

    python benchmarks/speed/large_build.py --corpus out/large --gigabytes 1,5,20 --cores 0,1 \
        --result benchmarks/results/large_build.json

Makes the corpus (some 0.42 of its text's size on disk; files that stand are used again), then builds each size once,
one worker a core, and removes the build. A size that the result holds already is left out. A line through the sizes
tells whether time grows with size alone. Memory is given three ways: proportional set sizes of all processes together,
the part of them that is no file's, and, with `--cgroup`, the kernel's own high-water mark of a memory cgroup, which
counts the page cache too. Make and limit one first, e.g. with version 1:

    mkdir /sys/fs/cgroup/memory/large && echo 2000000000 > /sys/fs/cgroup/memory/large/memory.limit_in_bytes
"""

import argparse
import json
import os
import shutil
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from build_runs import BuildInput, run_daad_build
from large_corpus import FILE_DOCUMENTS, make_files, text_bytes
from large_report import page
from many_documents import ManyPlan, pack
from measured_run import machine
from planted_account import account
from word_pools import load_word_pools

Result = TypeVar("Result")

_SECONDS_BETWEEN_LOOKS = 5


def main(arguments: Sequence[str] | None = None) -> None:
    """Build every size, smallest first; the record is written after each."""
    options = _parser().parse_args(arguments)
    plan = ManyPlan(seed=options.seed, mean_bytes=options.mean_bytes)
    work_dir = options.scratch or options.corpus / "build"
    cores = [int(core) for core in options.cores.split(",")]
    record: dict[str, Any] = {
        "benchmark": "large_build",
        "command": f"python benchmarks/speed/large_build.py --gigabytes {options.gigabytes} --cores {options.cores}",
        "plan": asdict(plan),
        "machine": machine(),
        "memory_limit": _of_cgroup(options.cgroup, _LIMITS),
        "note": options.note,
        "rows": _recorded(options.result, plan),
    }
    for gigabytes in map(float, options.gigabytes.split(",")):
        num_files = max(1, round(gigabytes * 1e9 / (FILE_DOCUMENTS * plan.mean_bytes)))
        if any(row["documents"] == FILE_DOCUMENTS * num_files for row in record["rows"]):
            continue
        given = _aside(_input, plan, options.corpus / "parquet", num_files)
        row = _row(given, work_dir, cores, options)
        if "failure" not in row:
            row["planted"] = _aside(_account, plan, given.documents, work_dir / "corpus")
        shutil.rmtree(work_dir)
        record["rows"] = sorted([*record["rows"], row], key=lambda row: float(row["text_bytes"]))
        record["time"] = time_line(record["rows"])
        options.result.parent.mkdir(parents=True, exist_ok=True)
        options.result.write_text(json.dumps(record, indent=1) + "\n", "utf-8")
        options.result.with_suffix(".md").write_text(page(record), "utf-8")
        print(json.dumps({key: value for key, value in row.items() if key != "run"}), flush=True)


def _aside(function: Callable[..., Result], *arguments: object) -> Result:
    """Run in a process of its own: a build starts as a copy of this one, which must stay small."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def _input(plan: ManyPlan, folder: Path, num_files: int) -> BuildInput:
    files = make_files(plan, folder, num_files)
    return BuildInput(files, FILE_DOCUMENTS * num_files, sum(map(text_bytes, files)), "parquet")


def _account(plan: ManyPlan, num_documents: int, corpus_dir: Path) -> dict[str, Any]:
    changes = json.loads((corpus_dir / "manifest.json").read_text("utf-8"))["changes"]
    return account(plan, pack(load_word_pools(), plan), num_documents, corpus_dir, changes)


def _recorded(result: Path, plan: ManyPlan) -> list[dict[str, Any]]:
    """Rows of an earlier run on the same corpus that did not fail."""
    if not result.exists():
        return []
    record = json.loads(result.read_text("utf-8"))
    return [row for row in record["rows"] if "failure" not in row] if record["plan"] == asdict(plan) else []


def time_line(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Least-squares line of seconds over gigabytes, and how far the sizes lie from it; empty below three sizes.

    `exponent` is the slope of log seconds over log size: 1 where time is in proportion to size.
    """
    built = [row for row in rows if "failure" not in row]
    if len(built) < 3:
        return {}
    size = np.array([row["text_bytes"] / 1e9 for row in built])
    seconds = np.array([row["seconds"] for row in built])
    slope, constant = np.polyfit(size, seconds, 1)
    return {
        "seconds_per_gigabyte": float(slope),
        "constant_seconds": float(constant),
        "residual_seconds": (seconds - constant - slope * size).round(1).tolist(),
        "exponent": float(np.polyfit(np.log(size), np.log(seconds), 1)[0]),
    }


_LIMITS = ("memory.limit_in_bytes", "memory.max")
_PEAKS = ("memory.max_usage_in_bytes", "memory.peak")


def _row(given: BuildInput, work_dir: Path, cores: list[int], options: argparse.Namespace) -> dict[str, Any]:
    prefix: tuple[str, ...] = ()
    if options.cgroup:
        prefix = ("sh", "-c", 'echo $$ > "$0"/cgroup.procs; exec "$@"', str(options.cgroup))
        _forget_peak(options.cgroup)
    watcher = _DiskWatcher(work_dir)
    watcher.start()
    load = os.getloadavg()[0]
    measured, details = run_daad_build(given, work_dir, cores, options.limit, prefix)
    watcher.finish()
    row: dict[str, Any] = {
        "documents": given.documents,
        "text_bytes": given.text_bytes,
        "input_bytes": sum(path.stat().st_size for path in given.files),
        "load_before": load,
        "cores": len(cores),
    }
    row |= {key: value for key, value in asdict(measured).items() if key != "output_tail"}
    row |= {"disk_peak_bytes": watcher.peak_bytes, "cgroup_peak_bytes": _of_cgroup(options.cgroup, _PEAKS)}
    return row | (details or {"failure": measured.output_tail})


def _of_cgroup(cgroup: Path | None, names: Sequence[str]) -> int | None:
    for path in (cgroup / name for name in names if cgroup):  # type: ignore[operator]
        if path.exists():
            return int(path.read_text())
    return None


def _forget_peak(cgroup: Path) -> None:
    for path in (cgroup / name for name in _PEAKS):
        if path.exists():
            path.write_text("0")


class _DiskWatcher(threading.Thread):
    """Bytes on disk below a directory, looked at now and then; files without names are the build's own and small."""

    def __init__(self, directory: Path) -> None:
        super().__init__(daemon=True)
        self.peak_bytes = 0
        self._directory = directory
        self._finished = threading.Event()

    def run(self) -> None:
        while not self._finished.wait(_SECONDS_BETWEEN_LOOKS):
            self.peak_bytes = max(self.peak_bytes, _bytes_below(self._directory))

    def finish(self) -> None:
        self._finished.set()
        self.join()


def _bytes_below(directory: Path) -> int:
    total = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            try:
                total += (Path(folder) / name).lstat().st_blocks * 512
            except OSError:  # it was moved meanwhile
                continue
    return total


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--corpus", type=Path, required=True, help="directory of the generated corpus")
    parser.add_argument("--gigabytes", default="1,5,20", help="sizes of text, 10^9 bytes, ascending")
    parser.add_argument("--mean_bytes", type=int, default=ManyPlan.mean_bytes, help="mean size of a document")
    parser.add_argument("--seed", type=int, default=ManyPlan.seed, help="another seed, another corpus")
    parser.add_argument("--cores", default="0,1", help="cores to use, one worker each")
    parser.add_argument("--limit", type=float, default=7200, help="seconds after which a build is stopped")
    parser.add_argument("--scratch", type=Path, help="directory for the builds, removed after each")
    parser.add_argument("--cgroup", type=Path, help="memory cgroup to build in, made and limited beforehand")
    parser.add_argument("--note", default="", help="what else the machine was doing, kept in the record")
    parser.add_argument("--result", type=Path, required=True, help="JSON file to write, and a page beside it")
    return parser


if __name__ == "__main__":
    main()
