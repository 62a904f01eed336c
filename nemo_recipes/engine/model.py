"""A Llama-family causal LM of transformers: from a shape, or from a checkpoint directory."""

from pathlib import Path
from typing import Any

import torch

from nemo_recipes.errors import PretrainingError
from nemo_recipes.pretrain_config import Model, Shape, Training


def llama_config(shape: Shape) -> Any:
    """Transformers' config of a model from scratch."""
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=shape.vocab_size,
        hidden_size=shape.hidden_size,
        intermediate_size=shape.intermediate_size,
        num_hidden_layers=shape.num_hidden_layers,
        num_attention_heads=shape.num_attention_heads,
        num_key_value_heads=shape.key_value_heads,
        head_dim=shape.head_width,
        max_position_embeddings=shape.max_position_embeddings,
        rope_parameters={"rope_type": "default", "rope_theta": shape.rope_theta},
        rms_norm_eps=shape.rms_norm_eps,
        initializer_range=shape.initializer_range,
        tie_word_embeddings=shape.tie_word_embeddings,
        attention_dropout=0.0,
        use_cache=False,
    )


def make_model(model: Model, training: Training) -> Any:
    """The model in float32, in training mode; the same seed makes the same weights from scratch."""
    from transformers import AutoModelForCausalLM

    made: Any
    attention = None if model.attention == "auto" else model.attention
    if model.checkpoint:
        made = AutoModelForCausalLM.from_pretrained(
            model.checkpoint, dtype=torch.float32, attn_implementation=attention, local_files_only=True
        )
        made.config.use_cache = False
    else:
        assert model.shape is not None
        torch.manual_seed(training.seed)
        build: Any = AutoModelForCausalLM.from_config
        made = build(llama_config(model.shape), dtype=torch.float32, attn_implementation=attention)
    if training.gradient_checkpointing:
        made.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    return made.train()


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
