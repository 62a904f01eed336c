"""Gradients of whole and of sharded parameters: norm, clipping, and rows that must not move."""

from collections.abc import Iterable
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.tensor import DTensor


def norm(parameters: Iterable[nn.Parameter]) -> torch.Tensor:
    """Euclidean norm over all gradients, float32, the same on all ranks.

    Parameters may be sharded over different meshes (tensor-parallel ones beside norms that are not), which torch's own
    clipping refuses to mix; so the shards of each kind are summed on their own, and then over the ranks that hold them.
    """
    kinds: dict[Any, list[torch.Tensor]] = {}
    for parameter in parameters:
        gradient = parameter.grad
        if gradient is not None:
            kind = (gradient.device_mesh, gradient.placements) if isinstance(gradient, DTensor) else None
            kinds.setdefault(kind, []).append(local(gradient))
    squares = []
    for kind, gradients in kinds.items():
        norms = torch._foreach_norm(gradients)  # noqa: SLF001  torch's only norm of many at once
        square = torch.stack(norms).float().square().sum()
        if kind is not None:
            mesh, placements = kind
            for dimension, placement in enumerate(placements):
                # Not is_shard(), which denies a matrix that FSDP2 divides after tensor parallelism has.
                if not placement.is_replicate():
                    dist.all_reduce(square, group=mesh.get_group(dimension))
        squares.append(square)
    return torch.stack(squares).sum().sqrt() if squares else torch.zeros(())


def clip(parameters: Iterable[nn.Parameter], total: torch.Tensor, greatest: float) -> None:
    """Scale all gradients so that their norm, `total` now, is at most `greatest`."""
    scale = (greatest / (total + 1e-6)).clamp(max=1.0)
    gradients = [local(parameter.grad) for parameter in parameters if parameter.grad is not None]
    if gradients:
        torch._foreach_mul_(gradients, scale)


def hold_rows(matrix: nn.Parameter, num_rows: int) -> None:
    """Set the gradient of the first rows to zero, so that AdamW without decay leaves every bit of them alone."""
    if matrix.grad is not None and num_rows:
        local(matrix.grad)[: max(0, num_rows - first_row(matrix.grad))].zero_()


def first_row(tensor: torch.Tensor) -> int:
    """Index in the whole tensor of the first row that this rank holds."""
    if not isinstance(tensor, DTensor):
        return 0
    from torch.distributed.tensor._utils import compute_local_shape_and_global_offset

    _, offsets = compute_local_shape_and_global_offset(tensor.shape, tensor.device_mesh, tensor.placements)
    return int(offsets[0])


def local(tensor: torch.Tensor) -> torch.Tensor:
    """What this rank holds of a tensor; writing to it writes to the tensor."""
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor
