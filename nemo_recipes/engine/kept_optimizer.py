"""The optimizer's state of an earlier run, for a model that may have got new rows since."""

from pathlib import Path

import torch
from torch.distributed.tensor import DTensor

from nemo_recipes.engine import checkpoint_files
from nemo_recipes.engine.agreement import agree, say
from nemo_recipes.engine.checkpoint import Tensors, load_tensors, saved_shapes
from nemo_recipes.engine.gradients import local
from nemo_recipes.errors import PretrainingError


def load_kept(run_dir: Path, moments: Tensors) -> int:
    """Fill AdamW's running means from the newest checkpoint of a run; returns how many updates they have seen.

    A matrix that has more rows now keeps what its first rows had, and zeros for the others. All processes call this
    together.

    Raises:
        PretrainingError: The run left no checkpoint, or its model was another.
    """
    newest = agree(lambda: checkpoint_files.newest_whole(run_dir / "checkpoints", say))
    if newest is None:
        raise PretrainingError(
            f"{run_dir}: no checkpoint there; training.optimizer_from must be the output of a run"
        )
    shapes = saved_shapes(newest / "optimizer")
    for name, moment in moments.items():
        shape = shapes.get(name)
        if shape is None or shape[1:] != tuple(moment.shape)[1:] or shape[0] > moment.shape[0]:
            raise PretrainingError(
                f"{newest}: has no optimizer state for {name} of shape {tuple(moment.shape)}: it was made by "
                "another model"
            )
        whole = torch.zeros(shape, dtype=moment.dtype)
        load_tensors(newest / "optimizer", {name: whole}, alone=True)
        copy_part(whole, moment)
    return int(checkpoint_files.read_record(newest)["updates"])


def copy_part(whole: torch.Tensor, target: torch.Tensor) -> None:
    """Copy to this rank's part of `target` what `whole` has at the same place; beyond its rows nothing changes."""
    part = local(target)
    offsets = [0] * part.ndim
    if isinstance(target, DTensor):
        from torch.distributed.tensor._utils import compute_local_shape_and_global_offset

        _, found = compute_local_shape_and_global_offset(target.shape, target.device_mesh, target.placements)
        offsets = list(found)
    there = tuple(slice(start, start + size) for start, size in zip(offsets, part.shape, strict=True))
    piece = whole[there]
    part[tuple(slice(0, size) for size in piece.shape)].copy_(piece)
