"""The whole experiment: prepare, run and ask what is not finished, and write what came of it."""

from pathlib import Path
from typing import Any

from corpus.pipeline.lock import held
from experiments.bridge.legs import START
from experiments.bridge.matrix import base_jobs, leg_jobs, measures_path
from experiments.bridge.preparation import Prepared, prepare
from experiments.bridge.settings import Bridge
from experiments.errors import ExperimentError
from experiments.jobs import described
from nemo_recipes.planning.plan import check, make_plan


def run(settings: Bridge) -> dict[str, Any]:
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
        legs = leg_jobs(settings, prepared.expanded)
        runs = [job for job in (*bases, *legs) if job.config is not None]
        for job in runs:
            assert job.config is not None
            check(make_plan(job.config))
        if settings.dry_run:
            return {"runs": [described(job) for job in runs], "flops": sum(job.flops for job in runs)}
        from experiments.scheduling import run_all, stages

        run_all(list(stages(bases, legs, settings.processes)), settings.processes)
        return _report(settings, prepared)


def _report(settings: Bridge, prepared: Prepared) -> dict[str, Any]:
    from experiments.bridge.writing import write_results
    from experiments.scheduling import finished_seeds

    trained = finished_seeds(leg_jobs(settings, prepared.expanded))
    finished = [
        seed
        for seed in trained
        if all(measures_path(settings, seed, leg).is_file() for leg in (START, *settings.legs))
    ]
    if not finished:
        raise ExperimentError(
            f"{settings.output_dir}: no seed has all its legs at their end yet: run the experiment without results_only"
        )
    return write_results(settings, prepared, finished)
