"""A model with adapters in it, for the training engine."""

import warnings
from collections import Counter
from typing import Any

import torch

from alignment.adapters.settings import Lora
from alignment.errors import AlignmentError
from nemo_recipes.engine.model import make_model
from nemo_recipes.pretrain_config import Model, Training


def make_adapted_model(lora: Lora, model: Model, training: Training, in_shards: bool = False) -> Any:
    """The model as `nemo_recipes.engine.model.make_model` makes it, with adapters if `lora` asks for them.

    The same seed makes the same adapters; at first they add nothing. With adapters each process holds the whole model
    before it is sharded, whatever `in_shards` says.

    Raises:
        AlignmentError: The model has none of the layers that `lora` names, or one shares its weights with another.
    """
    if not lora.rank:
        return make_model(model, training, in_shards)
    return add_adapters(make_model(model, training), lora, training.seed)


def add_adapters(model: Any, lora: Lora, seed: int) -> Any:
    """Put adapters into a model, in place."""
    from peft import inject_adapter_in_model

    torch.manual_seed(seed)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            adapted = inject_adapter_in_model(peft_config(lora), model)
    except ValueError as error:
        raise AlignmentError(
            f"lora.targets: the model has no layer named {' or '.join(lora.targets)}: name linear layers of its decoder"
        ) from error
    _check_alone(adapted)
    return adapted


def _check_alone(model: Any) -> None:
    """Refuse an adapter on shared weights, such as a head that is the embedding: merged, it would change both."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    uses = Counter(id(parameter) for _, parameter in model.named_parameters(remove_duplicate=False))
    for name, layer in model.named_modules():
        if isinstance(layer, BaseTunerLayer) and uses[id(layer.get_base_layer().weight)] > 1:
            raise AlignmentError(
                f"lora.targets: {name} shares its weights with another layer of the model, which merging would change "
                f"too: leave {name.rpartition('.')[2]} out"
            )


def peft_config(lora: Lora) -> Any:
    """The settings in peft's words."""
    from peft import LoraConfig

    return LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=list(lora.targets),
        task_type="CAUSAL_LM",
    )
