"""What one process does with one job; all that a run says goes into its own log, for the bar tells of all runs."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

from corpus.pipeline.atomic import read_json
from experiments import origin
from experiments.jobs import Job
from nemo_recipes.pretrain_config import PretrainConfig

COST = "cost.jsonl"


def work(job: Job) -> None:
    """Do a job unless it is done; what was begun goes on from its last checkpoint.

    Raises:
        PretrainingError: The run cannot work, or broke.
        ExperimentError: It was begun from another plan or starting checkpoint.
        TokenizationError: New rows cannot be made.
        KeyboardInterrupt: A signal asked for a stop; all steps that were done are saved.
    """
    with _telling(job.log):
        if job.config is not None and not is_finished(job.config):
            _train(job.config)
        for rows in job.rows:
            from tokenization.embeddings.apply import apply

            apply(rows)
        if job.measure is not None:
            job.measure()


def is_finished(config: PretrainConfig) -> bool:
    """Whether a run of these settings, from the plan and the checkpoint that they name, has come to its end."""
    path = Path(config.output_dir, "manifest.json")
    return path.is_file() and read_json(path)["config"] == config.decisive() and origin.is_same(config)


def _train(config: PretrainConfig) -> None:
    from nemo_recipes.engine.run import run
    from nemo_recipes.planning.plan import check, make_plan
    from nemo_recipes.watch.journal import Journal

    plan = make_plan(config)
    check(plan)
    origin.record(config)
    wall, processor = time.monotonic(), time.process_time()
    try:
        run(config, plan)
    finally:
        line = {
            "kind": "cost",
            "seconds": round(time.monotonic() - wall, 2),
            "processor_seconds": round(time.process_time() - processor, 2),
        }
        Journal(Path(config.output_dir) / COST).write(line)
    # The log says all that the experiment asks; a run that is at its end is never gone on with.
    shutil.rmtree(Path(config.output_dir, "checkpoints"))


@contextmanager
def _telling(log: Path) -> Iterator[None]:
    """Let all that is printed go into a file."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file, redirect_stderr(file), redirect_stdout(file):
        yield
