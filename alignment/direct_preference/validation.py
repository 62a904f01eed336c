"""Held-out pairs: the same figures as of training, by language, before anything is learned and then at intervals."""

from collections.abc import Sequence
from typing import Any

import torch
from lightning.pytorch import Callback, Trainer
from tqdm import tqdm

from alignment.direct_preference.batches import PairSamples, collate_pairs
from alignment.direct_preference.policy import PreferenceModel
from nemo_recipes.data.validation import EvenBatches
from nemo_recipes.engine.parallel import let_go
from nemo_recipes.watch.journal import Journal

Figures = dict[str, dict[str, float]]


class PairValidation(Callback):
    """Writes a line of the journal, and curves, for each look at the held-out pairs."""

    def __init__(
        self, samples: PairSamples, num_pairs: int, num_steps: int, every: int, journal: Journal
    ) -> None:
        self._samples, self._num_pairs, self._num_steps, self._every = samples, num_pairs, num_steps, every
        self._journal = journal

    def on_train_start(self, trainer: Trainer, pl_module: Any) -> None:
        """The model as it came."""
        if pl_module.step == 0:
            self._look(trainer, pl_module)

    def on_train_batch_end(self, trainer: Trainer, pl_module: Any, *rest: Any) -> None:  # noqa: ARG002
        """Where the number of the step says so."""
        step = pl_module.step
        if (self._every and step % self._every == 0) or step == self._num_steps:
            self._look(trainer, pl_module)

    def _look(self, trainer: Trainer, module: PreferenceModel) -> None:
        if not self._num_pairs:
            return
        figures = validate(module, self._samples, self._num_pairs)
        if trainer.is_global_zero:
            self._journal.write({"kind": "validation", "step": module.step, "languages": figures})
        curves = {
            f"validation/{name}/{key}": value for name, row in figures.items() for key, value in row.items()
        }
        for logger in trainer.loggers:
            logger.log_metrics(curves, step=module.step)


def validate(module: PreferenceModel, samples: PairSamples, num_pairs: int) -> Figures:
    """Figures of held-out pairs, divided among the replicas; nothing is drawn, and the model stays as it was."""
    batches = EvenBatches(
        num_sequences=num_pairs,
        micro_batch=module.config.training.micro_batch,
        replica=module.replica,
        replicas=module.replicas,
    )
    sums: Sequence[float] = [0.0] * len(module.more_sums())
    module.model.eval()
    with (
        torch.no_grad(),
        module.trainer.precision_plugin.val_step_context(),
        tqdm(
            total=num_pairs, desc="validate", unit="pair", leave=False, disable=module.global_rank != 0
        ) as bar,
    ):
        for numbers in batches:
            # Every replica passes as many batches through a sharded model; those beyond the last pair do not count.
            mine = [number for number in numbers if number < num_pairs]
            batch = collate_pairs([samples.pair(number) for number in mine or [0]], len(numbers))
            _, _, found = module.losses_of(module.transfer_batch_to_device(batch, module.device, 0), 0)
            if mine:
                sums = [a + float(b) for a, b in zip(sums, found.cpu().flatten(), strict=True)]
            bar.update(min(len(numbers) * module.replicas, num_pairs - bar.n))
    let_go(module.model)
    module.model.train()
    return module.by_language(module.sum_over_replicas(list(sums)))
