"""The whole experiment: prepare, run and ask what is not finished, and write what came of it."""

from typing import Any

from experiments.bridge.legs import START
from experiments.bridge.matrix import asked_of_leg, base_jobs, leg_jobs
from experiments.bridge.measuring import is_measured
from experiments.bridge.preparation import prepare
from experiments.bridge.settings import Bridge
from experiments.running import nothing_finished, run_experiment
from experiments.vocabularies import Prepared


def run(settings: Bridge) -> dict[str, Any]:
    """Run all, or what `dry_run` and `results_only` leave of it; returns the results, or the plan of a dry run.

    Raises:
        DaadError: Settings or data that cannot be used, a run that broke, or nothing finished to report.
    """
    return run_experiment(
        settings,
        lambda: prepare(settings),
        lambda made: (base_jobs(settings, made.base, made.expanded), leg_jobs(settings, made.expanded)),
        lambda made: _report(settings, made),
    )


def _report(settings: Bridge, prepared: Prepared) -> dict[str, Any]:
    from experiments.bridge.writing import write_results
    from experiments.scheduling import finished_seeds

    bases = base_jobs(settings, prepared.base, prepared.expanded)
    trained = finished_seeds([*bases, *leg_jobs(settings, prepared.expanded)])
    finished = [
        seed
        for seed in trained
        if all(is_measured(asked_of_leg(settings, seed, leg)) for leg in (START, *settings.legs))
    ]
    if not finished:
        raise nothing_finished(settings)
    return write_results(settings, prepared, finished)
