"""Find a SentencePiece model, tell its kind, and refuse what cannot be expanded."""

import importlib.resources
import json
from pathlib import Path
from typing import Any

from tokenization.errors import TokenizationError
from tokenization.sentencepiece_base.expansion import SentencePieceExpansion
from tokenization.sentencepiece_base.merge import RESERVE_PREFIX
from tokenization.sentencepiece_base.model import (
    CONTROL,
    NORMAL,
    USER_DEFINED,
    pieces_of_type,
)
from tokenization.sentencepiece_base.proto import parse

MISTRAL_V1 = "mistral-v1"
_BPE = 2
_MODEL_TYPES = {1: "unigram", 2: "BPE", 3: "word", 4: "char"}


def find_model(path: str) -> Path | None:
    """The SentencePiece model that `path` means; None where it is another kind of tokenizer.

    Raises:
        TokenizationError: Nothing is there, or it is a SentencePiece model in a form that cannot be expanded.
    """
    if path == MISTRAL_V1:
        return Path(str(importlib.resources.files("mistral_common").joinpath("data", "tokenizer.model.v1")))
    found = Path(path)
    if not found.exists():
        raise TokenizationError(
            f"{path}: no such base: give a .model or tokenizer.json, a directory with one, or {MISTRAL_V1}"
        )
    if found.is_dir():
        model = found / "tokenizer.model"
        if model.is_file() and _is_protobuf(model):
            return model
        found = found / "tokenizer.json"
        if not found.is_file():
            return None
    if found.suffix == ".json":
        _refuse_converted(found)
        return None
    return found if _is_protobuf(found) else None


def read_base(path: Path) -> SentencePieceExpansion:
    """Read a SentencePiece model and check that it can be expanded.

    Raises:
        TokenizationError: It is damaged, no BPE, or does with text what the fast twin could not repeat.
    """
    try:
        proto = parse(path.read_bytes())
    except ValueError as error:
        raise _damaged(path) from error
    if not proto.pieces:
        raise _damaged(path)
    reason = _reason_to_refuse(proto)
    if reason:
        raise TokenizationError(f"{path}: {reason}")
    return SentencePieceExpansion(path=path, proto=proto)


def _reason_to_refuse(proto: Any) -> str:
    """Why a model cannot be expanded, in a few words; empty where it can."""
    trainer, normalizer = proto.trainer_spec, proto.normalizer_spec
    if trainer.model_type != _BPE:
        kind = _MODEL_TYPES.get(trainer.model_type, "unknown")
        return f"a {kind} model, and only BPE can be expanded without changing how old text is cut: choose a BPE base"
    if not trainer.byte_fallback:
        return (
            "has no byte fallback, so text with unknown characters would be lost: choose a base that has it"
        )
    if normalizer.precompiled_charsmap or normalizer.remove_extra_whitespaces:
        return "changes text before cutting it, so tashkeel and spaces would be lost: choose a base that keeps text"
    if not normalizer.escape_whitespaces or trainer.treat_whitespace_as_suffix:
        return "does not write a space as U+2581 before the word, as Llama's and Mistral's do: choose another base"
    if normalizer.add_dummy_prefix and pieces_of_type(proto, USER_DEFINED):
        first = pieces_of_type(proto, USER_DEFINED)[0]
        return (
            f"has user-defined pieces ({first!r} and others) and a dummy prefix, which no fast tokenizer can repeat: "
            "take the version without (mistral-v1)"
        )
    if any(piece.startswith(RESERVE_PREFIX) for piece in pieces_of_type(proto, CONTROL)):
        return "expanded already: name the base that it was made from"
    if not pieces_of_type(proto, NORMAL):
        return "has no pieces besides specials and bytes: choose another base"
    return ""


def _is_protobuf(path: Path) -> bool:
    r"""Whether a file begins as a serialized model does, with its first piece; tiktoken's and tekken's are text.

    Raises:
        TokenizationError: Its name says that it is a model, but it is neither.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    if head[:1] == b"\n":
        return True
    if path.suffix == ".model" and not _is_rank_file(head):
        raise _damaged(path)
    return False


def _is_rank_file(head: bytes) -> bool:
    """Whether a file begins with a base64 string and a number, as tiktoken's do (Llama-3 calls it tokenizer.model)."""
    first = head.split(b"\n", 1)[0].split(b" ")
    return len(first) == 2 and first[1].strip().isdigit()


def _refuse_converted(path: Path) -> None:
    """Refuse a tokenizer.json whose source is a SentencePiece model, or that is no BPE.

    Raises:
        TokenizationError: As said.
    """
    try:
        model = json.loads(path.read_text(encoding="utf-8"))["model"]
        kind = model.get("type") or (
            "BPE" if "merges" in model else "Unigram" if "unk_id" in model else "BPE"
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return  # tekken's, or damaged: the reader of byte-level bases tells which
    if kind != "BPE":
        raise TokenizationError(
            f"{path}: a {kind} model, and only BPE can be expanded without changing how old text is cut: "
            "choose a BPE base"
        )
    if model.get("byte_fallback"):
        raise TokenizationError(
            f"{path}: made from a SentencePiece model, whose scores it lacks: give that tokenizer.model"
        )


def _damaged(path: Path) -> TokenizationError:
    return TokenizationError(f"{path}: not a SentencePiece model, or a damaged one: get the file again")
