r"""Cost of every stage of the build against size, its growth, and on paper what terabytes would take.

    python benchmarks/speed/generate.py --output out/speed/4000 --megabytes 4000 --documents 2000000 --no-truth \
        --files 80 --workers 2 --no-jsonl
    python benchmarks/speed/scale_study.py --corpus out/speed/4000 --result benchmarks/results/scale_study.json

Each size is the first so many files of one corpus, whose copies are of earlier documents only. A run is recorded as
soon as it is done, and one that is recorded is not made again. Figures are processor seconds, which other work on the
machine changes little, beside wall time, which it changes much. `scale_study.md` is written beside the result.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc
import pyarrow.parquet as pq
from measured_run import machine
from phase_meter import measure_phases
from scale_fit import Cluster, Run, growth, plan
from scale_page import page
from tqdm import tqdm

_PROJECT_DIR = Path(__file__).parents[2]
SIZES = "0.1,0.25,0.5,1,2,4"
_TOLERANCE = 0.1
PLANS = ((1.0, 8), (15.0, 40))
"""Terabytes and nodes: FineWeb-2's Arabic, and the raw text that 540 thousand million tokens come from."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is not recorded yet, then fit, plan and write the page."""
    options = _parser().parse_args(arguments)
    files = sorted((options.corpus / "parquet").glob("part-*.parquet"))
    largest = max(float(size) for size in f"{options.local},{options.daft}".split(",") if size)
    sizes_so_far = _sizes_so_far(files, largest * 1e9)
    record = _recorded(options.result) | {"benchmark": "scale_study", "command": _command(options)}
    for engine, sizes in (("local", options.local), ("daft", options.daft)):
        for gigabytes in map(float, filter(None, sizes.split(","))):
            if any(run["engine"] == engine and run["gigabytes"] == gigabytes for run in record["runs"]):
                continue
            count = int(np.abs(sizes_so_far - gigabytes * 1e9).argmin()) + 1
            text_bytes = int(sizes_so_far[count - 1])
            if abs(text_bytes / 1e9 / gigabytes - 1) > _TOLERANCE:
                raise SystemExit(
                    f"{options.corpus}: no first files hold {gigabytes} GB, at best {text_bytes / 1e9:.3f}"
                )
            run = _run(engine, files[:count], options) | {"engine": engine, "gigabytes": gigabytes}
            run["text_bytes"] = text_bytes
            record["runs"].append(run)
            _write(options.result, record)
            print(
                f"{engine} {gigabytes} GB: {run['processor_seconds']:.0f} processor seconds, {run['seconds']:.0f} s"
            )
    _write(options.result, record)


def _run(engine: str, files: Sequence[Path], options: argparse.Namespace) -> Run:
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        config = {
            "output_dir": f"{scratch}/corpus",
            "sources": [{"name": "speed", "path": [str(path.resolve()) for path in files]}],
            "workers": options.workers,
        }
        config_path = Path(scratch) / "build.json"
        config_path.write_text(json.dumps(config), "utf-8")  # JSON is YAML
        command = [sys.executable, "-m", "corpus.build", "--config", str(config_path), "--engine", engine]
        load = os.getloadavg()[0]
        phases, status, said = measure_phases(command, {"PYTHONPATH": str(_PROJECT_DIR)}, options.limit)
        if status:
            raise SystemExit(f"{engine}: the build failed, exit status {status}: {said}")
        manifest = json.loads((Path(scratch) / "corpus" / "manifest.json").read_text("utf-8"))
        output = Path(scratch) / "corpus"
        sizes = {name: _bytes_below(output / name) for name in ("shards", "dropped", "work")}
    return {
        "phases": {name: asdict(cost) for name, cost in phases.items()},
        "processor_seconds": sum(cost.processor_seconds for cost in phases.values()),
        "seconds": sum(cost.seconds for cost in phases.values()),
        "peak_bytes": max(cost.peak_bytes for cost in phases.values()),
        "stage_seconds": manifest["run"]["worker_seconds_by_stage"],
        "documents": sum(row["documents_in"] for row in manifest["counts"] if row["stage"] == "read"),
        "kept": sum(shard["documents"] for shard in manifest["shards"]),
        "left_bytes": sizes,
        "load_before": load,
        "versions": manifest["versions"],
    }


