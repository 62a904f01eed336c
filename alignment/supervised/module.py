"""The module that learns answers: the engine's, with noise on the embeddings where that is asked for."""

from functools import partial
from typing import Any

import torch

from alignment.supervised.noise import noise
from nemo_recipes.engine.batches import Batch
from nemo_recipes.engine.language_model import LanguageModel


class SupervisedModule(LanguageModel):
    """A `LanguageModel` with NEFTune's noise of strength `neftune` while it trains; 0 for none."""

    def __init__(self, *arguments: Any, neftune: float = 0.0, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._neftune = neftune

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
