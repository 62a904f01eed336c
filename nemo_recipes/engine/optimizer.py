"""AdamW over named parameters, and its state as plain named tensors."""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn

from nemo_recipes.engine.phases import Phase
from nemo_recipes.pretrain_config import Training

MOMENTS = ("exp_avg", "exp_avg_sq")

ADAPTER = ".lora_"
"""What the names of peft's adapters hold, and no other parameter's does."""


def choose_parameters(model: nn.Module, phase: Phase, training: Training) -> None:
    """Mark which parameters of a causal LM learn in a phase; the others get no gradient at all.

    Of a model with adapters these alone learn.
    """
    if has_adapters(model):
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(ADAPTER in name)
        return
    frozen = tuple(f"model.layers.{number}." for number in training.frozen_layers)
    rows = {id(weight) for weight in row_matrices(model)}
    for name, parameter in model.named_parameters():
        learns = id(parameter) in rows if phase.what == "new_rows" else not name.startswith(frozen or ("\0",))
        parameter.requires_grad_(learns)


def has_adapters(model: nn.Module) -> bool:
    """Whether peft put low-rank adapters into a model."""
    return any(ADAPTER in name for name, _ in model.named_parameters())


def kept_parameters(model: nn.Module) -> dict[str, nn.Parameter]:
    """What checkpoints hold: all parameters by name, or the adapters alone where there are any."""
    named = dict(model.named_parameters())
    return {name: weight for name, weight in named.items() if ADAPTER in name} or named


def row_matrices(model: Any) -> list[nn.Parameter]:
    """The matrices that have one row for each id: embedding and head, once where the head is the embedding."""
    embedding = model.get_input_embeddings().weight
    head = model.get_output_embeddings().weight
    return [embedding] if head is embedding else [embedding, head]


def make_optimizer(parameters: Iterable[nn.Parameter], phase: Phase, training: Training) -> torch.optim.AdamW:
    """AdamW with decoupled weight decay on matrices; norms have none.

    While only new rows learn there is no decay at all: it would move the old rows, which have no gradient, too.
    """
    learning = [parameter for parameter in parameters if parameter.requires_grad]
    decay = 0.0 if phase.what == "new_rows" else training.weight_decay
    groups = [
        {"params": [p for p in learning if p.ndim >= 2], "weight_decay": decay},
        {"params": [p for p in learning if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]],
        lr=training.learning_rate,
        betas=(training.betas[0], training.betas[1]),
        eps=training.epsilon,
        fused=all(parameter.is_cuda for parameter in learning) or None,
    )


def moments(optimizer: torch.optim.Optimizer, names: Mapping[int, str]) -> dict[str, torch.Tensor]:
    """AdamW's running means as `exp_avg.NAME` and `exp_avg_sq.NAME`, made as zeros where no step was taken yet.

    `names` maps `id` of a parameter to its name. The tensors are the optimizer's own: what is loaded into them is
    loaded into the optimizer.
    """
    found: dict[str, torch.Tensor] = {}
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            state = optimizer.state[parameter]
            if not state:
                where = parameter.device if group["fused"] else "cpu"
                state["step"] = torch.tensor(0.0, dtype=torch.float32, device=where)
                for moment in MOMENTS:
                    state[moment] = torch.zeros_like(parameter, memory_format=torch.preserve_format)
            for moment in MOMENTS:
                found[f"{moment}.{names[id(parameter)]}"] = state[moment]
    return found


def set_updates(optimizer: torch.optim.Optimizer, updates: int) -> None:
    """Set how many updates AdamW has made, which its bias correction needs."""
    for state in optimizer.state.values():
        state["step"].fill_(float(updates))


def updates_of(optimizer: torch.optim.Optimizer) -> int:
    """How many updates AdamW has made since its state was fresh."""
    return max((int(state["step"].item()) for state in optimizer.state.values()), default=0)
