r"""Near-duplicate removal end to end, side by side: each contender a process of its own on the same cores.

    python benchmarks/speed/near_dedup.py --corpus out/speed/200 --peers_python .venv-peers/bin/python \
        --cores 0,1 --runs 3 --result benchmarks/results/near_dedup.json

Rounds are interleaved (every contender once, then again), so that a disturbance of the machine hits all. Time is
that of the whole process: start, import, read Parquet, sign, find pairs, cluster, write what stays. A first round
of Daad alone fills its cache of compiled kernels, as any second use of it would find it; it is recorded, not counted.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from measured_run import Measured, machine, run_measured, warm_page_cache
from quality import judge_clusters

_CONTENDERS_DIR = Path(__file__).parent / "contenders"
_PROJECT_DIR = Path(__file__).parents[2]
CONTENDERS = ("daad", "gaoya", "rensa", "datasketch", "text_dedup", "datatrove")
_DISTRIBUTIONS = {"daad": ("numba", "polars", "pyarrow"), "text_dedup": ("text-dedup",)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run, judge, record."""
    options = _parser().parse_args(arguments)
    warm_page_cache(options.corpus / "parquet")
    names = options.contenders.split(",")
    unknown = sorted(set(names) - set(CONTENDERS))
    if unknown:
        raise SystemExit(f"contenders: unknown {', '.join(unknown)}; there are {', '.join(CONTENDERS)}")
    once = set(options.once.split(","))
    results: dict[str, dict[str, object]] = {}
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        runs: dict[str, list[Measured]] = {name: [] for name in names}
        warm_up = _run("daad", options, Path(scratch)) if "daad" in names else None
        for number in range(options.runs):
            for name in names:
                if number == 0 or (name not in once and runs[name][-1].exit_code == 0):
                    runs[name].append(_run(name, options, Path(scratch)))
                    print(f"round {number + 1}  {name:<11} {runs[name][-1].seconds:9.2f} s", flush=True)
        for name, measured in runs.items():
            results[name] = _summary(measured) | {"version": _versions(name, options)}
            if measured[-1].exit_code == 0:
                results[name]["quality"] = judge_clusters(
                    options.corpus, Path(scratch) / name / "clusters.parquet"
                )
    _record(options, results, warm_up)


def _run(name: str, options: argparse.Namespace, scratch: Path) -> Measured:
    cores = [int(core) for core in options.cores.split(",")]
    python = sys.executable if name == "daad" else options.peers_python
    command = [python, str(_CONTENDERS_DIR / f"run_{name}.py"), "--input", str(options.corpus)]
    command += ["--output", str(scratch / name), "--threads", str(len(cores))]
    environment = {"RAYON_NUM_THREADS": str(len(cores)), "PYTHONPATH": ""}
    if name == "daad":  # a cache of its own, so that the first run compiles and the others do not
        environment |= {"PYTHONPATH": str(_PROJECT_DIR), "NUMBA_CACHE_DIR": str(scratch / "kernels")}
    return run_measured(command, cores, options.limit, environment)


def _summary(runs: list[Measured]) -> dict[str, object]:
    good = [run for run in runs if run.exit_code == 0]
    summary: dict[str, object] = {"n": len(good), "runs": [asdict(run) | {"output_tail": ""} for run in runs]}
    if len(good) < len(runs):
        summary["failure"] = runs[-1].output_tail
    if good:
        summary["seconds"] = statistics.median(run.seconds for run in good)
        summary["peak_bytes"] = max(run.peak_bytes for run in good)
    return summary


def _versions(name: str, options: argparse.Namespace) -> str:
    """Version of the tool and of the Python that ran it."""
    distributions = _DISTRIBUTIONS.get(name, (name,))
    program = (
        "import platform, sys, importlib.metadata as m;"
        "print('Python', platform.python_version(), *(n + ' ' + m.version(n) for n in sys.argv[1:]), sep=', ')"
    )
    python = sys.executable if name == "daad" else options.peers_python
    answer = subprocess.run(
        [python, "-c", program, *distributions], capture_output=True, text=True, check=True
    )
    return answer.stdout.strip().replace("Python, ", "Python ")


def _record(
    options: argparse.Namespace, results: dict[str, dict[str, object]], warm_up: Measured | None
) -> None:
    corpus = json.loads((options.corpus / "corpus.json").read_text("utf-8"))
    record = {
        "benchmark": "near_dedup",
        "command": "python benchmarks/speed/near_dedup.py",
        "settings": {
            name: getattr(options, name) for name in ("contenders", "cores", "runs", "once", "limit")
        },
        "machine": machine(),
        "corpus": {key: corpus[key] for key in ("plan", "text_bytes", "versions")},
        "seconds_with_compilation": warm_up.seconds if warm_up else None,
        "contenders": results,
    }
    options.result.parent.mkdir(parents=True, exist_ok=True)
    options.result.write_text(json.dumps(record, indent=1) + "\n", "utf-8")
    print(f"recorded in {options.result}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--corpus", type=Path, required=True, help="directory that generate.py wrote")
    parser.add_argument(
        "--peers_python", default=sys.executable, help="Python of the environment with the peers"
    )
    parser.add_argument("--cores", default="0,1", help="cores that every contender may use")
    parser.add_argument("--runs", type=int, default=3, help="runs of each contender")
    parser.add_argument("--contenders", default=",".join(CONTENDERS), help="which ones, in order")
    parser.add_argument("--once", default="text_dedup,datatrove", help="contenders that run once, being slow")
    parser.add_argument("--limit", type=float, default=3600, help="seconds after which a run is stopped")
    parser.add_argument(
        "--scratch", type=Path, help="directory for what the contenders write; default is the system's"
    )
    parser.add_argument("--result", type=Path, required=True, help="JSON file to write")
    return parser


if __name__ == "__main__":
    main()
