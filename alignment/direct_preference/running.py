"""One run of learning from preferences, on each process of its layout: pairs, reference, training, export, report."""

import time
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch

from alignment.adapters.export import export_model
from alignment.adapters.model import make_adapted_model
from alignment.chat_template.loading import load_chat_tokenizer
from alignment.direct_preference.batches import PairSamples, collate_pairs
from alignment.direct_preference.policy import PreferenceModel
from alignment.direct_preference.preparing import PreparedPairs, prepare_pairs, shown, write_rejects
from alignment.direct_preference.reference import (
    cached_scores,
    checkpoint_digests,
    digest_of,
    make_key,
    scorer,
)
from alignment.direct_preference.report.writing import write_report
from alignment.direct_preference.validation import PairValidation
from alignment.dpo_config import DpoConfig
from alignment.errors import AlignmentError
from alignment.planning import plan_of
from nemo_recipes.data.tokenizer import open_tokenizer
from nemo_recipes.engine.agreement import agree, say
from nemo_recipes.engine.feed import Feed
from nemo_recipes.engine.lock import locked
from nemo_recipes.engine.model import check_weights, make_model, model_config
from nemo_recipes.engine.objective import Objective
from nemo_recipes.engine.parallel import device_kind, join_processes
from nemo_recipes.engine.quiet import quietly
from nemo_recipes.engine.training import train
from nemo_recipes.pretrain_config import PretrainConfig
from nemo_recipes.watch.byte_lengths import byte_counter
from nemo_recipes.watch.journal import Journal


def run(config: DpoConfig) -> dict[str, Any]:
    """Learn as far as the settings say, and write what came of it; returns the manifest.

    Started again, it goes on from where it was stopped.

    Raises:
        AlignmentError: Data or a tokenizer that cannot be used.
        PretrainingError: Settings, model or checkpoints that do not fit; another run holds the output directory.
        KeyboardInterrupt: A signal asked for a stop; all steps that were done are saved.
    """
    began = time.time()
    output, source = Path(config.output_dir), Path(config.model.checkpoint)
    check_weights(config.model)
    engine = config.for_engine(1)
    kind = device_kind(engine)
    with quietly():
        join_processes(config.layout, kind)
    with locked(output):
        with quietly():
            tokenizer = load_chat_tokenizer(source)
            _check_context(config)
            prepared = prepare_pairs(config.data, tokenizer)
        agree(lambda: write_rejects(prepared.rejects, output / "rejects.jsonl"))
        if prepared.rejects.height:
            say(
                f"{prepared.rejects.height:,} pairs are left out: {shown(prepared.rejects)}; see rejects.jsonl"
            )
        steps = config.num_steps(len(prepared.training))
        engine = config.for_engine(steps)
        # The memory of pretraining is not that of pairs, of which the vocabulary sees the answers alone.
        plan_of(config.training, engine, steps, with_memory=False)
        digests = agree(lambda: checkpoint_digests(source))
        key = make_key(digests, prepared.pairs, tokenizer.chat_template, config.training.precision)
        objective, feed = _setting(config, engine, prepared, key, kind)
        last = train(engine, [feed], kind, objective=objective)

        def finish() -> dict[str, Any]:
            if config.checkpoint.export != "never":
                say("writing the model as Hugging Face safetensors")
                objective.export(last, engine, feed.tokenizer, output / "model")
            return write_report(config, prepared, key, last, seconds=time.time() - began)

        return agree(finish)


def _check_context(config: DpoConfig) -> None:
    most = model_config(config.model).max_position_embeddings
    if config.data.max_length > most:
        raise AlignmentError(
            f"data.max_length {config.data.max_length} exceeds the {most} positions of {config.model.checkpoint}"
        )


def _setting(
    config: DpoConfig, engine: PretrainConfig, prepared: PreparedPairs, key: dict[str, Any], kind: str
) -> tuple[Objective, Feed]:
    """What the engine learns by, and what it reads."""
    output, precision = Path(config.output_dir), config.training.precision
    device = torch.device(kind, torch.cuda.current_device()) if kind == "cuda" else torch.device("cpu")

    def open_reference() -> Any:
        with quietly():
            return scorer(make_model(config.model, engine.training), device, precision)

    cached = config.preference.reference == "cached"
    scores = None
    if cached:
        where = Path(config.preference.reference_dir or output / "reference")
        scores = cached_scores(where, key, prepared.pairs, open_reference, config.training.micro_batch)
    num_steps = config.num_steps(len(prepared.training))
    training, held = (
        PairSamples(
            prepared.pairs,
            numbers,
            scores,
            prepared.languages,
            seed=config.training.seed,
            length=num_steps * config.training.global_batch,
        )
        for numbers in (prepared.training, prepared.validation)
    )
    where_tokenizer = open_tokenizer(config.model.checkpoint)

    def callbacks(journal: Journal) -> list[Any]:
        every = config.watch.validate_every
        return [PairValidation(held, len(prepared.validation), num_steps, every, journal)]

    objective = Objective(
        module=partial(
            PreferenceModel,
            preference=config.preference,
            languages=prepared.languages,
            reference=None if cached else open_reference(),
        ),
        make_model=partial(make_adapted_model, config.lora),
        collate=collate_pairs,
        callbacks=callbacks,
        export=partial(export_model, config.lora),
        settings=config.preference.decisive()
        | {
            "lora": asdict(config.lora),
            "reference_checkpoint": digest_of(key["checkpoint"]),
            "pairs": key["pairs"],
            "validation_share": config.data.validation_share,
            "template": key["template"],
        },
        unit="pair",
    )
    feed = Feed(
        samples=training,
        sets=[],
        tokenizer=where_tokenizer,
        counter=byte_counter(where_tokenizer),
        described={},
    )
    return objective, feed
