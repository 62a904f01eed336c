r"""Every benchmark of the corpus room in the right order; a step whose result is there already is left out.

    python benchmarks/speed/run_all.py --corpora out/speed --peers_python .venv-peers/bin/python

Corpora come first, unless they are there (`--corpora` then has 50, 100, 205 and 400, which generate.py wrote). Each
step writes one file of results, so a stopped run goes on where it was, and removing a file repeats its step. A step
that fails is reported at the end and does not stop the others. The machine has to be quiet: nothing else may run.
Run it from the root of the project, so that paths in what is recorded are relative.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

_SPEED_DIR = Path(__file__).parent
_PROJECT_DIR = Path(__file__).parents[2]
MEGABYTES = {"50": 50, "100": 100, "205": 205, "400": 400}
DOCUMENTS = {"50": 25_000, "100": 50_000, "205": 100_000, "400": 200_000}
WITH_TRUTH = "205"
SLICE = "slice"
"""A small corpus with truth, for contenders that would take an hour on the large one."""
SLICE_MEGABYTES, SLICE_DOCUMENTS = 25, 12_500


class Step(NamedTuple):
    """One script to run, and the file that tells that it has been."""

    script: str
    options: list[str]
    result: Path


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing, then write the report."""
    options = _parser().parse_args(arguments)
    failed = []
    for step in steps(options):
        if step.result.exists():
            print(f"there already: {step.result}", flush=True)
            continue
        command = [sys.executable, str(_SPEED_DIR / step.script), *step.options]
        started = time.monotonic()
        print(f"{step.script} {' '.join(step.options)}", flush=True)
        if not options.dry:
            step.result.parent.mkdir(parents=True, exist_ok=True)
            status = subprocess.run(command, check=False, env=_environment()).returncode
            print(f"exit status {status} after {time.monotonic() - started:.0f} s", flush=True)
            failed += [step.script] if status else []
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}; the same command repeats only what is missing")


def steps(options: argparse.Namespace) -> Iterator[Step]:
    """All of them, in order; the page of the report is written last."""
    corpora, results = options.corpora, options.results
    for name in MEGABYTES:
        truth = [] if name == WITH_TRUTH else ["--no-truth"]
        yield _corpus(corpora / name, MEGABYTES[name], DOCUMENTS[name], truth)
    yield _corpus(corpora / SLICE, SLICE_MEGABYTES, SLICE_DOCUMENTS, [])

    near = ["--corpus", str(corpora / WITH_TRUTH), *_peers(options), *_cores(options), "--runs", "3"]
    fast = ["--contenders", "daad,gaoya,rensa,datasketch", "--limit", "600"]
    yield _measured("near_dedup", [*near, *fast], results)
    slow = ["--contenders", "daad,text_dedup,datatrove", "--once", "text_dedup,datatrove", "--limit", "600"]
    near[1] = str(corpora / SLICE)
    yield _measured("near_dedup", [*near, *slow], results, "near_dedup_slice")

    sizes = ",".join(str(corpora / name) for name in MEGABYTES)
    once = ",".join(name for name in MEGABYTES if name != WITH_TRUTH)
    whole = ["--corpora", sizes, "--once", once, *_cores(options), "--runs", "3", "--limit", "900"]
    yield _measured("whole_build", whole, results)
    given = ["--corpus", str(corpora / SLICE), "--files", "4", *_peers(options), *_cores(options)]
    yield _measured("datatrove_build", [*given, "--runs", "3", "--limit", "1800"], results)
    normalized = results / "normalize.json"
    yield Step("normalize.py", ["--runs", "5", "--output", str(normalized)], normalized)
    recorded = [str(results / f"{name}.json") for name in REPORTED if (results / f"{name}.json").exists()]
    if recorded:
        if not options.dry:
            (results / "speed.md").unlink(missing_ok=True)  # the only step that costs nothing
        yield Step("report.py", [*recorded, "--output", str(results / "speed.md")], results / "speed.md")


REPORTED = ("near_dedup", "near_dedup_slice", "whole_build", "datatrove_build")


def _corpus(folder: Path, megabytes: int, documents: int, more: list[str]) -> Step:
    size = ["--megabytes", str(megabytes), "--documents", str(documents), "--seed", "1"]
    return Step("generate.py", ["--output", str(folder), *size, *more], folder / "corpus.json")


def _measured(script: str, options: list[str], results: Path, name: str = "") -> Step:
    result = results / f"{name or script}.json"
    return Step(f"{script}.py", [*options, "--result", str(result)], result)


def _peers(options: argparse.Namespace) -> list[str]:
    return ["--peers_python", str(options.peers_python)]


def _cores(options: argparse.Namespace) -> list[str]:
    return ["--cores", options.cores]


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(_PROJECT_DIR)}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--corpora", type=Path, required=True, help="directory of the corpora")
    parser.add_argument(
        "--peers_python", type=Path, required=True, help="Python of the environment with the peers"
    )
    parser.add_argument("--cores", default="0,1", help="cores to use")
    parser.add_argument("--results", type=Path, default=Path("benchmarks/results"), help="where results go")
    parser.add_argument("--dry", action="store_true", help="only print what would run")
    return parser


if __name__ == "__main__":
    main()
