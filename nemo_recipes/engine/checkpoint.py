"""Saving and loading a model and its optimizer, on any number of ranks, sharded or not."""

import shutil
import warnings
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.hf_storage import HuggingFaceStorageReader, HuggingFaceStorageWriter
from torch.distributed.checkpoint.metadata import TensorStorageMetadata
from torch.distributed.checkpoint.state_dict_loader import load as load_shards
from torch.distributed.checkpoint.state_dict_saver import save as save_shards

from nemo_recipes.engine import checkpoint_files, random_state
from nemo_recipes.engine.checkpoint_files import partial_place
from nemo_recipes.errors import PretrainingError
from nemo_recipes.launch.command import EVERYWHERE

Tensors = dict[str, torch.Tensor]


def save(
    checkpoints: Path,
    step: int,
    weights: Tensors,
    moments: Tensors,
    record: dict[str, Any],
    keep: int,
    means: Tensors | None = None,
) -> Path:
    """Write a checkpoint; all ranks call this together. It is there in whole, or the ones before stay as they are.

    `weights`, `moments` and running `means` of the weights are named tensors, whole or sharded (DTensor); `record` is
    plain data.

    Raises:
        PretrainingError: The disk is full. What was written of this checkpoint is removed.
        OSError: Another refusal of the file system.
    """
    partial = partial_place(checkpoints, step)
    parts = {"weights": weights, "optimizer": moments, "ema": means or {}}
    try:
        _together(lambda: _begin(checkpoints, partial, parts), only_first=True)
        for name, tensors in parts.items():
            if tensors:
                _save_tensors(partial / name, tensors)
        _together(lambda: _save_random(partial))
        digests = _gather(_digests(partial))
        _together(
            lambda: checkpoint_files.close(checkpoints, step, record, digests) and None, only_first=True
        )
    except (OSError, PretrainingError):
        if dist.get_rank() == 0:
            shutil.rmtree(partial, ignore_errors=True)
        raise
    _together(lambda: checkpoint_files.prune(checkpoints, keep), only_first=True)
    return checkpoint_files.place(checkpoints, step)


def load(
    checkpoint: Path, weights: Tensors, moments: Tensors, means: Tensors | None = None
) -> dict[str, Any]:
    """Read a checkpoint into tensors that are there already, whatever the number of ranks that wrote it.

    Returns its record.

    Raises:
        PretrainingError: It holds other names or shapes than the model.
    """
    for name, tensors in (("weights", weights), ("optimizer", moments), ("ema", means)):
        if tensors:
            load_tensors(checkpoint / name, tensors)
    saved = checkpoint / "random" / f"rank-{dist.get_rank():05d}.safetensors"
    if saved.is_file():
        random_state.restore(load_file(saved))
    return checkpoint_files.read_record(checkpoint)


def load_tensors(directory: Path, tensors: Tensors, alone: bool = False) -> None:
    """Read safetensors files into named tensors in place; `alone` where other ranks do not take part.

    Raises:
        PretrainingError: A name or a shape differs.
    """
    try:
        reader = HuggingFaceStorageReader(str(directory))
        _check_shapes(directory, saved_shapes(directory), tensors)
        with warnings.catch_warnings():
            warnings.filterwarnings(
                "ignore", message="torch.distributed is disabled, unavailable or uninitialized"
            )
            load_shards(tensors, storage_reader=reader, no_dist=alone)
    except (SafetensorError, FileNotFoundError) as error:
        raise PretrainingError(f"{directory}: cannot be read ({error}); restore it from a copy") from error


def saved_shapes(directory: Path) -> dict[str, tuple[int, ...]]:
    """Whole shapes of the tensors in a directory of safetensors files, by name."""
    found = HuggingFaceStorageReader(str(directory)).read_metadata().state_dict_metadata
    return {
        name: tuple(entry.size) for name, entry in found.items() if isinstance(entry, TensorStorageMetadata)
    }


def _check_shapes(directory: Path, saved: dict[str, tuple[int, ...]], tensors: Tensors) -> None:
    for name, tensor in tensors.items():
        if name not in saved:
            raise PretrainingError(f"{directory}: holds no {name}: it was made by another model")
        if saved[name] != tuple(tensor.shape):
            raise PretrainingError(
                f"{directory}: {name} has shape {saved[name]}, the model's is {tuple(tensor.shape)}: "
                "give the model and tokenizer that made it, or another output_dir"
            )


def _begin(checkpoints: Path, partial: Path, parts: dict[str, Tensors]) -> None:
    checkpoints.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(partial, ignore_errors=True)
    sizes = (t.numel() * t.element_size() for tensors in parts.values() for t in tensors.values())
    checkpoint_files.check_space(checkpoints, sum(sizes))
    for name in [name for name, tensors in parts.items() if tensors] + ["random"]:
        (partial / name).mkdir(parents=True)


def _save_tensors(directory: Path, tensors: Tensors) -> None:
    try:
        save_shards(tensors, storage_writer=HuggingFaceStorageWriter(str(directory), save_distributed=True))
    except CheckpointException as error:
        for reason, _ in error.failures.values():
            if isinstance(reason, OSError):
                raise OSError(reason.errno, reason.strerror, str(directory)) from error
        raise


def _save_random(partial: Path) -> None:
    try:
        save_file(random_state.capture(), partial / "random" / f"rank-{dist.get_rank():05d}.safetensors")
    except SafetensorError as error:
        raise OSError(0, str(error), str(partial)) from error


def _digests(partial: Path) -> dict[str, str]:
    rank = dist.get_rank()
    mine = [*partial.glob(f"*/shard-{rank + 1:05d}-*"), *partial.glob(f"random/rank-{rank:05d}.*")]
    return {path.relative_to(partial).as_posix(): checkpoint_files.digest(path) for path in mine}


def _gather(mine: dict[str, str]) -> dict[str, str]:
    everyone: list[dict[str, str] | None] = [None] * dist.get_world_size()
    dist.all_gather_object(everyone, mine)
    return {name: value for some in everyone if some for name, value in some.items()}


def _together(work: Any, only_first: bool = False) -> None:
    """Do work on all ranks, or on the first one alone; where one fails, all raise its error."""
    error: Exception | None = None
    if dist.get_rank() == 0 or not only_first:
        try:
            work()
        except (OSError, PretrainingError) as caught:
            error = caught
    everyone: list[Exception | None] = [None] * dist.get_world_size()
    dist.all_gather_object(everyone, error)
    for failed in everyone:
        if failed is not None:
            failed.add_note(EVERYWHERE)
            raise failed
