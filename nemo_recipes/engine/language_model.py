"""The LightningModule: one call of `training_step` is one optimizer step, accumulation included.

Optimization is manual in Lightning's sense, because the loss is the mean over all labels of a step, whatever replica or
micro batch they are in, and because a broken step must not touch the weights.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.distributed as dist
from lightning.pytorch import LightningModule

from nemo_recipes.engine import averages, gradients
from nemo_recipes.engine.batches import Batch
from nemo_recipes.engine.failures import Action, LossGuard
from nemo_recipes.engine.linear_loss import LossHead, losses_of
from nemo_recipes.engine.model import fill_shards
from nemo_recipes.engine.optimizer import (
    choose_parameters,
    kept_parameters,
    make_optimizer,
    moments,
    row_matrices,
)
from nemo_recipes.engine.parallel import shard, sync_gradients
from nemo_recipes.engine.phases import Stretch
from nemo_recipes.engine.schedule import learning_rate
from nemo_recipes.pretrain_config import PretrainConfig
from nemo_recipes.watch.bits_per_byte import bits_per_byte


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """What came of one step, the same on all ranks.

    Attributes:
        step: Steps done, this one included.
        loss: Mean loss of a label, in nats.
        bits_per_byte: The same as bits for each byte of raw text.
        gradient_norm: Before clipping.
        learning_rate: Of this step.
        labels: Labels that the loss was taken of, over all replicas.
        action: `go_on` where the weights were updated.
        measures: What an objective tells of the step beside its loss.
    """

    step: int
    loss: float
    bits_per_byte: float
    gradient_norm: float
    learning_rate: float
    labels: int
    action: Action
    measures: dict[str, float] = field(default_factory=dict)


def _nothing(_tokens: int) -> None:
    """What is done after a micro batch where nobody watches."""


class LanguageModel(LightningModule):
    """A causal LM that learns in one stretch of a run.

    `step` is the number of steps done over the whole run; the optimizer is fresh. Rows from `visible_rows` on are not
    there yet for the loss and wait without a gradient; 0 for all there. `means` are the running means of the weights,
    empty for none. `load_newest` is called for a roll back; `on_micro_batch` after each micro batch, with the tokens
    that all replicas read.
    """

    def __init__(
        self,
        model: Any,
        config: PretrainConfig,
        stretch: Stretch,
        guard: LossGuard,
        *,
        first_new_row: int = 0,
        visible_rows: int = 0,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.model = model
        self.config = config
        self.phase = stretch.phase
        self.end_step = stretch.end_step
        self.first_new_row = first_new_row
        self.visible_rows = visible_rows
        self.guard = guard
        self.step = stretch.first_step
        self.result: StepResult | None = None
        self.stop_asked = False
        self.stopping = False
        self.means: averages.Tensors = {}
        self.plain_loss: torch.Tensor | None = None
        self.loss_head: LossHead | None = None
        self.load_newest: Callable[[], None] | None = None
        self.on_micro_batch: Callable[[int], None] = _nothing
        choose_parameters(model, stretch.phase, config.training)

    def configure_model(self) -> None:
        """Shard the model where the layout says so; Lightning calls this once the device mesh is there."""
        training = self.config.training
        if training.loss_chunk and self.loss_head is None:
            head = self.model.get_output_embeddings()
            self.loss_head = LossHead(
                head,
                training.loss_chunk,
                visible_rows=self.visible_rows,
                z_loss=training.z_loss,
                compiled=training.compile,
            )
            head.forward = self.loss_head
        if self.config.layout.is_sharded:
            assert self.device_mesh is not None
            device = self.trainer.strategy.root_device
            empty = any(parameter.is_meta for parameter in self.model.parameters())
            if not empty:
                self.model.to(device)
            shard(self.model, self.device_mesh, self.config)
            if empty:
                fill_shards(self.model, self.config.model.checkpoint, device)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW, which this module steps itself."""
        if self.config.training.compile:
            # Beside a loss in chunks, which compiles its own kernels, the layers alone.
            (self.model if self.loss_head is None else self.model.model).compile()
        return make_optimizer(self.model.parameters(), self.phase, self.config.training)

    @property
    def replicas(self) -> int:
        """Data-parallel replicas."""
        return self.config.layout.replicas

    @property
    def replica(self) -> int:
        """Number of this replica."""
        return self.global_rank // self.config.layout.tensor

    def weights(self) -> dict[str, torch.Tensor]:
        """Parameters by their Hugging Face names; a head that is the embedding is named once.

        Of a model with adapters, the adapters alone: all else stays as it was.
        """
        return {name: parameter.data for name, parameter in kept_parameters(self.model).items()}

    def moments(self) -> dict[str, torch.Tensor]:
        """The optimizer's running means, by name."""
        names = {id(parameter): name for name, parameter in self.model.named_parameters()}
        return moments(self.adamw(), names)

    def adamw(self) -> torch.optim.Optimizer:
        """The optimizer, without Lightning's wrapper."""
        optimizer = self.optimizers(use_pl_optimizer=False)
        assert isinstance(optimizer, torch.optim.Optimizer)
        return optimizer

    def label_losses(self, tokens_BS: Any, labels_BS: Any, positions_BS: Any) -> torch.Tensor:  # noqa: N803
        """Loss of each label in nats, float32, 0 where no loss is taken."""
        return self.losses(tokens_BS, labels_BS, positions_BS)[0]

    def losses(
        self,
        tokens_BS: Any,  # noqa: N803
        labels_BS: Any,  # noqa: N803
        positions_BS: Any,  # noqa: N803
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Loss of each label, as `label_losses`, and what is minimized: their sum, with z-loss where that is set."""
        labels_N = labels_BS.flatten()  # noqa: N806
        if self.loss_head is not None:
            self.loss_head.labels_N = labels_N
        logits_BSV = self.model(input_ids=tokens_BS, position_ids=positions_BS, use_cache=False).logits  # noqa: N806
        if self.loss_head is not None:
            assert self.loss_head.losses_N is not None
            return self.loss_head.losses_N.view(labels_BS.shape), logits_BSV
        if self.visible_rows:
            logits_BSV = logits_BSV[..., : self.visible_rows]  # noqa: N806
        losses_N, total = losses_of(logits_BSV.flatten(0, 1), labels_N, self.config.training.z_loss)  # noqa: N806
        return losses_N.view(labels_BS.shape), total

    def training_step(self, batch: Batch, batch_idx: int) -> None:  # noqa: ARG002
        """Gradients of all micro batches, then one update, unless the step is broken."""
        # What a step draws (dropout) follows from its number, whatever was drawn before: loaders draw when they begin.
        torch.manual_seed((self.config.training.seed << 32) + self.step * self.replicas + self.replica)
        num_labels, num_bytes = self.sum_over_replicas([batch["num_labels"], batch["num_bytes"]])
        loss = self._accumulate(batch, num_labels)
        total, stop, *more = self.sum_over_replicas([loss, float(self.stop_asked), *self.more_sums()])
        mean = total / num_labels
        norm = self._gradient_norm()
        rate = learning_rate(self.step, self.phase, self.config.training)
        self.step += 1
        action = self.guard.judge(self.step, mean, norm.item())
        if action == "go_on":
            self._update(norm, rate)
        self.adamw().zero_grad(set_to_none=True)
        if action == "roll_back" and self.load_newest is not None:
            self.load_newest()
        self.stopping = stop > 0
        self.result = StepResult(
            step=self.step,
            loss=mean,
            bits_per_byte=bits_per_byte(total, num_bytes),
            gradient_norm=norm.item(),
            learning_rate=rate,
            labels=int(num_labels),
            action=action,
            measures=self.measures(more),
        )

    def more_sums(self) -> list[float]:
        """What else this replica summed up in the step, in an order that is the same on all; an objective has some."""
        return []

    def measures(self, sums: list[float]) -> dict[str, float]:  # noqa: ARG002
        """Figures of the step from the sums of all replicas."""
        return {}

    def sum_over_replicas(self, numbers: list[float]) -> list[float]:
        """Sums over the data-parallel replicas, in double precision."""
        if self.replicas == 1:
            return [float(number) for number in numbers]
        # Tensor-parallel ranks of a replica hold the same numbers: each is counted once for every replica.
        sums = torch.tensor(numbers, dtype=torch.float64)
        dist.all_reduce(sums)
        return [float(number) / self.config.layout.tensor for number in sums]

    def micro_batch_loss(self, batch: Batch, number: int) -> tuple[torch.Tensor, int]:
        """What is minimized of one micro batch, and how many units (tokens, say) the bar moves on by.

        Where that is more than the sum of losses, `plain_loss` is that sum, which is logged.
        """
        tokens_BS, labels_BS, positions_ABS = (  # noqa: N806
            batch["tokens_ABS"][number],
            batch["labels_ABS"][number],
            batch["positions_ABS"],
        )
        positions = None if positions_ABS is None else positions_ABS[number]
        losses_BS, total = self.losses(tokens_BS, labels_BS, positions)  # noqa: N806
        if self.config.training.z_loss:
            self.plain_loss = losses_BS.detach().sum()
        return total, tokens_BS.numel()

    def _accumulate(self, batch: Batch, num_labels: float) -> float:
        """Gradients of the step's mean loss; returns this replica's sum of losses."""
        # Replicas' gradients are averaged, so each one's loss is scaled up by their number.
        scale = self.replicas / num_labels
        num_micro_batches = len(batch["tokens_ABS"])
        sums = []
        for i in range(num_micro_batches):
            with sync_gradients(self.model, self.trainer.strategy.model, i == num_micro_batches - 1):
                loss, units = self.micro_batch_loss(batch, i)
                self.manual_backward(loss * scale)
            sums.append(loss.detach() if self.plain_loss is None else self.plain_loss)
            self.on_micro_batch(units * self.replicas)
        return torch.stack(sums).sum(dtype=torch.float64).item()

    def _gradient_norm(self) -> torch.Tensor:
        if self.phase.what == "new_rows":
            for matrix in row_matrices(self.model):
                gradients.hold_rows(matrix, self.first_new_row)
        return gradients.norm(self.model.parameters())

    def _update(self, norm: torch.Tensor, rate: float) -> None:
        if self.config.training.clip:
            gradients.clip(self.model.parameters(), norm, self.config.training.clip)
        for group in self.adamw().param_groups:
            group["lr"] = rate
        optimizer = self.optimizers()
        assert not isinstance(optimizer, list)
        optimizer.step()
        if self.means:
            averages.follow(
                self.means, self.weights(), averages.decay_at(self.step, self.config.training.ema)
            )
