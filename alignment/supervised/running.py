"""One run of supervised fine-tuning, on each process of its layout: data, training, export, report, manifest."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from alignment.adapters.export import export_model
from alignment.adapters.model import make_adapted_model
from alignment.chat_template import load_chat_tokenizer
from alignment.errors import AlignmentError
from alignment.planning import plan_of
from alignment.sft_config import SftConfig
from alignment.supervised.module import SupervisedModule
from alignment.supervised.packing import Packs, make_packs
from alignment.supervised.preparing import Prepared, prepare, read_prepared, tokenizer_dir, weights_of
from alignment.supervised.report.writing import write_report
from alignment.supervised.samples import SampleWriter
from alignment.supervised.sequences import Sequences, collate
from nemo_recipes.data.tokenizer import open_tokenizer
from nemo_recipes.data.validation import ValidationSet
from nemo_recipes.engine.agreement import agree, say
from nemo_recipes.engine.feed import Feed
from nemo_recipes.engine.lock import locked
from nemo_recipes.engine.model import check_weights
from nemo_recipes.engine.objective import Objective
from nemo_recipes.engine.parallel import device_kind, join_processes
from nemo_recipes.engine.quiet import quietly
from nemo_recipes.engine.training import train
from nemo_recipes.pretrain_config import PretrainConfig
from nemo_recipes.watch.byte_lengths import byte_counter
from nemo_recipes.watch.journal import Journal


def run(config: SftConfig) -> dict[str, Any]:
    """Train as far as the settings say, and write what came of it; returns the manifest.

    Started again, it goes on from where it was stopped; when all is done it writes export and report anew.

    Raises:
        DaadError: Data, tokenizer, model or settings that do not fit, a broken loss, or checkpoints of another run.
        KeyboardInterrupt: A signal asked for a stop; all steps that were done are saved.
    """
    began = time.time()
    output = Path(config.output_dir)
    check_weights(config.model)
    engine = config.for_engine(1, str(tokenizer_dir(output)))
    kind = device_kind(engine)
    with quietly():
        join_processes(config.layout, kind)
    with locked(output):
        with quietly():
            prepared = read_prepared(config, agree(lambda: prepare(config)))
        for line in remarks(prepared.described):
            say(line)
        packs = packs_of(config, prepared.training)
        steps = config.training.steps(len(packs))
        engine = config.for_engine(steps, str(tokenizer_dir(output)))
        # Memory is planned for all weights to learn, which is far too much where adapters do.
        plan = plan_of(config.training, engine, steps, with_memory=not config.lora.rank)
        feed = make_feed(config, engine, prepared, packs, steps)
        objective = make_objective(config, prepared, steps)
        last = train(engine, [feed], kind, plan.flops_per_token, objective)

        def finish() -> dict[str, Any]:
            if config.checkpoint.export != "never":
                say("writing the model as Hugging Face safetensors")
                objective.export(last, engine, feed.tokenizer, output / "model")
            return write_report(config, plan, feed.described, last, seconds=time.time() - began)

        return agree(finish)


def packs_of(config: SftConfig, training: pl.DataFrame) -> Packs:
    """The sequences of all epochs.

    Raises:
        AlignmentError: All weights are 0.
    """
    weights = weights_of(training, config)
    if not weights.any():
        raise AlignmentError("data: the weights of all conversations are 0: raise weight or language_weights")
    return make_packs(
        lengths_of(training),
        weights,
        capacity=config.data.sequence_length,
        epochs=config.training.epochs,
        seed=config.training.seed,
        packing=config.data.packing,
    )


def lengths_of(examples: pl.DataFrame) -> Any:
    """Tokens that each conversation takes of a sequence: all but its last, which is only predicted; int64."""
    return examples["ids"].list.len().to_numpy().astype(np.int64) - 1


def make_feed(
    config: SftConfig, engine: PretrainConfig, prepared: Prepared, packs: Packs, steps: int
) -> Feed:
    """What the engine reads."""
    tokenizer = open_tokenizer(engine.data.tokenizer)
    sequences = partial(Sequences, length=config.data.sequence_length, padding=tokenizer.end_id)
    training = sequences(prepared.training, packs, num_sequences=steps * config.training.global_batch)
    return Feed(
        samples=training,
        sets=_validation_sets(config, prepared.validation, sequences),
        tokenizer=tokenizer,
        counter=byte_counter(tokenizer),
        described=prepared.described
        | {
            "tokenizer": tokenizer.described(),
            "packing": described_packs(config, prepared.training, packs, steps),
        },
    )


def make_objective(config: SftConfig, prepared: Prepared, steps: int) -> Objective:
    """What the engine learns by."""
    data = asdict(config.data)
    decisive = {name: data[name] for name in ("language_weights", "packing", "neftune")}
    if config.data.language_weights:
        # Languages may be declared, so they do not follow from the text, and what is read follows from them.
        languages = "\n".join(prepared.frame["language"])
        decisive["languages"] = hashlib.sha256(languages.encode()).hexdigest()
    decisive["weights"] = {source.name: source.weight for source in config.data.sources}
    tokenizer = load_chat_tokenizer(tokenizer_dir(Path(config.output_dir)))

    def callbacks(journal: Journal) -> list[Any]:
        writer = SampleWriter(
            tokenizer, prepared.prompts, config.samples, config.data.sequence_length, steps, journal
        )
        return [writer]

    return Objective(
        module=partial(SupervisedModule, neftune=config.data.neftune),
        make_model=partial(make_adapted_model, config.lora),
        collate=partial(collate, positions=config.data.packing),
        callbacks=callbacks,
        export=partial(export_model, config.lora),
        settings=decisive | {"examples": prepared.described["digest"], "lora": asdict(config.lora)},
    )


def described_packs(config: SftConfig, training: pl.DataFrame, packs: Packs, steps: int) -> dict[str, Any]:
    """How full the sequences are, and what each language has in them."""
    lengths = lengths_of(training)
    read = packs.members[: packs.starts[min(len(packs), steps * config.training.global_batch)]]
    learned = training["learned"].list.sum().to_numpy().astype(np.int64)[read]
    languages = training["language"].to_numpy()[read]
    shares = {
        str(name): float(learned[languages == name].sum() / learned.sum()) for name in sorted(set(languages))
    }
    used = int(lengths[packs.members].sum())
    return {
        "sequences": len(packs),
        "conversations": len(packs.members),
        "tokens": used,
        "filled": used / (len(packs) * config.data.sequence_length),
        "learned_share_by_language": shares,
    }


def remarks(described: dict[str, Any]) -> list[str]:
    """Lines that tell what was not used as it is."""
    return [
        f"{row['dataset']}: {row['records']:,} {row['fate']} ({row['rule']}), see rejects.jsonl"
        for row in described["left_out"]
    ]


def _validation_sets(config: SftConfig, validation: pl.DataFrame, sequences: Any) -> Sequence[ValidationSet]:
    sets = []
    for (language, dataset), some in validation.group_by("language", "dataset", maintain_order=True):
        packs = make_packs(
            lengths_of(some),
            np.ones(some.height),
            capacity=config.data.sequence_length,
            epochs=1,
            seed=0,
            packing=config.data.packing,
        )
        sets.append(
            ValidationSet(
                language=str(language),
                domain=str(dataset),
                documents=some.height,
                bytes=int(some["bytes"].sum()),
                tokens=int(some["learned"].list.sum().sum()),
                sequences=sequences(some, packs, num_sequences=len(packs)),
            )
        )
    return sorted(sets, key=lambda one: one.name)
