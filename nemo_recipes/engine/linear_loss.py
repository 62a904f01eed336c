"""Losses of labels straight from the hidden states: the scores of the whole vocabulary are there a chunk at a time.

N labels, D width of the model, V rows of the head. Scores of all labels take N x V numbers several times over, which is
most of a small model's memory; a chunk's are made, turned into its gradient at once, and dropped. Nothing is computed
twice (the idea is Liger's fused linear cross-entropy, Hsu et al. 2024, arXiv:2410.10989; this is plain torch).
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from nemo_recipes.engine.batches import NOT_COUNTED


def losses_of(
    logits_NV: torch.Tensor,  # noqa: N803
    labels_N: torch.Tensor,  # noqa: N803
    z_loss: float,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Losses of labels in nats, float32, 0 where none is taken; and their sum with z-loss, which is minimized.

    The z-loss is `z_loss` times the square of log Z, Z the sum of exponentials of a label's scores (PaLM, Chowdhery et
    al. 2022, arXiv:2204.02311, section 5; 1e-4 there): it keeps scores from drifting off together.
    """
    losses_N = nn.functional.cross_entropy(  # noqa: N806
        logits_NV.float(), labels_N, ignore_index=NOT_COUNTED, reduction="none"
    )
    total = losses_N.sum()
    if z_loss:
        squares_N = logits_NV.float().logsumexp(dim=1).square()  # noqa: N806
        total = total + z_loss * squares_N[labels_N != NOT_COUNTED].sum()
    return losses_N, total


def chunk_gradient(
    logits_NV: torch.Tensor,  # noqa: N803
    labels_N: torch.Tensor,  # noqa: N803
    z_loss: float,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Losses, the z-loss of each label, and the gradient of the sum of both by the scores, in the scores' dtype."""
    scores_NV = logits_NV.float()  # noqa: N806
    log_z_N = scores_NV.logsumexp(dim=1)  # noqa: N806
    counted_N = labels_N != NOT_COUNTED  # noqa: N806
    rows_N1 = torch.where(counted_N, labels_N, 0)[:, None]  # noqa: N806
    losses_N = torch.where(counted_N, log_z_N - scores_NV.gather(1, rows_N1)[:, 0], 0.0)  # noqa: N806
    penalties_N = torch.where(counted_N, z_loss * log_z_N.square(), 0.0)  # noqa: N806
    gradient_NV = (scores_NV - log_z_N[:, None]).exp() * (1 + 2 * z_loss * log_z_N)[:, None]  # noqa: N806
    gradient_NV = gradient_NV.scatter_add(1, rows_N1, torch.full_like(rows_N1, -1, dtype=torch.float32))  # noqa: N806
    gradient_NV = gradient_NV * counted_N[:, None]  # noqa: N806
    return losses_N, penalties_N, gradient_NV.to(logits_NV.dtype)


class _LinearLoss(torch.autograd.Function):
    """Losses of labels (not differentiable) and the sum that is minimized; gradients are made on the way forward."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden_ND: torch.Tensor,  # noqa: N803
        weight_VD: torch.Tensor,  # noqa: N803
        labels_N: torch.Tensor,  # noqa: N803
        chunk: int,
        z_loss: float,
        gradient_of: Callable[..., Any],
        needed: bool,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        kind = torch.get_autocast_dtype(hidden_ND.device.type)
        kind = kind if torch.is_autocast_enabled(hidden_ND.device.type) else hidden_ND.dtype
        head_VD = weight_VD.to(kind)  # noqa: N806
        losses, total = [], torch.zeros((), dtype=torch.float32, device=hidden_ND.device)
        for_hidden = torch.empty_like(hidden_ND) if needed else None
        for_weight = torch.zeros_like(weight_VD, dtype=torch.float32) if needed else None
        for first in range(0, len(labels_N), chunk):
            part = slice(first, first + chunk)
            states_CD = hidden_ND[part].to(kind)  # noqa: N806
            losses_C, penalties_C, gradient_CV = gradient_of(states_CD @ head_VD.T, labels_N[part], z_loss)  # noqa: N806
            losses.append(losses_C)
            total += losses_C.sum() + penalties_C.sum()
            if for_hidden is not None and for_weight is not None:
                for_hidden[part] = gradient_CV @ head_VD
                for_weight += gradient_CV.T @ states_CD
        if for_hidden is not None and for_weight is not None:
            ctx.save_for_backward(for_hidden, for_weight.to(weight_VD.dtype))
        losses_N = torch.cat(losses)  # noqa: N806
        ctx.mark_non_differentiable(losses_N)
        return losses_N, total

    @staticmethod
    def backward(ctx: Any, _of_losses: torch.Tensor, of_total: torch.Tensor) -> Any:
        for_hidden, for_weight = ctx.saved_tensors
        return for_hidden * of_total, for_weight * of_total, None, None, None, None, None


class LossHead:
    """Takes the place of a head's forward pass: what comes out of the model is the sum that is minimized.

    Inside the model, so that sharded weights are gathered when it is called. `labels_N` is set before each pass;
    `losses_N` is read after it. Rows from `visible_rows` on are left out; 0 for none.
    """

    def __init__(
        self,
        head: nn.Module,
        chunk: int,
        *,
        visible_rows: int = 0,
        z_loss: float = 0.0,
        compiled: bool = False,
    ) -> None:
        # In a tuple, so that the head does not become a part of itself.
        self._head = (head,)
        self._chunk, self._visible_rows, self._z_loss = chunk, visible_rows, z_loss
        self._gradient_of: Callable[..., Any] = (
            torch.compile(chunk_gradient, dynamic=False) if compiled else chunk_gradient
        )
        self.labels_N: torch.Tensor | None = None
        self.losses_N: torch.Tensor | None = None

    def __call__(self, hidden_BSD: torch.Tensor) -> torch.Tensor:  # noqa: N803
        """The sum over all labels, a scalar."""
        assert self.labels_N is not None
        weight: torch.Tensor = self._head[0].weight  # type: ignore[assignment]
        if self._visible_rows:
            weight = weight[: self._visible_rows]
        total: torch.Tensor
        self.losses_N, total = _LinearLoss.apply(  # type: ignore[no-untyped-call]
            hidden_BSD.flatten(0, 1),
            weight,
            self.labels_N,
            self._chunk,
            self._z_loss,
            self._gradient_of,
            torch.is_grad_enabled(),
        )
        return total
