"""A tokenizer with its chat template: markers become control pieces with an id of their own."""

import json
import shutil
from pathlib import Path
from typing import Any

from alignment.chat_template.agreement import is_reserve_piece
from alignment.chat_template.templates import TEMPLATES, Template
from alignment.errors import AlignmentError
from corpus.pipeline.atomic import write_json

OWN = "own"
"""Stands for the template that the tokenizer has already."""

_CONTROL = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}


def save_chat_tokenizer(source: Path, target: Path, template: str) -> None:
    """Write the tokenizer at `source` to the directory `target` with a chat template.

    `template` is a name of `TEMPLATES`, `own` to keep the tokenizer's, or a Jinja file, whose markers must be special
    pieces already. A marker of a named template takes the id that it has; else that of a reserve piece, whose row the
    model has and no text uses; else a new id at the end, for which the model must have a row.

    The copy is made with `split_special_tokens: false`, as servers need it that render the template to text. Use
    `encode_conversation` and `encode_prompt` for texts that are not to be trusted.

    Raises:
        AlignmentError: No fast tokenizer is there, or no template.
    """
    definition, config = _read(source)
    chosen = TEMPLATES.get(template)
    text = chosen.source if chosen else _given_template(source, config, template)
    target.mkdir(parents=True, exist_ok=True)
    try:
        renamed = _add_controls(definition, _named(config), chosen)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise AlignmentError(
            f"{source}: tokenizer.json or its settings are damaged ({error!r:.200}): download them again"
        ) from error
    # In the order it has: that of a vocabulary is the order of its ids.
    content = json.dumps(definition, ensure_ascii=False, indent=1)
    (target / "tokenizer.json").write_text(content, encoding="utf-8")
    _write_config(target, config, chosen)
    (target / "chat_template.jinja").write_text(text, encoding="utf-8")
    if (source / "tokenizer.model").is_file():
        shutil.copyfile(source / "tokenizer.model", target / "tokenizer.model")
        if renamed:
            _rename_in_model(target / "tokenizer.model", renamed)


def _read(source: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    place = source / "tokenizer.json"
    if not place.is_file():
        raise AlignmentError(
            f"{source}: no tokenizer.json there: give a Hugging Face directory, as python -m tokenization.expand "
            "writes it"
        )
    settings: dict[str, Any] = {}
    for name in ("special_tokens_map.json", "tokenizer_config.json"):
        if (source / name).is_file():
            settings |= _object(source / name)
    return _object(place), settings


def _object(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise AlignmentError(f"{path}: not JSON ({error!r:.200}): download it again") from error
    if not isinstance(content, dict):
        raise AlignmentError(f"{path}: must hold a JSON object: download it again")
    return content


def _given_template(source: Path, config: dict[str, Any], template: str) -> str:
    if template != OWN:
        place = Path(template)
        if not place.is_file():
            known = ", ".join([*TEMPLATES, OWN])
            raise AlignmentError(
                f"template {template!r}: no such file, and none of {known}: give one of these"
            )
        return place.read_text(encoding="utf-8")
    beside = source / "chat_template.jinja"
    own = beside.read_text(encoding="utf-8") if beside.is_file() else config.get("chat_template")
    if not isinstance(own, str) or not own:
        raise AlignmentError(
            f"{source}: the tokenizer has no chat template: set template to {' or '.join(TEMPLATES)}"
        )
    return own


def _named(config: dict[str, Any]) -> list[str]:
    """Begin and end of text and the like, which are control pieces too."""
    named = [config.get(key) for key in ("bos_token", "eos_token", "unk_token", "pad_token")]
    contents = [one.get("content") if isinstance(one, dict) else one for one in named]
    return [content for content in contents if content]


def _add_controls(definition: dict[str, Any], named: list[str], template: Template | None) -> dict[str, str]:
    """Make named pieces and markers control pieces, in place; returns the reserve pieces that were renamed."""
    vocabulary: dict[str, int] = definition["model"]["vocab"]
    added: list[dict[str, Any]] = definition["added_tokens"]
    ids = vocabulary | {one["content"]: one["id"] for one in added}
    reserve = sorted((one for one in ids if is_reserve_piece(one)), key=ids.__getitem__)
    renamed: dict[str, str] = {}
    for marker in dict.fromkeys([*named, *(template.markers if template else ())]):
        if marker not in ids and reserve:
            renamed[reserve[0]] = marker
            ids[marker] = ids.pop(reserve.pop(0))
        ids.setdefault(marker, max(ids.values()) + 1)
        added[:] = [one for one in added if one["content"] != marker]
        added.append({"id": ids[marker], "content": marker} | _CONTROL)
    added.sort(key=lambda one: int(one["id"]))
    definition["model"]["vocab"] = {renamed.get(piece, piece): number for piece, number in vocabulary.items()}
    definition["added_tokens"] = [
        one | {"content": renamed.get(one["content"], one["content"])} for one in added
    ]
    return renamed


def _write_config(target: Path, config: dict[str, Any], template: Template | None) -> None:
    changed = {key: value for key, value in config.items() if key != "chat_template"}
    changed["split_special_tokens"] = False
    if template:
        known = changed.get("extra_special_tokens")
        changed["extra_special_tokens"] = [
            *dict.fromkeys([*(known if isinstance(known, list) else []), *template.markers])
        ]
    if template and template.end_of_turn:
        changed["eos_token"] = template.end_of_turn
    write_json(target / "tokenizer_config.json", changed)


def _rename_in_model(path: Path, renamed: dict[str, str]) -> None:
    from sentencepiece import sentencepiece_model_pb2

    model: Any = sentencepiece_model_pb2.ModelProto()  # type: ignore[attr-defined]  # made at run time
    model.ParseFromString(path.read_bytes())
    for piece in model.pieces:
        piece.piece = renamed.get(piece.piece, piece.piece)
    path.write_bytes(model.SerializeToString())
