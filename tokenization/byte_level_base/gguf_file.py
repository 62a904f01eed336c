"""Bases that come inside a GGUF file: the tokenizer in its metadata."""

from pathlib import Path
from typing import Any

from tokenization.byte_level_base.alphabet import to_bytes
from tokenization.byte_level_base.base_definition import ByteLevelBase, build_definition, split_on
from tokenization.byte_level_base.patterns import GPT2_PATTERN
from tokenization.byte_level_base.rank_files import LLAMA3_PATTERN, QWEN_PATTERN
from tokenization.errors import TokenizationError

_BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
_DIGITS = {"type": "Digits", "individual_digits": True}
# llama.cpp's names of pre-tokenizers, and whether a word that is a piece is looked up whole.
_PRE_TOKENIZERS: dict[str, tuple[dict[str, Any], bool]] = {
    "gpt-2": (split_on(GPT2_PATTERN), False),
    "smollm": ({"type": "Sequence", "pretokenizers": [_DIGITS, _BYTE_LEVEL]}, False),
    "llama-bpe": (split_on(LLAMA3_PATTERN), True),
    "qwen2": (split_on(QWEN_PATTERN), False),
}
_CONTROL, _USER_DEFINED = 3, 4
_ROLES = {"bos": "bos_token", "eos": "eos_token", "unknown": "unk_token", "padding": "pad_token"}


def read_gguf(path: Path) -> ByteLevelBase:
    """Read the tokenizer of a GGUF file.

    Raises:
        TokenizationError: The file is damaged, its tokenizer is not byte-level BPE, or cuts words in an unknown way.
    """
    fields = _fields(path)
    if fields.get("model") != "gpt2":
        raise TokenizationError(
            f"{path}: its tokenizer is {fields.get('model')!r}, not byte-level BPE ('gpt2'); use another base"
        )
    known = _PRE_TOKENIZERS.get(fields.get("pre", ""))
    if known is None:
        names = ", ".join(_PRE_TOKENIZERS)
        raise TokenizationError(
            f"{path}: cuts words as {fields.get('pre')!r}, but only {names} are known; use the model's tokenizer.json"
        )
    pieces, kinds = fields["tokens"], fields["token_type"]
    specials = {
        piece: number
        for number, (piece, kind) in enumerate(zip(pieces, kinds, strict=True))
        if kind in (_CONTROL, _USER_DEFINED)
    }
    numbers = {to_bytes(piece): number for number, piece in enumerate(pieces) if piece not in specials}
    unspelled = {piece: number for number, piece in enumerate(pieces) if to_bytes(piece) is None}
    merges = [tuple(map(to_bytes, merge.split(" "))) for merge in fields["merges"]]
    definition = build_definition(
        vocabulary={piece: number for piece, number in numbers.items() if piece is not None},
        merges=merges,  # type: ignore[arg-type]
        specials=specials,
        pre_tokenizer=known[0],
        looks_up_words=known[1],
    )
    definition["model"]["vocab"] |= unspelled  # reserve pieces, whose names no text can spell
    return ByteLevelBase(
        path=path,
        kind="gguf",
        definition=definition,
        settings={
            role: pieces[fields[f"{name}_token_id"]]
            for name, role in _ROLES.items()
            if f"{name}_token_id" in fields
        }
        | ({"chat_template": fields["chat_template"]} if "chat_template" in fields else {}),
    )


def _fields(path: Path) -> dict[str, Any]:
    try:
        from gguf import GGUFReader
    except ImportError as error:
        raise TokenizationError(f"{path}: reading GGUF needs the package gguf; pip install gguf") from error
    try:
        reader = GGUFReader(path)
    except (ValueError, IndexError, OverflowError) as error:
        raise TokenizationError(f"{path}: damaged GGUF file ({error}); download it again") from error
    return {
        name.removeprefix("tokenizer.").removeprefix("ggml."): field.contents()
        for name, field in reader.fields.items()
        if name.startswith("tokenizer.")
    }
