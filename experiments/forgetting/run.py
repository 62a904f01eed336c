"""The whole experiment: prepare, run what is not finished, and write what came of it."""

from typing import Any

from experiments.curves import Curve, read_curve
from experiments.forgetting.legs import LEGS
from experiments.forgetting.matrix import base_jobs, compared_at, leg_jobs
from experiments.forgetting.preparation import prepare
from experiments.forgetting.settings import Forgetting
from experiments.jobs import run_dir
from experiments.running import nothing_finished, run_experiment
from experiments.vocabularies import Prepared
from nemo_recipes.planning.compute import flops_per_token


def run(settings: Forgetting) -> dict[str, Any]:
    """Run all, or what `dry_run` and `results_only` leave of it; returns the results, or the plan of a dry run.

    Raises:
        DaadError: Settings or data that cannot be used, a run that broke, or nothing finished to report.
    """
    return run_experiment(
        settings,
        lambda: prepare(settings),
        lambda made: (
            base_jobs(settings, made.base, made.expanded),
            leg_jobs(settings, made.base, made.expanded),
        ),
        lambda made: _report(settings, made),
    )


def _report(settings: Forgetting, prepared: Prepared) -> dict[str, Any]:
    from experiments.forgetting.writing import write_results
    from experiments.scheduling import finished_seeds

    bases = base_jobs(settings, prepared.base, prepared.expanded)
    finished = finished_seeds([*bases, *leg_jobs(settings, prepared.base, prepared.expanded)])
    if not finished:
        raise nothing_finished(settings)
    curves = {
        leg: {seed: _curve(settings, prepared, leg, seed) for seed in finished} for leg in settings.legs
    }
    return write_results(settings, prepared, curves, compared_at(settings, prepared.base))


def _curve(settings: Forgetting, prepared: Prepared, leg: str, seed: int) -> Curve:
    vocabulary = prepared.expanded if LEGS[leg].rows else prepared.base
    flops = flops_per_token(vocabulary.shape, settings.texts.sequence_length)
    return read_curve(run_dir(settings.output_dir, seed, leg), leg, seed, flops)
