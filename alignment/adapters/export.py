"""A checkpoint of adapters as peft's files, and merged into the weights as a model like any other."""

import re
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from alignment.adapters.model import make_adapted_model, peft_config
from alignment.adapters.settings import Lora
from nemo_recipes.data.tokenizer import Tokenizer
from nemo_recipes.engine.checkpoint import load_tensors
from nemo_recipes.engine.export import export, write_model
from nemo_recipes.engine.optimizer import kept_parameters
from nemo_recipes.pretrain_config import PretrainConfig

ADAPTER_DIR = "adapter"


def export_model(
    lora: Lora, checkpoint: Path, config: PretrainConfig, tokenizer: Tokenizer, target: Path
) -> Path:
    """Write a checkpoint as a Hugging Face directory, adapters merged.

    The adapters themselves go into the directory `adapter` beside it, for `PeftModel.from_pretrained`.
    """
    if not lora.rank:
        return export(checkpoint, config, tokenizer, target)
    model = load_adapted(lora, checkpoint, config)
    write_adapter(model, lora, config.model.checkpoint, target.with_name(ADAPTER_DIR))
    return write_model(merged(model), config, tokenizer, target)


def load_adapted(lora: Lora, checkpoint: Path, config: PretrainConfig) -> Any:
    """The model with the adapters of a checkpoint in it, in float32."""
    model = make_adapted_model(lora, config.model, config.training).eval()
    named = {name: parameter.data for name, parameter in kept_parameters(model).items()}
    load_tensors(checkpoint / "weights", named, alone=True)
    return model


def merged(model: Any) -> Any:
    """The model with its adapters added to the weights and taken out, in place."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    for name, layer in list(model.named_modules()):
        if isinstance(layer, BaseTunerLayer):
            layer.merge()
            parent, _, own = name.rpartition(".")
            setattr(model.get_submodule(parent), own, layer.get_base_layer())
    return model


def write_adapter(model: Any, lora: Lora, base: str, directory: Path) -> None:
    """Write the adapters in peft's form, which names no adapter and puts `base_model.model.` before all names."""
    directory.mkdir(parents=True, exist_ok=True)
    tensors = {
        "base_model.model." + re.sub(r"\.default\.weight$", ".weight", name): parameter.detach().to(
            torch.float32
        )
        for name, parameter in kept_parameters(model).items()
    }
    save_file(tensors, directory / "adapter_model.safetensors", metadata={"format": "pt"})
    settings = peft_config(lora)
    settings.base_model_name_or_path, settings.inference_mode = base, True
    settings.save_pretrained(directory)
