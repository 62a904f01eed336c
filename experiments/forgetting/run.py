"""The whole experiment: prepare, run what is not finished, and write what came of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from corpus.pipeline.lock import held
from experiments.errors import ExperimentError
from experiments.forgetting.curves import Curve, read_curve
from experiments.forgetting.legs import LEGS
from experiments.forgetting.matrix import Job, base_jobs, compared_at, described, leg_jobs, run_dir
from experiments.forgetting.preparation import Prepared, prepare
from experiments.forgetting.settings import Forgetting
from experiments.forgetting.worker import is_finished
from nemo_recipes.planning.compute import flops_per_token
from nemo_recipes.planning.plan import check, make_plan


def run(settings: Forgetting) -> dict[str, Any]:
    """Run all, or what `dry_run` and `results_only` leave of it; returns the results, or the plan of a dry run.

    Raises:
        DaadError: Settings or data that cannot be used, a run that broke, or nothing finished to report.
    """
    output = Path(settings.output_dir)
    busy = ExperimentError(
        f"{output}: the experiment is running here already; results_only reads it meanwhile"
    )
    if settings.results_only:
        return _report(settings, prepare(settings))
    with held(output / ".lock", busy):
        prepared = prepare(settings)
        bases = base_jobs(settings, prepared.base, prepared.expanded)
        legs = leg_jobs(settings, prepared.base, prepared.expanded)
        runs = [job for job in (*bases, *legs) if job.config is not None]
        for job in runs:
            assert job.config is not None
            check(make_plan(job.config))
        if settings.dry_run:
            return {"runs": [described(job) for job in runs], "flops": sum(job.flops for job in runs)}
        from experiments.forgetting.scheduling import run_all

        run_all(list(stages(bases, legs, settings.processes)), settings.processes)
        return _report(settings, prepared)


def _report(settings: Forgetting, prepared: Prepared) -> dict[str, Any]:
    from experiments.forgetting.writing import write_results

    jobs = leg_jobs(settings, prepared.base, prepared.expanded)
    finished = finished_seeds(jobs)
    if not finished:
        raise ExperimentError(
            f"{settings.output_dir}: no seed has all its legs at their end yet: run the experiment without results_only"
        )
    curves = {
        leg: {seed: _curve(settings, prepared, leg, seed) for seed in finished} for leg in settings.legs
    }
    return write_results(settings, prepared, curves, compared_at(settings, prepared.base))


def stages(bases: list[Job], legs: list[Job], processes: int) -> Iterator[list[Job]]:
    """Bases, then their legs, as many seeds at a time as there are processes: whole repetitions are finished first."""
    for first in range(0, len(bases), processes):
        together = bases[first : first + processes]
        seeds = {job.seed for job in together}
        yield together
        yield [job for job in legs if job.seed in seeds]


def finished_seeds(jobs: list[Job]) -> list[int]:
    """Seeds of which every leg is finished."""
    unfinished = {job.seed for job in jobs if job.config is not None and not is_finished(job.config)}
    return [seed for seed in dict.fromkeys(job.seed for job in jobs) if seed not in unfinished]


def _curve(settings: Forgetting, prepared: Prepared, leg: str, seed: int) -> Curve:
    vocabulary = prepared.expanded if LEGS[leg].rows else prepared.base
    flops = flops_per_token(vocabulary.shape, settings.texts.sequence_length)
    return read_curve(run_dir(settings, seed, leg), leg, seed, flops)
