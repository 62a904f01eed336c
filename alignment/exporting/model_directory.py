"""Whether a Hugging Face directory can be chatted with and served as it lies."""

import json
from pathlib import Path
from typing import Any

from alignment.errors import AlignmentError
from corpus.errors import cause_of

_NEEDED = ("architectures", "max_position_embeddings", "vocab_size")


def inspect(model: Path) -> dict[str, Any]:
    """What a server needs to know of the model: its context, template, end of turn and rows.

    Raises:
        AlignmentError: A file is missing, the tokenizer has no chat template or more pieces than the model has rows, or
            generation would not stop where the template ends a turn.
    """
    from alignment.chat_template import end_of_turn, load_chat_tokenizer

    settings = _read(model, "config.json")
    missing = [name for name in _NEEDED if name not in settings]
    if missing:
        raise AlignmentError(
            f"{model}: config.json has no {missing[0]}: give the directory of a causal language model"
        )
    if not any(model.glob("*.safetensors")):
        raise AlignmentError(
            f"{model}: no .safetensors file there: give the model/ directory of a finished run"
        )
    tokenizer = load_chat_tokenizer(model)
    rows = settings["vocab_size"]
    if len(tokenizer) > rows:
        raise AlignmentError(
            f"{model}: the tokenizer has {len(tokenizer)} pieces and the model {rows} rows: they are not of one run"
        )
    generation = (
        _read(model, "generation_config.json") if (model / "generation_config.json").is_file() else {}
    )
    stops = generation.get("eos_token_id", settings.get("eos_token_id"))
    end_id = end_of_turn(tokenizer)
    end = tokenizer.convert_ids_to_tokens(end_id)
    if end_id not in (stops if isinstance(stops, list) else [stops]):
        raise AlignmentError(
            f"{model}: generation stops at {stops}, but the template ends a turn with {end!r} ({end_id}): set "
            "eos_token_id in generation_config.json"
        )
    return {
        "architecture": settings["architectures"][0],
        "context": settings["max_position_embeddings"],
        "rows": rows,
        "pieces": len(tokenizer),
        "end_of_turn": end,
    }


def _read(model: Path, name: str) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads((model / name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        cause = cause_of(error)
        raise AlignmentError(
            f"{model}: {name} cannot be read ({cause}): give a Hugging Face directory, as alignment/sft.py writes it"
        ) from error
    return content
