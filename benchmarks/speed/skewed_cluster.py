r"""One cluster of a million documents, the worst skew there is, built on Daft and on this machine's engine.

    python benchmarks/speed/skewed_cluster.py --documents 1000000 --engines daft \
        --result benchmarks/results/skewed_cluster.json

Each document is the same notice of 40 words with a number of its own in it, so that none is an exact copy and all are
near-duplicates: every band has one run of a million keys. 1,000 unrelated documents stand among them, which must stay.
The filters of quality are off, since a notice is what they are there for.
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
from measured_run import machine
from phase_meter import measure_phases
from word_pools import load_word_pools

_PROJECT_DIR = Path(__file__).parents[2]
NUM_FILES = 8
NUM_WORDS = 40
NUM_OTHERS = 1_000


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the documents, build them with each engine, record."""
    options = _parser().parse_args(arguments)
    record: dict[str, Any] = {
        "benchmark": "skewed_cluster",
        "command": f"python benchmarks/speed/skewed_cluster.py --documents {options.documents} --result RESULT",
        "documents": options.documents,
        "others": NUM_OTHERS,
        "runs": {},
    }
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        write_documents(Path(scratch) / "input", options.documents)
        for engine in options.engines.split(","):
            record["runs"][engine] = _run(engine, Path(scratch), options)
            record["machine"] = machine()
            options.result.parent.mkdir(parents=True, exist_ok=True)
            options.result.write_text(json.dumps(record, indent=1) + "\n", "utf-8")
            print(json.dumps({engine: {**record["runs"][engine], "phases": "..."}}), flush=True)


def write_documents(directory: Path, documents: int) -> None:
    """The notices, numbered, and the others after them, shared out to files."""
    directory.mkdir(parents=True)
    words = load_word_pools().english
    notice = " ".join(words[:NUM_WORDS])
    draw = np.random.default_rng(1)
    others = [" ".join(words[i] for i in draw.integers(0, len(words), 60)) for _ in range(NUM_OTHERS)]
    for part, numbers in enumerate(np.array_split(np.arange(documents), NUM_FILES)):
        with (directory / f"part-{part}.jsonl").open("w", encoding="utf-8") as file:
            for number in numbers.tolist():
                file.write(json.dumps({"text": f"{notice} {number}"}, ensure_ascii=False) + "\n")
            for text in others[part::NUM_FILES]:
                file.write(json.dumps({"text": text}, ensure_ascii=False) + "\n")


def _run(engine: str, scratch: Path, options: argparse.Namespace) -> dict[str, Any]:
    output = scratch / engine
    config = {
        "output_dir": str(output),
        "sources": [{"name": "notices", "path": str(scratch / "input"), "language": "en"}],
        "workers": options.workers,
        "quality": {"enabled": False},
        "language": {"enabled": False},
    }
    config_path = scratch / "build.json"
    config_path.write_text(json.dumps(config), "utf-8")  # JSON is YAML
    command = [sys.executable, "-m", "corpus.build", "--config", str(config_path), "--engine", engine]
    load = os.getloadavg()[0]
    phases, status, said = measure_phases(command, {"PYTHONPATH": str(_PROJECT_DIR)}, options.limit)
    if status:
        raise SystemExit(f"{engine}: the build failed, exit status {status}: {said}")
    manifest = json.loads((output / "manifest.json").read_text("utf-8"))
    return {
        "kept": sum(shard["documents"] for shard in manifest["shards"]),
        "duplicates": {stage: manifest["duplicates"][stage] for stage in ("exact", "near")},
        "largest_cluster": max((one["size"] for one in manifest["duplicates"]["largest"]), default=0),
        "seconds": sum(cost.seconds for cost in phases.values()),
        "processor_seconds": sum(cost.processor_seconds for cost in phases.values()),
        "peak_bytes": max(cost.peak_bytes for cost in phases.values()),
        "phases": {name: asdict(cost) for name, cost in phases.items()},
        "load_before": load,
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--documents", type=int, default=1_000_000, help="members of the cluster")
    parser.add_argument("--engines", default="daft", help="engines to build with, in order")
    parser.add_argument("--workers", type=int, default=2, help="worker processes")
    parser.add_argument("--limit", type=float, default=3600, help="seconds after which a run is stopped")
    parser.add_argument("--scratch", type=Path, help="directory for builds; default is the system's")
    parser.add_argument("--result", type=Path, required=True, help="JSON file to write")
    return parser


if __name__ == "__main__":
    main()
