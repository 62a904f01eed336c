"""All runs: one base for each seed, its new rows, the legs that start from them, and what each model is asked."""

from functools import partial
from pathlib import Path

from experiments.bridge.legs import ENGLISH, START
from experiments.bridge.measuring import Asked, measure_model
from experiments.bridge.settings import Bridge
from experiments.jobs import BASE, LOG, Job, Vocabulary, planned_flops, run_dir
from experiments.running import base_config, base_model, data_of
from nemo_recipes.pretrain_config import Checkpoint, Model, PretrainConfig, Watch
from tokenization.embeddings import Embeddings

ROWS = "rows-mean"
MEASURES = "measures.json"


def base_jobs(settings: Bridge, base: Vocabulary, expanded: Vocabulary) -> list[Job]:
    """The bases, their new rows, and what these models do before any leg."""
    jobs = []
    for seed in settings.seeds:
        rows = Embeddings(
            checkpoint=base_model(settings, seed),
            tokenizer=expanded.tokenizer,
            output_dir=str(run_dir(settings.output_dir, seed, ROWS)),
            method="mean",
            seed=seed,
        )
        config = base_config(settings, base, ENGLISH, seed, settings.continued.checkpoint_every)
        jobs.append(
            Job(
                seed=seed,
                leg=BASE,
                config=config,
                flops=planned_flops(config),
                log=run_dir(settings.output_dir, seed, BASE) / LOG,
                rows=(rows,),
                measure=partial(measure_model, asked_of_leg(settings, seed, START)),
            )
        )
    return jobs


def leg_jobs(settings: Bridge, expanded: Vocabulary) -> list[Job]:
    """The legs of all seeds, seed by seed, so that whole repetitions are finished first."""
    jobs = []
    for seed in settings.seeds:
        for leg in settings.legs:
            config = _leg_config(settings, leg, expanded, seed)
            directory = run_dir(settings.output_dir, seed, leg)
            jobs.append(
                Job(
                    seed=seed,
                    leg=leg,
                    config=config,
                    flops=planned_flops(config),
                    log=directory / LOG,
                    measure=partial(measure_model, asked_of_leg(settings, seed, leg)),
                )
            )
    return jobs


def measures_path(settings: Bridge, seed: int, leg: str) -> Path:
    """What was measured of a leg, or of the start."""
    return run_dir(settings.output_dir, seed, leg) / MEASURES


def asked_of_leg(settings: Bridge, seed: int, leg: str) -> Asked:
    """What a leg's model is asked, or the start's."""
    directory = run_dir(settings.output_dir, seed, ROWS if leg == START else leg)
    model = directory if leg == START else directory / "model"
    return asked_of(settings, model, measures_path(settings, seed, leg))


def asked_of(settings: Bridge, model: Path, output: Path) -> Asked:
    """A model, and what it is asked; the answers go to `output`."""
    return Asked(
        model=model,
        tokenizer=Path(settings.texts.tokenizer),
        texts=Path(settings.output_dir, "texts"),
        companies=settings.texts.companies,
        seed=settings.texts.seed,
        end_piece=settings.texts.end_piece,
        longest_context=settings.texts.sequence_length,
        measures=settings.measures,
        output=output,
    )


def _leg_config(settings: Bridge, leg: str, vocabulary: Vocabulary, seed: int) -> PretrainConfig:
    return PretrainConfig(
        output_dir=str(run_dir(settings.output_dir, seed, leg)),
        data=data_of(settings, vocabulary, leg),
        model=Model(
            checkpoint=str(run_dir(settings.output_dir, seed, ROWS)),
            shape=vocabulary.shape,
            new_rows_from=-1,
            note=settings.note,
        ),
        training=settings.continued.training(seed=seed),
        layout=settings.layout,
        hardware=settings.hardware,
        checkpoint=Checkpoint(every_steps=settings.continued.checkpoint_every),
        watch=Watch(log_every=1, validate_every=0),
    )
