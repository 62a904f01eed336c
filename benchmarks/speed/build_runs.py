"""One measured run of `python -m corpus.build`, or of datatrove doing the same, on JSONL files."""

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet as pq
from measured_run import Measured, run_measured

_SPEED_DIR = Path(__file__).parent
_PROJECT_DIR = Path(__file__).parents[2]
_ONE_THREAD = dict.fromkeys(("POLARS_MAX_THREADS", "NUMBA_NUM_THREADS", "OMP_NUM_THREADS"), "1")


class BuildInput(NamedTuple):
    """Files to build from, and what is in them."""

    files: list[Path]
    documents: int
    text_bytes: int
    format: str = "jsonl"


def first_files(corpus_dir: Path, num_files: int) -> BuildInput:
    """The first of the eight files that generate.py wrote, counted in its Parquet twins."""
    files = sorted((corpus_dir / "jsonl").glob("part-*.jsonl.gz"))[:num_files]
    if not files:
        raise SystemExit(f"{corpus_dir}: no jsonl/part-*.jsonl.gz; make them with generate.py")
    documents, text_bytes = 0, 0
    for path in files:
        texts = pq.read_table(corpus_dir / "parquet" / path.name.replace(".jsonl.gz", ".parquet"))["text"]
        documents += len(texts)
        text_bytes += sum(len(text.as_buffer()) for text in texts)
    return BuildInput(files, documents, text_bytes)


def run_daad_build(
    given: BuildInput,
    work_dir: Path,
    cores: Sequence[int],
    limit_seconds: float,
    prefix: Sequence[str] = (),
) -> tuple[Measured, dict[str, Any]]:
    """Build in a fresh directory with one worker per core; also the manifest's account of the run.

    The sources are one and unnamed as to language, so that every stage has its work to do. One core means one
    thread in every library too; with more, workers and threads are as a user would have them. `prefix` is a command
    that starts the build's.
    """
    shutil.rmtree(work_dir, ignore_errors=True)
    work_dir.mkdir(parents=True)
    source = {
        "name": "speed",
        "path": [str(path.resolve()) for path in given.files],
        "format": given.format,
        "examples": False,
    }
    config = {"output_dir": str(work_dir / "corpus"), "sources": [source]}
    config_path = work_dir / "build.json"
    config_path.write_text(json.dumps(config), "utf-8")  # JSON is YAML
    command = [
        *prefix,
        sys.executable,
        "-m",
        "corpus.build",
        "--config",
        str(config_path),
        "--workers",
        str(len(cores)),
    ]
    environment = {"PYTHONPATH": str(_PROJECT_DIR)} | (_ONE_THREAD if len(cores) == 1 else {})
    measured = run_measured(command, cores, limit_seconds, environment)
    manifest_path = work_dir / "corpus" / "manifest.json"
    if measured.exit_code != 0 or not manifest_path.exists():
        return measured, {}
    manifest = json.loads(manifest_path.read_text("utf-8"))
    stages: dict[str, int] = {}
    for row in manifest["counts"]:
        stages[row["stage"]] = stages.get(row["stage"], 0) + row["documents_out"]
    account = {key: value for key, value in manifest["run"].items() if key != "output_dir"}
    return measured, {"run": account, "documents_after_stage": stages}


def warm_up(given: BuildInput, work_dir: Path, cores: Sequence[int], limit_seconds: float) -> None:
    """Build once, uncounted, so that kernels are compiled and files cached as in any second use.

    Raises:
        SystemExit: The build fails, so that nothing that follows would mean anything.
    """
    measured, _ = run_daad_build(given, work_dir, cores, limit_seconds)
    if measured.exit_code != 0:
        raise SystemExit(f"the build fails, exit status {measured.exit_code}: {measured.output_tail}")


def run_datatrove_build(
    given: BuildInput, work_dir: Path, cores: Sequence[int], limit_seconds: float, peers_python: str
) -> tuple[Measured, dict[str, Any]]:
    """Build with datatrove, one worker per core; also the documents after each stage that our build has too."""
    shutil.rmtree(work_dir, ignore_errors=True)
    input_dir = work_dir / "input"
    input_dir.mkdir(parents=True)
    for path in given.files:
        (input_dir / path.name).symlink_to(path.resolve())
    script = str(_SPEED_DIR / "contenders" / "build_datatrove.py")
    command = [peers_python, script, str(input_dir), str(work_dir / "output"), str(len(cores))]
    measured = run_measured(command, cores, limit_seconds)
    logs_dir = work_dir / "output" / "logs"
    details: dict[str, Any] = {"seconds_by_step": _datatrove_seconds(logs_dir)}
    if measured.exit_code == 0:
        details["documents_after_stage"] = datatrove_counts(logs_dir)
    return measured, details


def datatrove_counts(logs_dir: Path) -> dict[str, int]:
    """Documents after the stages that both builds have, by the names that ours gives them.

    Args:
        logs_dir: Has a directory for each of its jobs, with the job's `stats.json`.
    """
    passed: dict[str, int] = {}
    for job, step, stage in _COMPARABLE:
        for entry in _steps(logs_dir / job / "stats.json"):
            if step in entry["name"]:
                count = entry["stats"].get("documents" if stage == "read" else "forwarded", 0)
                passed[stage] = int(count["total"] if isinstance(count, dict) else count)
    return passed


_COMPARABLE = (
    ("filter", "READER", "read"),
    ("filter", "Language ID", "language"),
    ("filter", "FineWeb Quality", "quality"),  # the last of four filters of quality
    ("exact3", "exact-deduplication", "exact"),
    ("near4", "MinHash stage 4", "near"),
)
"""Job and step of datatrove, and the stage of our build after which the same has been decided."""


def _datatrove_seconds(logs_dir: Path) -> dict[str, float]:
    """Seconds of all tasks together by step, as its own statistics have them."""
    seconds: dict[str, float] = {}
    for path in sorted(logs_dir.glob("*/stats.json")):
        for step in _steps(path):
            name = f"{path.parent.name}: {step['name']}"
            seconds[name] = seconds.get(name, 0.0) + float(step["time_stats"].get("total", 0.0))
    return seconds


def _steps(stats_path: Path) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = json.loads(stats_path.read_text("utf-8"))
    return steps
