"""A Llama-family causal LM of transformers: from a shape, or from a checkpoint directory."""

from pathlib import Path
from typing import Any

import torch

from corpus.errors import cause_of
from nemo_recipes.engine.checkpoint import load_tensors
from nemo_recipes.errors import PretrainingError
from nemo_recipes.planning.shapes import llama_arguments
from nemo_recipes.pretrain_config import Model, Shape, Training


def llama_config(shape: Shape) -> Any:
    """Transformers' config of a model from scratch."""
    from transformers import LlamaConfig

    return LlamaConfig(**llama_arguments(shape), attention_dropout=0.0, use_cache=False)


def make_model(model: Model, training: Training, in_shards: bool = False) -> Any:
    """The model in float32, in training mode; the same seed makes the same weights from scratch.

    With `in_shards`, a checkpoint whose head is not the embedding is made without storage (on the meta device), for
    `fill_shards`, so that no process ever holds all of it.
    """
    from transformers import AutoModelForCausalLM

    build: Any = AutoModelForCausalLM.from_config
    attention = {} if model.attention == "auto" else {"attn_implementation": model.attention}
    torch.manual_seed(training.seed)
    config = model_config(model)
    if model.checkpoint and in_shards and not config.tie_word_embeddings:
        with torch.device("meta"):
            made = build(config, dtype=torch.float32, **attention)
    elif model.checkpoint:
        try:
            made = AutoModelForCausalLM.from_pretrained(
                model.checkpoint,
                dtype=torch.float32,
                local_files_only=True,
                use_safetensors=True,
                **attention,
            )
        except Exception as error:  # the library raises anything for odd files
            raise _unreadable(model.checkpoint, error) from error
    else:
        made = build(config, dtype=torch.float32, **attention)
    made.config.use_cache = False
    if training.gradient_checkpointing:
        # Its name since transformers 5.23, which warns of the older one; an earlier release has that alone.
        enable = getattr(made, "activation_checkpointing_enable", None) or made.gradient_checkpointing_enable
        enable({"use_reentrant": False})
    return made.train()


def model_config(model: Model) -> Any:
    """What is trained, as a config of transformers."""
    from transformers import AutoConfig

    if model.checkpoint:
        try:
            return AutoConfig.from_pretrained(model.checkpoint, local_files_only=True)
        except Exception as error:  # the library raises anything for odd files
            raise _unreadable(model.checkpoint, error) from error
    assert model.shape is not None
    return llama_config(model.shape)


def _unreadable(checkpoint: str, error: Exception) -> PretrainingError:
    cause = cause_of(error)
    return PretrainingError(
        f"model.checkpoint {checkpoint}: transformers cannot load it ({cause}): give a directory that save_pretrained "
        "made"
    )


def fill_shards(made: Any, checkpoint: str, device: torch.device) -> None:
    """Give a sharded model without storage its weights: each process reads the parts that are its own.

    Raises:
        PretrainingError: A parameter is missing, or has another shape.
    """
    made.to_empty(device=device)
    # Rotary frequencies are in no checkpoint: they follow from the config.
    rotary = made.model.rotary_emb
    with torch.device(device):
        made.model.rotary_emb = type(rotary)(config=made.config)
    load_tensors(Path(checkpoint), {name: parameter.data for name, parameter in made.named_parameters()})


def check_weights(model: Model) -> None:
    """Refuse a checkpoint directory without safetensors, before anything heavy is loaded.

    Raises:
        PretrainingError: It has none; pickled weights are not read.
    """
    if model.checkpoint and not list(Path(model.checkpoint).glob("*.safetensors")):
        raise PretrainingError(
            f"model.checkpoint {model.checkpoint}: no .safetensors file there: give a Hugging Face model directory "
            "(pickled weights are not read; save_pretrained writes safetensors)"
        )


def check_vocabulary(rows: int, tokenizer_size: int, where: str) -> None:
    """Refuse a tokenizer whose ids do not all have a row.

    Raises:
        PretrainingError: The tokenizer has more ids than the model has rows.
    """
    if tokenizer_size > rows:
        raise PretrainingError(
            f"{where}: the tokenizer has {tokenizer_size:,} ids, but the model only {rows:,} rows: expand the model "
            "with python -m tokenization.embeddings, or give the tokenizer that belongs to it"
        )


def first_new_row(model: Model, tokenizer_dir: str) -> int:
    """First id that an expanded tokenizer added, 0 where it added none.

    Raises:
        PretrainingError: model.new_rows_from asks for pieces.parquet, and it cannot be read.
    """
    if model.new_rows_from >= 0:
        return model.new_rows_from
    path = Path(tokenizer_dir) / "pieces.parquet"
    if not path.is_file():
        return 0
    import polars as pl

    try:
        first = pl.read_parquet(path, columns=["id"])["id"].min()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise PretrainingError(f"{path}: cannot be read ({error}); set model.new_rows_from") from error
    return int(first) if isinstance(first, int) else 0
