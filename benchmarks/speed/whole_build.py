r"""Speed, scaling and memory of the whole build on inputs of several sizes.

    for size in 50 100 200 400; do python benchmarks/speed/generate.py --output out/speed/$size \
        --megabytes $size --documents $((size * 500)) --no-truth; done
    python benchmarks/speed/whole_build.py --corpora out/speed/50,out/speed/100,out/speed/200,out/speed/400 \
        --once 50,100,400 --cores 0,1 --runs 3 --result benchmarks/results/whole_build.json

Each size is built with one worker and one thread on the first core, and with one worker per core on all; uncounted
builds before that fill the cache of compiled kernels. Speed and the share of each stage come from the sizes that run
more than once; a line through all sizes gives the constant of memory and its bytes per document, for the largest
process and for all processes together.
"""

import argparse
import json
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from build_runs import first_files, run_daad_build, warm_up
from measured_run import machine, warm_page_cache


def main(arguments: Sequence[str] | None = None) -> None:
    """Run every size with one and with all cores, then fit and record."""
    options = _parser().parse_args(arguments)
    cores = [int(core) for core in options.cores.split(",")]
    corpora = [Path(path) for path in options.corpora.split(",")]
    rows = []
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        work_dir = Path(scratch) / "build"
        for used in (cores, cores[:1]):
            warm_up(first_files(corpora[0], 1), work_dir, used, options.limit)
        for corpus_dir in corpora:
            warm_page_cache(corpus_dir / "jsonl")
            for used in (cores[:1], cores):
                rows.append(_measure(corpus_dir, work_dir, used, options))
                print(
                    {key: value for key, value in rows[-1].items() if not isinstance(value, list | dict)},
                    flush=True,
                )
    record = {
        "benchmark": "whole_build",
        "command": "python benchmarks/speed/whole_build.py",
        "settings": {"cores": options.cores, "runs": options.runs, "once": options.once},
        "machine": machine(),
        "rows": rows,
        "scaling": scaling(rows),
        "memory": [
            memory_line(rows, num_cores, measure)
            for num_cores in sorted({1, len(cores)})
            for measure in ("largest_process_bytes", "peak_bytes")
        ],
    }
    options.result.parent.mkdir(parents=True, exist_ok=True)
    options.result.write_text(json.dumps(record, indent=1) + "\n", "utf-8")
    print(f"recorded in {options.result}")


def memory_line(rows: Sequence[dict[str, Any]], num_cores: int, measure: str) -> dict[str, object]:
    """Least-squares line of peak memory over documents: its constant in bytes and its bytes per document.

    Args:
        rows: What was measured, each with cores, documents and peaks.
        num_cores: Which rows count.
        measure: Which peak: `largest_process_bytes`, or `peak_bytes` of all processes together.
    """
    of_cores = [row for row in rows if row["cores"] == num_cores and row.get(measure)]
    documents = np.array([row["documents"] for row in of_cores], float)
    peaks = np.array([row[measure] for row in of_cores], float)
    line: dict[str, object] = {"cores": num_cores, "measure": measure, "sizes": len(of_cores)}
    if len(of_cores) < 2:
        return line
    slope, constant = np.polyfit(documents, peaks, 1)
    return line | {
        "constant_bytes": float(constant),
        "bytes_per_document": float(slope),
        "largest_residual_bytes": float(np.abs(peaks - constant - slope * documents).max()),
    }


def scaling(rows: Sequence[dict[str, Any]]) -> list[dict[str, object]]:
    """For each corpus, how many times as fast all cores are as one."""
    alone = {row["corpus"]: row["seconds"] for row in rows if row["cores"] == 1 and "seconds" in row}
    return [
        {
            "corpus": row["corpus"],
            "cores": row["cores"],
            "n": row["n"],
            "ratio": alone[row["corpus"]] / row["seconds"],
        }
        for row in rows
        if row["cores"] > 1 and "seconds" in row and row["corpus"] in alone
    ]


def stage_seconds(run: dict[str, Any], seconds: float) -> dict[str, float]:
    """Where the wall time of a build on one core goes; the values add up to `seconds`.

    The phase that reads and cleans is given as its stages, the others as they are. What is left of that phase is
    `parts` (passing blocks on), what is left of the whole is `start` (Python, imports, the card).

    Args:
        run: The manifest's account of a run with one worker, whose seconds are therefore wall seconds.
        seconds: Wall time of the whole process.
    """
    phases: dict[str, float] = dict(run["seconds_by_phase"])
    cleaning = phases.pop("read and clean")
    stages: dict[str, float] = run["worker_seconds_by_stage"]
    spent = stages | {"parts": cleaning - sum(stages.values())} | phases
    return spent | {"start": seconds - sum(spent.values())}


def _measure(
    corpus_dir: Path, work_dir: Path, cores: list[int], options: argparse.Namespace
) -> dict[str, Any]:
    given = first_files(corpus_dir, 8)
    repeats = 1 if corpus_dir.name in options.once.split(",") else options.runs
    built = [run_daad_build(given, work_dir, cores, options.limit) for _ in range(repeats)]
    runs = [measured for measured, _ in built]
    row: dict[str, Any] = {
        "corpus": corpus_dir.name,
        "documents": given.documents,
        "text_bytes": given.text_bytes,
        "cores": len(cores),
        "n": len(runs),
    }
    if any(run.exit_code for run in runs):
        return row | {"failure": next(run.output_tail for run in runs if run.exit_code)}
    middle, details = sorted(built, key=lambda run: run[0].seconds)[len(built) // 2]
    seconds = statistics.median(run.seconds for run in runs)
    row |= {
        "seconds": seconds,
        "megabytes_per_second_per_core": given.text_bytes / 1e6 / seconds / len(cores),
        "peak_bytes": max(run.peak_bytes for run in runs),
        "largest_process_bytes": max(run.largest_process_bytes for run in runs),
        "runs": [asdict(run) | {"output_tail": ""} for run in runs],
    }
    if len(cores) == 1:
        row["seconds_by_stage"] = stage_seconds(details["run"], middle.seconds)
    return row | details


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--corpora", required=True, help="directories that generate.py wrote, with commas between"
    )
    parser.add_argument("--cores", default="0,1", help="cores to use; the first alone, then all")
    parser.add_argument("--runs", type=int, default=3, help="runs of each size and number of cores")
    parser.add_argument("--once", default="", help="names of corpora that run once, for the line of memory")
    parser.add_argument("--limit", type=float, default=3600, help="seconds after which a run is stopped")
    parser.add_argument("--scratch", type=Path, help="directory for the builds; default is the system's")
    parser.add_argument("--result", type=Path, required=True, help="JSON file to write")
    return parser


if __name__ == "__main__":
    main()
