r"""The whole build against datatrove: the same stages, files and cores.

    python benchmarks/speed/datatrove_build.py --corpus out/speed/50 --files 2 --cores 0,1 \
        --peers_python .venv-peers/bin/python --result benchmarks/results/datatrove_build.json

`--files` takes the first so many of the eight files, for a run of minutes, and at least as many as there are cores:
datatrove shares out files. Our build runs three times, datatrove's once, which the record says.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from build_runs import first_files, run_daad_build, run_datatrove_build, warm_up
from measured_run import Measured, machine, warm_page_cache


def main(arguments: Sequence[str] | None = None) -> None:
    """Run both in turn, record both."""
    options = _parser().parse_args(arguments)
    cores = [int(core) for core in options.cores.split(",")]
    if options.files < len(cores):
        raise SystemExit(f"files: at least one for each of {len(cores)} cores, got {options.files}")
    given = first_files(options.corpus, options.files)
    runs: dict[str, list[Measured]] = {"daad": [], "datatrove": []}
    details: dict[str, dict[str, object]] = {}
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        warm_page_cache(options.corpus / "jsonl")
        warm_up(given._replace(files=given.files[:1]), Path(scratch) / "warm", cores, options.limit)
        for _ in range(options.runs):
            measured, details["daad"] = run_daad_build(given, Path(scratch) / "daad", cores, options.limit)
            runs["daad"].append(measured)
            print(f"daad       {measured.seconds:9.2f} s", flush=True)
        for _ in range(options.datatrove_runs):
            measured, details["datatrove"] = run_datatrove_build(
                given, Path(scratch) / "datatrove", cores, options.limit, options.peers_python
            )
            runs["datatrove"].append(measured)
            print(f"datatrove  {measured.seconds:9.2f} s", flush=True)
    record = {
        "benchmark": "datatrove_build",
        "command": "python benchmarks/speed/datatrove_build.py",
        "settings": {
            name: getattr(options, name) for name in ("cores", "runs", "datatrove_runs", "files", "limit")
        },
        "machine": machine(),
        "input": {"documents": given.documents, "text_bytes": given.text_bytes},
        "contenders": {
            name: _summary(runs[name], given.text_bytes, len(cores)) | details[name] for name in runs
        },
    }
    options.result.parent.mkdir(parents=True, exist_ok=True)
    options.result.write_text(json.dumps(record, indent=1) + "\n", "utf-8")
    print(f"recorded in {options.result}")


def _summary(runs: list[Measured], text_bytes: int, num_cores: int) -> dict[str, object]:
    good = [run for run in runs if run.exit_code == 0]
    if len(good) < len(runs):
        return {"n": len(good), "failure": runs[-1].output_tail}
    seconds = statistics.median(run.seconds for run in good)
    return {
        "n": len(good),
        "seconds": seconds,
        "megabytes_per_second_per_core": text_bytes / 1e6 / seconds / num_cores,
        "peak_bytes": max(run.peak_bytes for run in good),
        "runs": [asdict(run) | {"output_tail": ""} for run in good],
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--corpus", type=Path, required=True, help="directory that generate.py wrote")
    parser.add_argument("--files", type=int, default=2, help="how many of its eight files to build from")
    parser.add_argument(
        "--peers_python", default=sys.executable, help="Python of the environment with the peers"
    )
    parser.add_argument("--cores", default="0,1", help="cores that both may use")
    parser.add_argument("--runs", type=int, default=3, help="runs of our build")
    parser.add_argument("--datatrove_runs", type=int, default=1, help="runs of datatrove's, being slow")
    parser.add_argument("--limit", type=float, default=4 * 3600, help="seconds after which a run is stopped")
    parser.add_argument("--scratch", type=Path, help="directory for what both write; default is the system's")
    parser.add_argument("--result", type=Path, required=True, help="JSON file to write")
    return parser


if __name__ == "__main__":
    main()
