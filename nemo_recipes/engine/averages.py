"""A running mean of the weights (EMA), kept beside them in float32, on their device and in their shards."""

from collections.abc import Mapping

import torch

from nemo_recipes.engine.gradients import local

Tensors = dict[str, torch.Tensor]


def begin(weights: Mapping[str, torch.Tensor]) -> Tensors:
    """The mean of one set of weights: a copy."""
    return {name: weight.detach().clone() for name, weight in weights.items()}


def decay_at(step: int, decay: float) -> float:
    """The decay after so many steps: early weights are soon forgotten.

    >>> decay_at(1, 0.999), decay_at(10_000, 0.999)
    (0.18181818181818182, 0.999)
    """
    return min(decay, (1 + step) / (10 + step))


def follow(means: Tensors, weights: Mapping[str, torch.Tensor], decay: float) -> None:
    """Move means to `decay` of what they are and the rest of the weights, in place; equal ones keep every bit."""
    torch._foreach_lerp_(
        [local(means[name]) for name in means], [local(weights[name]) for name in means], 1 - decay
    )
