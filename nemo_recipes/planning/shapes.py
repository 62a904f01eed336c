"""The shape of the model that a run trains, from its settings or its checkpoint."""

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from nemo_recipes.errors import PretrainingError
from nemo_recipes.pretrain_config import Model, Shape

_FAMILIES = ("llama", "mistral")
"""Model types of transformers with Llama's layers; SmolLM2 and ALLaM call themselves llama."""


def shape_of(model: Model) -> Shape:
    """The shape that is trained: that of the checkpoint where it is at hand, else the settings'.

    Raises:
        PretrainingError: There is neither, they disagree, or the checkpoint is of another family.
    """
    path = Path(model.checkpoint, "config.json")
    if not model.checkpoint or not path.is_file():
        if model.shape is None:
            raise PretrainingError(
                f"{path}: no checkpoint is there: give the directory of a Hugging Face model, or model.shape to plan "
                "without it"
            )
        return model.shape
    try:
        found = shape_from(json.loads(path.read_text(encoding="utf-8")))
    except (AttributeError, ValueError, KeyError, RecursionError, TypeError) as error:
        raise PretrainingError(f"{path}: not the config of a Llama-family model ({error})") from error
    if model.shape is not None:
        _compare(path, found, model.shape)
    return found


def llama_arguments(shape: Shape) -> dict[str, Any]:
    """A shape as arguments of transformers' LlamaConfig."""
    return {
        "vocab_size": shape.vocab_size,
        "hidden_size": shape.hidden_size,
        "intermediate_size": shape.intermediate_size,
        "num_hidden_layers": shape.num_hidden_layers,
        "num_attention_heads": shape.num_attention_heads,
        "num_key_value_heads": shape.key_value_heads,
        "head_dim": shape.head_width,
        "max_position_embeddings": shape.max_position_embeddings,
        "rope_parameters": {"rope_type": "default", "rope_theta": shape.rope_theta},
        "rms_norm_eps": shape.rms_norm_eps,
        "initializer_range": shape.initializer_range,
        "tie_word_embeddings": shape.tie_word_embeddings,
    }


def shape_from(content: dict[str, Any]) -> Shape:
    """A shape from a config.json of transformers.

    Raises:
        ValueError: It is of another family.
        KeyError: A size is missing.
    """
    if content.get("model_type") not in _FAMILIES:
        raise ValueError(
            f"model_type must be one of {', '.join(_FAMILIES)}, got {content.get('model_type')!r}"
        )
    known = {name: content[name] for name in (f.name for f in fields(Shape)) if content.get(name) is not None}
    rope = content.get("rope_parameters") or {}
    if "rope_theta" in rope:  # where transformers 5 keeps it
        known["rope_theta"] = rope["rope_theta"]
    return Shape(**known)


def _compare(path: Path, found: Shape, wanted: Shape) -> None:
    """Sizes must agree; what does not show in weights may differ."""
    sizes = ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads")
    ours, theirs = asdict(wanted), asdict(found)
    differing = [
        f"{name} {theirs[name]:,} instead of {ours[name]:,}" for name in sizes if ours[name] != theirs[name]
    ]
    if found.key_value_heads != wanted.key_value_heads:
        differing.append(f"num_key_value_heads {found.key_value_heads} instead of {wanted.key_value_heads}")
    if differing:
        raise PretrainingError(
            f"{path}: the checkpoint is not what model.shape says ({', '.join(differing)}): mend the recipe, or give "
            "the checkpoint that it was written for"
        )
