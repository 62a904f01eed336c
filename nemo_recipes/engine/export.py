"""A checkpoint as a Hugging Face directory: safetensors, config and tokenizer, for transformers, vLLM and others."""

import filecmp
import shutil
from pathlib import Path
from typing import Any

import torch

from nemo_recipes.data.tokenizer import Tokenizer
from nemo_recipes.engine.checkpoint import load_tensors
from nemo_recipes.engine.model import model_config
from nemo_recipes.pretrain_config import PretrainConfig

_TOKENIZER_FILES = (
    "tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
    "chat_template.jinja",
)  # fmt: skip


def export(checkpoint: Path, config: PretrainConfig, tokenizer: Tokenizer, target: Path) -> Path:
    """Write the weights of a checkpoint, or their running means, to `target`, replacing what is there in the end.

    One process alone does this, wherever the checkpoint came from. Weights are in bfloat16 if the run computed in it,
    else float32. Files hold at most 5 GB.
    """
    from transformers import AutoModelForCausalLM

    build: Any = AutoModelForCausalLM.from_config
    with torch.device("meta"):
        model = build(model_config(config.model), dtype=torch.float32)
    model.to_empty(device="cpu")
    model.tie_weights()
    source = checkpoint / ("ema" if config.checkpoint.export_ema else "weights")
    load_tensors(source, {name: p.data for name, p in model.named_parameters()}, alone=True)
    return write_model(model, config, tokenizer, target)


def write_model(model: Any, config: PretrainConfig, tokenizer: Tokenizer, target: Path) -> Path:
    """Write a model with its tokenizer to `target`, replacing what is there once all is written."""
    if config.training.precision == "bf16":
        model.to(torch.bfloat16)
    model.config.use_cache = True
    for settings in (model.config, model.generation_config):
        settings.eos_token_id, settings.bos_token_id = tokenizer.end_id, tokenizer.begin_id
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    model.save_pretrained(partial, max_shard_size="5GB")
    copy_tokenizer(tokenizer, partial)
    _replace(partial, target)
    return target


def copy_tokenizer(tokenizer: Tokenizer, target: Path) -> None:
    """Put the tokenizer's files beside the weights."""
    source = Path(tokenizer.path)
    if source.is_file():
        shutil.copyfile(source, target / "tokenizer.model")
        return
    for name in _TOKENIZER_FILES:
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)


def _replace(partial: Path, target: Path) -> None:
    """Put one directory in the place of another, which stays as it is, its times too, where both hold the same bytes.

    What was made of a model before then sees that the model has not changed.
    """
    if target.exists() and _same(partial, target):
        shutil.rmtree(partial)
        return
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    partial.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _same(one: Path, other: Path) -> bool:
    names = sorted(path.name for path in one.iterdir())
    if names != sorted(path.name for path in other.iterdir()):
        return False
    return filecmp.cmpfiles(one, other, names, shallow=False)[0] == names
