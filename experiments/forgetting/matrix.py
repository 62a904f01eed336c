"""All runs of the experiment: one base for each seed, its new rows, and the legs that start from them."""

from dataclasses import dataclass

from experiments.forgetting.legs import LEGS
from experiments.forgetting.settings import Forgetting
from experiments.jobs import BASE, LOG, Job, Vocabulary, planned_flops, run_dir
from experiments.running import base_config, base_model, data_of
from nemo_recipes.planning.compute import flops_per_token
from nemo_recipes.pretrain_config import Checkpoint, Model, PretrainConfig, Watch
from tokenization.embeddings import Embeddings

BEYOND = 1.03
"""Legs run this much further than planned, since a blend's text takes a little more or fewer tokens than all text."""


@dataclass(frozen=True, kw_only=True)
class Points:
    """Where legs are compared.

    Attributes:
        num_bytes: Bytes of text seen.
        flops: FLOPs, those that leg b takes for these bytes.
    """

    num_bytes: float
    flops: float


def compared_at(settings: Forgetting, base: Vocabulary) -> Points:
    """The two points of comparison."""
    num_bytes = settings.continued.megabytes * 1e6
    tokens = num_bytes * base.mixtures["both"].tokens_per_byte
    return Points(num_bytes=num_bytes, flops=tokens * _flops(settings, base))


def base_jobs(settings: Forgetting, base: Vocabulary, expanded: Vocabulary) -> list[Job]:
    """The bases, and what is made of them before any leg begins."""
    methods = sorted({LEGS[leg].rows or "mean" for leg in settings.legs if LEGS[leg].rows})
    jobs = []
    for seed in settings.seeds:
        rows = tuple(
            Embeddings(
                checkpoint=base_model(settings, seed),
                tokenizer=expanded.tokenizer,
                output_dir=str(run_dir(settings.output_dir, seed, f"rows-{method}")),
                method=method,
                seed=seed,
            )
            for method in methods
        )
        config = base_config(settings, base, "english", seed, settings.continued.checkpoint_every)
        log = run_dir(settings.output_dir, seed, BASE) / LOG
        jobs.append(Job(seed=seed, leg=BASE, config=config, flops=planned_flops(config), log=log, rows=rows))
    return jobs


def leg_jobs(settings: Forgetting, base: Vocabulary, expanded: Vocabulary) -> list[Job]:
    """The legs of all seeds, seed by seed, so that whole repetitions are finished first."""
    points = compared_at(settings, base)
    jobs = []
    for seed in settings.seeds:
        for letter in settings.legs:
            vocabulary = expanded if LEGS[letter].rows else base
            config = _leg_config(settings, letter, vocabulary, seed, points)
            log = run_dir(settings.output_dir, seed, letter) / LOG
            jobs.append(Job(seed=seed, leg=letter, config=config, flops=planned_flops(config), log=log))
    return jobs


def _leg_config(
    settings: Forgetting, letter: str, vocabulary: Vocabulary, seed: int, points: Points
) -> PretrainConfig:
    leg, how = LEGS[letter], settings.continued
    mixture = vocabulary.mixtures[leg.mixture]
    to_bytes = points.num_bytes * mixture.tokens_per_byte
    to_flops = points.flops / _flops(settings, vocabulary)
    steps_to_bytes = to_bytes / (how.global_batch * settings.texts.sequence_length)
    training = how.training(
        tokens=round(max(to_bytes, to_flops) * BEYOND),
        seed=seed,
        rows_first_steps=max(1, round(how.rows_first_share * steps_to_bytes)) if leg.rows_first else 0,
    )
    start = run_dir(settings.output_dir, seed, f"rows-{leg.rows}") if leg.rows else base_model(settings, seed)
    return PretrainConfig(
        output_dir=str(run_dir(settings.output_dir, seed, letter)),
        data=data_of(settings, vocabulary, leg.mixture),
        model=Model(
            checkpoint=str(start),
            shape=vocabulary.shape,
            new_rows_from=-1 if leg.rows else 0,
            note=settings.note,
        ),
        training=training,
        layout=settings.layout,
        hardware=settings.hardware,
        checkpoint=Checkpoint(every_steps=how.checkpoint_every, export="never"),
        watch=Watch(log_every=1, validate_every=max(1, round(steps_to_bytes / how.validations))),
    )


def _flops(settings: Forgetting, vocabulary: Vocabulary) -> int:
    return flops_per_token(vocabulary.shape, settings.texts.sequence_length)
