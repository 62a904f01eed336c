"""Losses of the held-out texts, divided among the replicas."""

from collections.abc import Sequence

import torch
from tqdm import tqdm

from nemo_recipes.data.validation import EvenBatches, ValidationSet
from nemo_recipes.engine.batches import stacked
from nemo_recipes.engine.language_model import LanguageModel
from nemo_recipes.engine.parallel import let_go
from nemo_recipes.watch.bits_per_byte import Score


def validate(module: LanguageModel, sets: Sequence[ValidationSet]) -> dict[str, Score]:
    """Score of each set over all its text.

    The model stays as it was, random generators too: nothing here is drawn.
    """
    scores: dict[str, Score] = {}
    module.model.eval()
    with (
        torch.no_grad(),
        module.trainer.precision_plugin.val_step_context(),
        tqdm(
            total=sum(one.tokens for one in sets), desc="validate", unit="token", unit_scale=True, leave=False,
            disable=module.global_rank != 0,
        ) as bar,
    ):  # fmt: skip
        for one in sets:
            nats, labels = module.sum_over_replicas(_score(module, one, bar))
            assert int(labels) == one.tokens
            scores[one.name] = Score(nats, one.tokens, one.bytes)
    let_go(module.model)
    module.model.train()
    return scores


def _score(module: LanguageModel, one: ValidationSet, bar: "tqdm[None]") -> list[float]:
    """Nats and labels of this replica's share of a set."""
    batches = EvenBatches(
        num_sequences=len(one.sequences),
        micro_batch=module.config.training.micro_batch,
        replica=module.replica,
        replicas=module.replicas,
    )
    nats, labels, left = 0.0, 0, one.tokens
    for numbers in batches:
        batch = stacked([one.sequences[number] for number in numbers])
        positions = batch["position_ids"].to(module.device) if module.config.data.reset_at_documents else None
        tokens_BS, labels_BS = (batch[name].to(module.device) for name in ("tokens", "labels"))  # noqa: N806
        nats += module.label_losses(tokens_BS, labels_BS, positions).sum(dtype=torch.float64).item()
        labels += int((labels_BS >= 0).sum())
        done = min(labels_BS.numel() * module.replicas, left)
        left -= done
        bar.update(done)
    return [nats, labels]
