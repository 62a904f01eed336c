r"""Near-duplicate removal of the same gigabytes by Daad and its peers: one contender after another, each result kept.

    python benchmarks/speed/peers_at_scale.py --corpus out/speed/4000 --peers_python .venv-peers/bin/python \
        --result benchmarks/results/peers_4gb.json

A contender whose result is recorded for a corpus is not run again, so that slow ones can be left for a night;
`--contenders` says which are run. Each runs once (n = 1): text-dedup and datatrove take more than half an hour for 4 GB
on two cores. Every contender is a process from file to file, as in near_dedup.py; Daft runs in Daad's own environment.
NeMo Curator is missing: its documentation asks for a GPU for fuzzy deduplication, and its stages for processors
(filters, modifiers) find no pairs.

The page has one table for each corpus; `peers_4gb.md` is written beside the result.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from measured_run import machine, run_measured
from report import table
from sampled_quality import sampled_quality

_CONTENDERS_DIR = Path(__file__).parent / "contenders"
_PROJECT_DIR = Path(__file__).parents[2]
CONTENDERS = ("daad", "daft", "text_dedup", "datatrove")
OURS = {"daad", "daft"}
"""Contenders that run in Daad's own environment."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing, judge it, record it, write the page."""
    options = _parser().parse_args(arguments)
    corpus = json.loads((options.corpus / "corpus.json").read_text("utf-8"))
    size = f"{corpus['text_bytes'] / 1e9:.2f} GB, {corpus['plan']['documents']:,} documents"
    record = json.loads(options.result.read_text("utf-8")) if options.result.exists() else {"corpora": {}}
    results = record["corpora"].setdefault(size, {})
    for name in options.contenders.split(","):
        if name not in CONTENDERS:
            raise SystemExit(f"contenders: unknown {name}; there are {', '.join(CONTENDERS)}")
        if name in results and results[name]["exit_code"] == 0:
            print(f"there already: {name}, {size}", flush=True)
            continue
        results[name] = _run(name, options) | {
            "documents": corpus["plan"]["documents"],
            "text_bytes": corpus["text_bytes"],
        }
        record |= {
            "benchmark": "peers_at_scale",
            "command": "python benchmarks/speed/peers_at_scale.py --corpus CORPUS --peers_python PY --result RESULT",
            "machine": machine(),
        }
        options.result.parent.mkdir(parents=True, exist_ok=True)
        options.result.write_text(json.dumps(record, indent=1) + "\n", "utf-8")
        options.result.with_suffix(".md").write_text(page(record), "utf-8")
        print(
            f"{name}, {size}: {results[name]['seconds']:.0f} s, exit {results[name]['exit_code']}", flush=True
        )


def _run(name: str, options: argparse.Namespace) -> dict[str, Any]:
    cores = [int(core) for core in options.cores.split(",")]
    output = Path(tempfile.mkdtemp(dir=options.scratch))
    python = sys.executable if name in OURS else options.peers_python
    command = [python, str(_CONTENDERS_DIR / f"run_{name}.py"), "--input", str(options.corpus)]
    command += ["--output", str(output), "--threads", str(len(cores))]
    environment = {"PYTHONPATH": str(_PROJECT_DIR) if name in OURS else ""}
    load = os.getloadavg()[0]
    try:
        measured = run_measured(command, cores, options.limit, environment)
        result = asdict(measured) | {"load_before": load, "n": 1}
        if measured.exit_code == 0:
            result["quality"] = sampled_quality(options.corpus, output / "clusters.parquet", options.sample)
            result["output_tail"] = ""
        return result
    finally:
        shutil.rmtree(output)


def page(record: dict[str, Any]) -> str:
    """One table for each corpus."""
    facts = record["machine"]
    how = (
        f"`{record['command']}` on {facts['cpu']}, {facts['cores_available']} cores, {facts['memory_gib']} GiB. n = 1 "
        "everywhere. The machine was shared (`load` before each run): compare processor seconds rather than wall time. "
        "Recall is of planted pairs with true similarity >= .8, precision of reported pairs, both over random samples "
        "with 95 % Wilson intervals, pairs with respelled documents left out. datatrove and Daft check no candidates. "
        "NeMo Curator 1.4 asks for a GPU for fuzzy deduplication and has no stage for it on processors."
    )
    parts = ["# Near-duplicate removal beside peers, at scale", how]
    header = [
        "tool", "processor s", "wall s", "documents a processor s", "MB a processor s", "peak MB", "recall",
        "precision", "removed", "load",
    ]  # fmt: skip
    for size, results in record["corpora"].items():
        parts += [f"## {size}", table(header, [_row(name, result) for name, result in results.items()])]
    return "\n\n".join(parts) + "\n"


def _row(name: str, result: dict[str, Any]) -> list[str]:
    if result["exit_code"]:
        what = "stopped at the limit" if result["exit_code"] == 124 else "failed"
        seconds = f"{result['cpu_seconds']:.0f}", f"{result['seconds']:.0f}"
        return [f"{name}: {what}", *seconds, "", "", f"{result['peak_bytes'] / 1e6:,.0f}", "", "", "", ""]
    quality = result["quality"]
    return [
        name,
        f"{result['cpu_seconds']:.0f}",
        f"{result['seconds']:.0f}",
        f"{result['documents'] / result['cpu_seconds']:,.0f}",
        f"{result['text_bytes'] / 1e6 / result['cpu_seconds']:.2f}",
        f"{result['peak_bytes'] / 1e6:,.0f}",
        *(_interval(quality[measure]) for measure in ("recall", "precision")),
        f"{quality['documents_removed']:,}",
        f"{result['load_before']:.0f}",
    ]


def _interval(share: dict[str, Any]) -> str:
    return f"{share['value']:.3f} [{share['low']:.3f}, {share['high']:.3f}]" if share["trials"] else "none"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--corpus", type=Path, required=True, help="directory that generate.py wrote")
    parser.add_argument("--peers_python", default=sys.executable, help="Python of the peers' environment")
    parser.add_argument("--contenders", default=",".join(CONTENDERS), help="which ones, in order")
    parser.add_argument("--cores", default="0,1", help="cores that every contender may use")
    parser.add_argument("--limit", type=float, default=14_400, help="seconds after which a run is stopped")
    parser.add_argument(
        "--sample", type=int, default=10_000, help="pairs to compare for recall and for precision"
    )
    parser.add_argument("--scratch", type=Path, help="directory for what contenders write")
    parser.add_argument("--result", type=Path, required=True, help="JSON file to write and go on with")
    return parser


if __name__ == "__main__":
    main()
