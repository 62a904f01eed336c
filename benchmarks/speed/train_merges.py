r"""Learning pieces against sentencepiece's own BPE trainer, on the same Arabic text.

    python benchmarks/speed/train_merges.py --shards 'out/corpus/shards/*.parquet' \
        --output benchmarks/results/train_merges.json

Each contender is a process of its own on the same cores, in turn; files are in the page cache. The clock covers the
whole process: start, imports, reading, counting of words, learning. Daad reads a Parquet shard and learns on top of a
base's cuts, clitic cuts and proof of reach included; sentencepiece reads a text file of lines and learns from scratch.
An uncounted first run compiles Daad's kernels. Text is repeated where the shards hold less than was asked for: then
`distinct_megabytes` is less than `megabytes`.
"""

import argparse
import json
import os
import platform
import shlex
import statistics
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from measured_run import machine, run_measured

_CONTENDERS_DIR = Path(__file__).parent / "contenders"
_PROJECT_DIR = Path(__file__).parents[2]
_PACKAGES = ("numba", "numpy", "polars", "sentencepiece", "mistral-common")


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the text both ways, run both in turn, print and record the medians."""
    options = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        # In a process of its own: a contender starts as a copy of this one, which must stay small.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as writer:
            text = writer.submit(write_text, options.shards, options.megabytes, Path(folder)).result()
        commands = _commands(Path(folder), options)
        results = measure(
            commands, [int(core) for core in options.cores.split(",")], options.runs, options.limit
        )
    seconds = {name: result["seconds"] for name, result in results.items()}
    record = {
        "benchmark": "train_merges",
        "command": shlex.join(
            ["python", "benchmarks/speed/train_merges.py", *_named(arguments or sys.argv[1:])]
        ),
        "settings": {"pieces": options.pieces, "cores": options.cores, "runs": options.runs},
        "text": text,
        "contenders": results,
        "ratio": seconds["sentencepiece"] / seconds["daad"],
        "versions": {"python": platform.python_version()} | {name: version(name) for name in _PACKAGES},
        "machine": machine(),
    }
    for name, result in results.items():
        spent = f"{result['seconds']:7.2f} s, {result['cpu_seconds']:.2f} s of processors"
        print(f"{name:14} {spent}, {result['peak_bytes'] / 1e6:,.0f} MB, n={result['n']}")
    print(f"sentencepiece takes {record['ratio']:.2f} times as long")
    if options.output:
        options.output.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def write_text(patterns: Sequence[str], megabytes: float, folder: Path) -> dict[str, Any]:
    """The first Arabic documents up to the size, as a shard and as lines."""
    import polars as pl

    documents = pl.concat([pl.read_parquet(pattern) for pattern in patterns])
    documents = documents.filter(pl.col("language") == "ar")
    size = pl.col("text").str.len_bytes().cum_sum()
    distinct = documents.filter(size <= megabytes * 1e6)
    held = int(distinct["text"].str.len_bytes().sum())
    copies = [
        distinct.with_columns(pl.col("id") + f"#{turn}") for turn in range(1 + int(megabytes * 1e6 / held))
    ]
    repeated = pl.concat(copies).filter(size <= megabytes * 1e6)
    repeated.write_parquet(folder / "text.parquet")
    (folder / "text.txt").write_text("\n".join(repeated["text"]) + "\n", encoding="utf-8")
    return {
        "documents": repeated.height,
        "megabytes": int(repeated["text"].str.len_bytes().sum()) / 1e6,
        "distinct_megabytes": held / 1e6,
    }


def measure(
    commands: dict[str, list[str]], cores: list[int], runs: int, limit_seconds: float
) -> dict[str, dict[str, Any]]:
    """Medians of runs in turn.

    Raises:
        SystemExit: A contender failed.
    """
    environment = os.environ | {"PYTHONPATH": str(_PROJECT_DIR)}
    found: dict[str, list[Any]] = {name: [] for name in commands}
    run_measured(commands["daad"], cores, limit_seconds, environment)
    for _ in range(runs):
        for name, command in commands.items():
            measured = run_measured(command, cores, limit_seconds, environment)
            if measured.exit_code:
                raise SystemExit(f"{name} failed with {measured.exit_code}: {measured.output_tail}")
            found[name].append(measured)
    return {
        name: {
            "seconds": statistics.median(run.seconds for run in all_runs),
            "all_seconds": [run.seconds for run in all_runs],
            "cpu_seconds": statistics.median(run.cpu_seconds for run in all_runs),
            "peak_bytes": max(run.peak_bytes for run in all_runs),
            "n": len(all_runs),
            "printed": all_runs[-1].output_tail.strip().splitlines()[-1],
        }
        for name, all_runs in found.items()
    }


def _commands(folder: Path, options: argparse.Namespace) -> dict[str, list[str]]:
    threads = str(len(options.cores.split(",")))
    daad = [str(_CONTENDERS_DIR / "train_daad.py"), str(folder / "text.parquet"), str(options.pieces)]
    theirs = [str(_CONTENDERS_DIR / "train_sentencepiece.py"), str(folder / "text.txt"), str(options.pieces)]
    return {
        "daad": [sys.executable, *daad],
        "sentencepiece": [sys.executable, *theirs, threads, str(folder / "model")],
    }


def _named(arguments: Sequence[str]) -> list[str]:
    """The command without folders of this machine."""
    return [Path(argument).name if "/" in argument else argument for argument in arguments]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--shards", nargs="+", required=True, help="patterns of shards that a build wrote")
    parser.add_argument("--megabytes", type=float, default=100, help="how much Arabic text, in UTF-8")
    parser.add_argument("--pieces", type=int, default=30_000, help="pieces to learn")
    parser.add_argument("--runs", type=int, default=3, help="runs of each, at least 3 for a record")
    parser.add_argument("--cores", default="0,1", help="cores to use")
    parser.add_argument("--limit", type=float, default=900, help="seconds after which a run is stopped")
    parser.add_argument("--output", type=Path, help="where to write the figures")
    return parser


if __name__ == "__main__":
    main()
