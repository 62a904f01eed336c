"""An experiment from its settings to its report: prepare, run what is not finished, report."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from corpus.pipeline.lock import held
from experiments.errors import ExperimentError
from experiments.jobs import BASE, RUNS, Job, Vocabulary, described, run_dir
from experiments.settings import Experiment
from experiments.vocabularies import Prepared
from nemo_recipes.data.settings import Data
from nemo_recipes.planning.plan import check, make_plan
from nemo_recipes.planning.shapes import shape_of
from nemo_recipes.pretrain_config import Checkpoint, Model, PretrainConfig, Shape, Watch


def run_experiment(
    settings: Experiment,
    prepare: Callable[[], Prepared],
    jobs: Callable[[Prepared], tuple[Sequence[Job], Sequence[Job]]],
    report: Callable[[Prepared], dict[str, Any]],
) -> dict[str, Any]:
    """Run all, or what `dry_run` and `results_only` leave of it; returns the report, or the plan of a dry run.

    Args:
        settings: The experiment's settings.
        prepare: Makes texts, token files and plans.
        jobs: The bases, and the legs that start from them.
        report: Writes the results of the seeds that are finished.

    Raises:
        DaadError: Settings or data that cannot be used, a run that broke, or nothing finished to report.
    """
    output = Path(settings.output_dir)
    if settings.results_only:
        if not (output / RUNS).is_dir():
            raise nothing_finished(settings)
        return report(_prepared(output, prepare))
    busy = ExperimentError(
        f"{output}: the experiment is running here already; results_only reads it meanwhile"
    )
    with held(output / ".lock", busy):
        prepared = _prepared(output, prepare)
        bases, legs = jobs(prepared)
        runs = [job for job in (*bases, *legs) if job.config is not None]
        for job in runs:
            assert job.config is not None
            check(make_plan(job.config))
        if settings.dry_run:
            return {"runs": [described(job) for job in runs], "flops": sum(job.flops for job in runs)}
        from experiments.scheduling import run_all, stages

        run_all(list(stages(bases, legs, settings.processes)), settings.processes)
        return report(prepared)


def _prepared(output: Path, prepare: Callable[[], Prepared]) -> Prepared:
    """What `prepare` makes, by one process at a time: results_only takes no other lock."""
    busy = ExperimentError(
        f"{output}: its texts and token files are being made just now: try again in a while"
    )
    with held(output / ".preparing.lock", busy):
        return prepare()


def nothing_finished(settings: Experiment) -> ExperimentError:
    """What is said where there is nothing to report."""
    return ExperimentError(
        f"{settings.output_dir}: no seed has all its legs at their end yet: run the experiment without results_only"
    )


def base_shape(settings: Experiment) -> Shape:
    """Shape of the base, made here or not."""
    if settings.stage1 is not None:
        return settings.stage1.shape
    return shape_of(Model(checkpoint=settings.checkpoint))


def base_model(settings: Experiment, seed: int) -> str:
    """Directory of a seed's base."""
    return settings.checkpoint or str(run_dir(settings.output_dir, seed, BASE) / "model")


def base_config(
    settings: Experiment, base: Vocabulary, mixture: str, seed: int, checkpoint_every: int
) -> PretrainConfig | None:
    """The run that makes a seed's base; None for a base that is there."""
    if settings.stage1 is None:
        return None
    return PretrainConfig(
        output_dir=str(run_dir(settings.output_dir, seed, BASE)),
        data=data_of(settings, base, mixture),
        model=Model(shape=settings.stage1.shape, new_rows_from=0, note=settings.note),
        training=replace(settings.stage1.training, seed=seed),
        layout=settings.layout,
        hardware=settings.hardware,
        checkpoint=Checkpoint(every_steps=checkpoint_every),
        watch=Watch(log_every=1, validate_every=0),
    )


def data_of(settings: Experiment, vocabulary: Vocabulary, mixture: str) -> Data:
    """How a run reads a mixture."""
    texts = settings.texts
    return Data(
        tokens=str(vocabulary.tokens),
        tokenizer=vocabulary.tokenizer,
        plan=str(vocabulary.plans / f"{mixture}.yaml"),
        sequence_length=texts.sequence_length,
        end_piece=texts.end_piece,
        validation_share=texts.validation_share,
        validation_megabytes=texts.validation_megabytes,
    )
