"""All jobs on a few processes, with one bar over the whole matrix."""

import json
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import active_children
from pathlib import Path
from types import FrameType
from typing import NoReturn

from tqdm import tqdm

from corpus.pipeline.workers import Workers
from experiments.jobs import Job
from experiments.worker import is_finished, work

_TAIL = 8192
_SECONDS = 1.0


def run_all(stages: Sequence[Sequence[Job]], processes: int) -> None:
    """Run the jobs of each stage side by side, one stage after the other; finished ones are not run again.

    Raises:
        DaadError: A job cannot work, or a worker died.
        KeyboardInterrupt: A signal asked for a stop; runs are saved first.
    """
    jobs = [job for stage in stages for job in stage]
    with _passing_signals_on(), _bar(jobs), Workers(processes) as workers:
        for stage in stages:
            for _ in workers.map(work, stage):
                pass


def stages(bases: Sequence[Job], legs: Sequence[Job], processes: int) -> Iterator[list[Job]]:
    """Bases, then their legs, as many seeds at a time as there are processes: whole repetitions are finished first."""
    for first in range(0, len(bases), processes):
        together = list(bases[first : first + processes])
        seeds = {job.seed for job in together}
        yield together
        yield [job for job in legs if job.seed in seeds]


def finished_seeds(jobs: Sequence[Job]) -> list[int]:
    """Seeds of which every run is finished."""
    unfinished = {job.seed for job in jobs if job.config is not None and not is_finished(job.config)}
    return [seed for seed in dict.fromkeys(job.seed for job in jobs) if seed not in unfinished]


def flops_done(job: Job) -> float:
    """FLOPs of the steps that a run has made so far."""
    if job.config is None:
        return 0.0
    if is_finished(job.config):
        return float(job.flops)
    training = job.config.training
    tokens = last_step(Path(job.config.output_dir, "log.jsonl")) * training.global_batch
    return job.flops * min(1.0, tokens * job.config.data.sequence_length / training.token_budget)


def last_step(log: Path) -> int:
    """Number of the last step in a run's log, 0 where there is none yet."""
    if not log.is_file():
        return 0
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL))
        lines = file.read().splitlines()
    for line in reversed(lines):
        try:
            return int(json.loads(line)["step"])
        except (ValueError, KeyError, TypeError):  # cut off at either end
            continue
    return 0


@contextmanager
def _bar(jobs: Sequence[Job]) -> Iterator[None]:
    """A bar in FLOPs over all runs, which looks at their logs from time to time."""
    runs = [job for job in jobs if job.config is not None]
    over = threading.Event()
    with tqdm(
        total=sum(job.flops for job in runs),
        initial=int(sum(map(flops_done, runs))),
        desc="experiment",
        unit="FLOP",
        unit_scale=True,
        smoothing=0.02,
        dynamic_ncols=True,
    ) as bar:

        def look() -> None:
            done = [flops_done(job) for job in runs]
            ended = sum(made >= job.flops for made, job in zip(done, runs, strict=True))
            going = [
                f"{job.leg}{job.seed}" for made, job in zip(done, runs, strict=True) if 0 < made < job.flops
            ]
            bar.set_postfix_str(
                f"{ended} of {len(runs)} runs done, {' '.join(going) or 'none'} going", refresh=False
            )
            bar.update(int(sum(done)) - bar.n)

        def keep_looking() -> None:
            while not over.wait(_SECONDS):
                look()

        thread = threading.Thread(target=keep_looking, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            look()


@contextmanager
def _passing_signals_on() -> Iterator[None]:
    """SIGTERM reaches the workers too, which save what they have; Ctrl-C reaches them by itself."""

    def stop(_number: int, _frame: FrameType | None) -> NoReturn:
        for child in active_children():
            child.terminate()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