def _sizes_so_far(files: Sequence[Path], enough: float) -> npt.NDArray[np.int64]:
    """Bytes of text in the first file, the first two, and so on until there are enough."""
    sizes: list[int] = []
    for path in tqdm(files, "text of files", leave=False):
        sizes.append((sizes[-1] if sizes else 0) + _text_bytes(path))
        if sizes[-1] > enough:
            break
    return np.array(sizes, np.int64)


def _text_bytes(path: Path) -> int:
    """Bytes of UTF-8 in a file's texts."""
    groups = pq.ParquetFile(path).iter_batches(columns=["text"])
    return sum(int(pc.sum(pc.binary_length(group["text"])).as_py()) for group in groups)


def _bytes_below(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


def stage_costs(run: Run) -> dict[str, float]:
    """Processor seconds of every stage; those of reading and cleaning share its cost as they shared workers' time."""
    costs = {name: phase["processor_seconds"] for name, phase in run["phases"].items()}
    cleaning = costs.pop("read and clean")
    total = sum(run["stage_seconds"].values())
    stages = {name: cleaning * spent / total for name, spent in run["stage_seconds"].items()}
    return {"read and clean (all)": cleaning} | stages | costs


def summary(runs: Sequence[Run]) -> dict[str, Any]:
    """For each engine the growth of every stage's cost, and of the whole; then the plans."""
    found: dict[str, Any] = {}
    for engine in dict.fromkeys(run["engine"] for run in runs):
        own = sorted((run for run in runs if run["engine"] == engine), key=lambda run: run["gigabytes"])
        sizes = [run["text_bytes"] for run in own]
        stages = [stage_costs(run) for run in own]
        names = [name for name in stages[-1] if all(name in costs for costs in stages)]
        found[engine] = {"stages": {name: growth(sizes, [costs[name] for costs in stages]) for name in names}}
        found[engine]["whole"] = growth(sizes, [run["processor_seconds"] for run in own])
        found[engine]["peak"] = growth(sizes, [run["peak_bytes"] for run in own])
        found[engine]["per_gigabyte"] = own[-1]["processor_seconds"] / (own[-1]["text_bytes"] / 1e9)
    dearest = max((engine["per_gigabyte"] for engine in found.values()), default=0.0)
    found["plans"] = (
        [plan(terabytes, nodes, dearest, Cluster()) for terabytes, nodes in PLANS] if dearest else []
    )
    return found


def _recorded(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text("utf-8"))) if path.exists() else {"runs": []}


def _command(options: argparse.Namespace) -> str:
    return (
        "python benchmarks/speed/scale_study.py --corpus CORPUS --result RESULT "
        f"--local {options.local} --daft {options.daft} --workers {options.workers}"
    )


def _write(path: Path, record: dict[str, Any]) -> None:
    record |= {
        "machine": machine(),
        "summary": summary(record["runs"]) if record["runs"] else {},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(record, indent=1) + "\n", "utf-8")
    partial.replace(path)
    if record["runs"]:
        stages = {f"{run['engine']} {run['gigabytes']:g}": stage_costs(run) for run in record["runs"]}
        path.with_suffix(".md").write_text(page(record, stages), "utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--corpus", type=Path, required=True, help="directory that generate.py wrote")
    parser.add_argument("--local", default=SIZES, help="sizes on the local engine, in 10^9 bytes of text")
    parser.add_argument("--daft", default="0.1,0.25,0.5,1", help="sizes on Daft")
    parser.add_argument("--workers", type=int, default=2, help="worker processes")
    parser.add_argument("--limit", type=float, default=7200, help="seconds after which a run is stopped")
    parser.add_argument("--scratch", type=Path, help="directory for builds; default is the system's")
    parser.add_argument("--result", type=Path, required=True, help="JSON file to write and go on with")
    return parser


if __name__ == "__main__":
    main()
