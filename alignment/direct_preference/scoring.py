"""Log-probabilities of the tokens of answers, and of no others: prompts and padding never reach the vocabulary.

B sequences of S tokens, N of whose labels are counted, a vocabulary of V.
"""

from typing import Any

import torch

from nemo_recipes.engine.batches import NOT_COUNTED


def label_log_probabilities(model: Any, tokens_BS: torch.Tensor, labels_BS: torch.Tensor) -> torch.Tensor:  # noqa: N803
    """Log-probability of each label in nats, float32, 0 where none is counted.

    Sequences are padded on the right, so that causal attention needs no mask. The head of the model is given the N
    counted places alone, which spares a row of V logits for each token of a prompt.
    """
    counted_BS = labels_BS != NOT_COUNTED  # noqa: N806

    def choose(_head: Any, arguments: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        return (arguments[0][counted_BS], *arguments[1:])

    handle = model.get_output_embeddings().register_forward_pre_hook(choose)
    try:
        logits_NV = model(input_ids=tokens_BS, use_cache=False).logits  # noqa: N806
    finally:
        handle.remove()
    losses_N = torch.nn.functional.cross_entropy(  # noqa: N806
        logits_NV.float(), labels_BS[counted_BS], reduction="none"
    )
    return torch.zeros(labels_BS.shape, device=losses_N.device).masked_scatter(counted_BS, -losses_N)
