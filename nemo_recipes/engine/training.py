"""A whole run: from the newest checkpoint or the start, stretch by stretch, to the exported model and the report."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from corpus.errors import cause_of
from nemo_recipes.engine import checkpoint_files, failures
from nemo_recipes.engine.agreement import agree, say
from nemo_recipes.engine.batches import StepReader, make_loader
from nemo_recipes.engine.callbacks import Bar, Restorer, Saver
from nemo_recipes.engine.feed import Feed
from nemo_recipes.engine.model import check_vocabulary, first_new_row
from nemo_recipes.engine.objective import PRETRAINING, Objective
from nemo_recipes.engine.phases import Stretch, num_steps, phases, stretch_at, stretches
from nemo_recipes.engine.quiet import quietly
from nemo_recipes.engine.trainer import make_trainer
from nemo_recipes.engine.watcher import Watcher
from nemo_recipes.errors import PretrainingError
from nemo_recipes.pretrain_config import PretrainConfig
from nemo_recipes.watch.energy import Meter
from nemo_recipes.watch.journal import Journal
from nemo_recipes.watch.speed import Clock


class Stopped(KeyboardInterrupt):
    """A stop was asked for, and all that was done is saved."""


def train(
    config: PretrainConfig,
    feeds: Sequence[Feed],
    kind: str,
    flops_per_token: int = 0,
    objective: Objective = PRETRAINING,
    base: Mapping[str, Any] | None = None,
) -> Path:
    """Train until the token budget is used up, going on from the newest whole checkpoint; returns the last one.

    `feeds` has what is read with each vocabulary of training.vocabulary_series, or with the only one. All processes of
    the layout call this together, after `parallel.join_processes`. `flops_per_token` is for the MFU, `objective` what
    other recipes learn by, `base` what forgetting is measured against, where that is not the model as it comes.

    Raises:
        PretrainingError: Settings, data or model that do not fit, a broken loss, or checkpoints of another run.
        Stopped: A signal asked for a stop.
    """
    steps = num_steps(config.training, config.data.sequence_length)
    parts = stretches(phases(config.training, steps), config.training.vocabulary_series)
    _check_feeds(config, feeds, steps)
    checkpoints = Path(config.output_dir) / "checkpoints"
    journal = Journal(Path(config.output_dir) / "log.jsonl")
    done = _prepare(settings_of(config, feeds, objective), config.checkpoint.resume, checkpoints, journal)
    start = time.time_ns() // 1000
    meter = Meter(
        assumed_watts=config.hardware.assumed_watts,
        gpu=f"GPU-{torch.cuda.get_device_properties().uuid}" if kind == "cuda" else "",
        first_of_machine=dist.get_rank() % config.layout.gpus_per_node == 0,
    )
    while done < steps:
        done = _run_stretch(
            config, feeds, kind, parts, done, journal, start, meter, flops_per_token, objective, base
        )
    newest = agree(lambda: checkpoint_files.newest_whole(checkpoints, say))
    assert newest is not None
    return newest


def settings_of(
    config: PretrainConfig, feeds: Sequence[Feed], objective: Objective = PRETRAINING
) -> dict[str, Any]:
    """What a run that goes on must have in common with the one that stopped: not where, or on how many devices."""
    decisive = config.decisive()
    training = {key: value for key, value in decisive["training"].items() if key != "micro_batch"}
    watched = ("attention", "base", "base_tokens", "note")
    model = {key: value for key, value in decisive["model"].items() if key not in watched}
    data = {key: decisive["data"][key] for key in ("sequence_length", "reset_at_documents", "replay_share")}
    names = dict.fromkeys(name for feed in feeds for name in feed.decisive)
    text = {name: [feed.decisive.get(name) for feed in feeds] for name in names}
    decided = {"training": training, "model": model, "data": data, "text": text}
    return decided | ({"objective": dict(objective.settings)} if objective.settings else {})


def _check_feeds(config: PretrainConfig, feeds: Sequence[Feed], steps: int) -> None:
    needed = steps * config.training.global_batch
    sizes = [feed.tokenizer.vocab_size for feed in feeds]
    if sizes != sorted(sizes):
        raise PretrainingError(
            f"training.vocabulary_series must name tokenizers that grow, got sizes {sizes}"
        )
    for feed in feeds:
        if len(feed.samples) < needed:
            raise PretrainingError(
                f"the blend has {len(feed.samples):,} sequences, but {steps:,} steps read {needed:,}: lower "
                "training.token_budget"
            )


def _prepare(settings: dict[str, Any], resume: bool, checkpoints: Path, journal: Journal) -> int:
    """Steps that are done already; the journal is cut back to them."""

    def look() -> int:
        newest = checkpoint_files.newest_whole(checkpoints, say) if resume else None
        if newest is None and checkpoint_files.steps(checkpoints):
            raise PretrainingError(
                f"{checkpoints}: holds checkpoints, and checkpoint.resume is false: set another output_dir"
            )
        done = 0
        if newest is not None:
            record = checkpoint_files.read_record(newest)
            _check_settings(checkpoints, record["settings"], settings)
            done = int(record["step"])
            say(f"going on after step {done:,} ({newest})")
        journal.cut_after(done if newest is not None else -1)
        return done

    return agree(look)


def _check_settings(checkpoints: Path, before: dict[str, Any], now: dict[str, Any]) -> None:
    before = {"text": now["text"]} | before  # older checkpoints do not tell what was read
    changed = [
        f"{part}.{name} {before.get(part, {}).get(name)!r} -> {value!r}"
        for part, settings in now.items()
        for name, value in settings.items()
        # What an older checkpoint does not name was not there to be switched on.
        if before.get(part, {}).get(name, type(value)()) != value
    ]
    if changed:
        raise PretrainingError(
            f"{checkpoints}: belong to a run of other settings ({'; '.join(changed[:4])}): set another output_dir, or "
            "undo the change"
        )


def _run_stretch(
    config: PretrainConfig,
    feeds: Sequence[Feed],
    kind: str,
    parts: list[Stretch],
    done: int,
    journal: Journal,
    start: int,
    meter: Meter,
    flops_per_token: int,
    objective: Objective,
    base: Mapping[str, Any] | None,
) -> int:
    """Train to the end of the stretch that step `done` belongs to; returns the steps done then."""
    stretch = stretch_at(parts, done)
    feed = feeds[stretch.vocabulary]
    checkpoints = Path(config.output_dir) / "checkpoints"
    model = objective.make_model(config.model, config.training, config.layout.is_sharded)
    rows = model.get_input_embeddings().weight.shape[0]
    check_vocabulary(rows, feeds[-1].tokenizer.vocab_size, config.model.checkpoint or "model.shape")
    first_row = first_new_row(config.model, feed.tokenizer.path)
    if stretch.phase.what == "new_rows" and not 0 < first_row < rows:
        raise PretrainingError(
            f"training.rows_first_steps is {config.training.rows_first_steps}, but no row of the {rows:,} is known to "
            "be new: give an expanded tokenizer (with pieces.parquet), or set model.new_rows_from"
        )
    module = objective.module(
        model,
        config,
        stretch,
        failures.LossGuard(config.failure),
        first_new_row=first_row,
        visible_rows=0 if feed is feeds[-1] else feed.tokenizer.vocab_size,
    )
    energy = Journal(Path(config.output_dir) / "energy.jsonl")
    clock = Clock()
    watcher = Watcher(
        config,
        journal,
        energy,
        feed.sets,
        parts[-1].end_step,
        meter,
        clock,
        flops_per_token,
        start,
        objective,
        base,
    )
    target = Path(config.output_dir) / "model"

    def export_each(saved: Path) -> None:
        agree(lambda: objective.export(saved, config, feeds[-1].tokenizer, target))

    callbacks = [
        Bar(
            objective.step_units(config.training.global_batch, config.data.sequence_length),
            parts[-1].end_step,
            objective.unit,
        ),
        Restorer(checkpoints, done),
        watcher,
        *objective.callbacks(journal),
        Saver(config, checkpoints, settings_of(config, feeds, objective), export_each, clock),
    ]
    with quietly():
        trainer = make_trainer(config, kind, callbacks, done)
        loader = _loader(config, feed, range(done, stretch.end_step), kind, objective)
        try:
            trainer.fit(module, train_dataloaders=loader)
        except torch.OutOfMemoryError as error:
            raise PretrainingError(
                f"the GPU is out of memory ({cause_of(error)}): lower training.micro_batch, set "
                "training.gradient_checkpointing, or use more devices; checkpoints are intact"
            ) from error
    if module.stopping and module.step < parts[-1].end_step:
        raise Stopped
    return module.step


def _loader(config: PretrainConfig, feed: Feed, steps: range, kind: str, objective: Objective) -> Any:
    layout, training = config.layout, config.training
    reader = StepReader(
        feed.samples,
        feed.counter,
        steps,
        global_batch=training.global_batch,
        micro_batch=training.micro_batch,
        replica=dist.get_rank() // layout.tensor,
        replicas=layout.replicas,
        positions=config.data.reset_at_documents,
        collate=objective.collate,
    )
    return make_loader(reader, config.data.loader_workers, kind == "cuda")
