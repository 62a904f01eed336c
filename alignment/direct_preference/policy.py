"""The model that learns from pairs: the engine's module with another loss."""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from alignment.direct_preference.losses import Answers, pair_losses
from alignment.direct_preference.measures import SUMS, described, divergences, sums_by_language
from alignment.direct_preference.scoring import label_log_probabilities
from alignment.dpo_config import Preference
from nemo_recipes.engine.batches import NOT_COUNTED, Batch
from nemo_recipes.engine.language_model import LanguageModel

ReferenceOf = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class PreferenceModel(LanguageModel):
    """A causal LM that learns from pairs.

    `languages` are those of the data, in the order of their numbers in batches. `reference` computes log-probabilities
    of labels where a batch does not bring them.
    """

    def __init__(
        self,
        *arguments: Any,
        preference: Preference,
        languages: Sequence[str],
        reference: ReferenceOf | None = None,
        **named: Any,
    ) -> None:
        super().__init__(*arguments, **named)
        self.preference, self.languages = preference, languages
        # In a tuple, so that a reference model is no part of this one.
        self._reference = (reference,)
        self._sums = self._no_sums()
        self._step_pairs = self._step_chosen = 0.0

    def _no_sums(self) -> torch.Tensor:
        return torch.zeros(len(self.languages), len(SUMS), dtype=torch.float64)

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """One step, as the engine makes it; the tokens of all chosen answers must be known before its first loss."""
        self._step_pairs, self._step_chosen = self.sum_over_replicas(
            [batch["num_labels"], batch["num_chosen"]]
        )
        super().training_step(batch, batch_idx)

    def micro_batch_loss(self, batch: Batch, number: int) -> tuple[torch.Tensor, int]:
        """Sum of the losses of a micro batch's pairs; the SFT term is the mean over the step's chosen tokens."""
        losses_B, chosen, sums = self.losses_of(batch, number)  # noqa: N806
        self._sums += sums.cpu()
        loss = losses_B.sum()
        if self.preference.sft_weight:
            loss = (
                loss
                - self.preference.sft_weight * chosen.policy_B.sum() * self._step_pairs / self._step_chosen
            )
        return loss, len(losses_B)

    def losses_of(self, batch: Batch, number: int) -> tuple[torch.Tensor, Answers, torch.Tensor]:
        """Losses of a micro batch's pairs, its chosen answers, and sums by language."""
        tokens_BS, labels_BS = batch["tokens_ABS"][number], batch["labels_ABS"][number]  # noqa: N806
        policy_BS = label_log_probabilities(self.model, tokens_BS, labels_BS)  # noqa: N806
        reference_BS = batch["reference_ABS"][number]  # noqa: N806
        if reference_BS is None:
            assert self._reference[0] is not None
            reference_BS = self._reference[0](tokens_BS, labels_BS)  # noqa: N806
        counted_BS = labels_BS != NOT_COUNTED  # noqa: N806
        chosen, rejected = (
            Answers(*parts)
            for parts in zip(
                policy_BS.sum(dim=1).chunk(2),
                reference_BS.sum(dim=1).chunk(2),
                counted_BS.sum(dim=1).chunk(2),
                strict=True,
            )
        )
        settings = self.preference
        losses_B = pair_losses(  # noqa: N806
            chosen,
            rejected,
            beta=settings.beta,
            kind=settings.loss,
            label_smoothing=settings.label_smoothing,
            length_normalized=settings.length_normalized,
        )
        far_B = torch.stack(divergences(policy_BS, reference_BS, counted_BS).chunk(2)).sum(dim=0)  # noqa: N806
        sums = sums_by_language(
            losses_B,
            chosen,
            rejected,
            far_B,
            batch["languages_AB"][number],
            beta=settings.beta,
            num_languages=len(self.languages),
        )
        return losses_B, chosen, sums

    def more_sums(self) -> list[float]:
        """What was summed up since the last call."""
        sums, self._sums = self._sums, self._no_sums()
        return [float(number) for number in sums.flatten()]

    def measures(self, sums: list[float]) -> dict[str, float]:
        """Figures of the step as `ar/margin` and the like; those of all pairs as `all/margin`."""
        return {
            f"{name}/{figure}": value
            for name, figures in self.by_language(sums).items()
            for figure, value in figures.items()
            if figure != "pairs"
        }

    def by_language(self, sums: Sequence[float]) -> dict[str, dict[str, float]]:
        """Figures for `all` and each language, from sums in the order of `more_sums`."""
        width = len(SUMS)
        return described(
            [sums[first : first + width] for first in range(0, len(sums), width)], self.languages
        )
