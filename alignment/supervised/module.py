"""The module that learns answers: the engine's, with noise on the embeddings where that is asked for.

B sequences of a micro batch, S tokens of a sequence, K of them with a label in any sequence, V rows of the head.
"""

from functools import partial
from typing import Any

import torch

from alignment.supervised.attention import (
    attend_within_conversations,
    attends_within_conversations,
    spans_of,
)
from alignment.supervised.noise import noise
from nemo_recipes.engine.batches import NOT_COUNTED, Batch
from nemo_recipes.engine.language_model import LanguageModel


class SupervisedModule(LanguageModel):
    """A `LanguageModel` with NEFTune's noise of strength `neftune` while it trains; 0 for none."""

    def __init__(self, *arguments: Any, neftune: float = 0.0, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._neftune = neftune
        if not self.config.training.compile:
            attend_within_conversations(self.model)

    def losses(
        self,
        tokens_BS: Any,  # noqa: N803
        labels_BS: Any,  # noqa: N803
        positions_BS: Any,  # noqa: N803
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Loss of each label in nats, float32, 0 where no loss is taken; and their sum.

        The head is computed where a label is, and nowhere else: prompts and padding are spared the largest matrix of a
        small model.
        """
        kept_K = (labels_BS != NOT_COUNTED).any(0).nonzero()[:, 0]  # noqa: N806
        if self.config.training.compile or not len(kept_K):  # a changing K would be compiled again and again
            return super().losses(tokens_BS, labels_BS, positions_BS)
        apart = positions_BS is not None and attends_within_conversations(self.model)
        logits_BKV = self.model(  # noqa: N806
            input_ids=tokens_BS,
            position_ids=positions_BS,
            use_cache=False,
            logits_to_keep=kept_K,
            **({"conversation_spans": spans_of(positions_BS)} if apart else {}),
        ).logits
        losses_BK = torch.nn.functional.cross_entropy(  # noqa: N806
            logits_BKV.flatten(0, 1).float(),
            labels_BS[:, kept_K].flatten(),
            ignore_index=NOT_COUNTED,
            reduction="none",
        ).view(len(labels_BS), -1)
        return losses_BK.new_zeros(labels_BS.shape).index_copy(1, kept_K, losses_BK), losses_BK.sum()

    def micro_batch_loss(self, batch: Batch, number: int) -> tuple[torch.Tensor, int]:
        """Sum of the losses of one micro batch, and its tokens."""
        if not self._neftune:
            return super().micro_batch_loss(batch, number)
        tokens_BS = batch["tokens_ABS"][number]  # noqa: N806
        positions_BS = (  # noqa: N806
            torch.arange(tokens_BS.shape[1], device=tokens_BS.device).expand_as(tokens_BS)
            if batch["positions_ABS"] is None
            else batch["positions_ABS"][number]
        )
        width = self.model.get_input_embeddings().embedding_dim
        added = noise(
            positions_BS,
            batch["numbers_AB"][number],
            width,
            alpha=self._neftune,
            seed=self.config.training.seed,
        )
        hook = self.model.get_input_embeddings().register_forward_hook(partial(_add, added))
        try:
            return super().micro_batch_loss(batch, number)
        finally:
            hook.remove()


def _add(added: torch.Tensor, _module: Any, _inputs: Any, output: torch.Tensor) -> torch.Tensor:
    return output + added.to(output.dtype)
