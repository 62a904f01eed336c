"""The whole experiment: prepare, run what is not finished, and write what came of it."""

from pathlib import Path
from typing import Any

from corpus.pipeline.lock import held
from experiments.curves import Curve, read_curve
from experiments.errors import ExperimentError
from experiments.forgetting.legs import LEGS
from experiments.forgetting.matrix import base_jobs, compared_at, leg_jobs
from experiments.forgetting.preparation import Prepared, prepare
from experiments.forgetting.settings import Forgetting
from experiments.jobs import described, run_dir
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
        from experiments.scheduling import run_all, stages

        run_all(list(stages(bases, legs, settings.processes)), settings.processes)
        return _report(settings, prepared)


def _report(settings: Forgetting, prepared: Prepared) -> dict[str, Any]:
    from experiments.forgetting.writing import write_results
    from experiments.scheduling import finished_seeds

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


def _curve(settings: Forgetting, prepared: Prepared, leg: str, seed: int) -> Curve:
    vocabulary = prepared.expanded if LEGS[leg].rows else prepared.base
    flops = flops_per_token(vocabulary.shape, settings.texts.sequence_length)
    return read_curve(run_dir(settings.output_dir, seed, leg), leg, seed, flops)
