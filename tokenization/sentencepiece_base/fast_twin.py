"""A tokenizer.json that cuts exactly as a SentencePiece BPE model does, runs of spaces and leading spaces included.

SentencePiece joins any two neighbors whose join is a piece, the highest score first and the leftmost of equal scores.
The fast tokenizer joins listed pairs in the order of the list. So every way to make every piece is listed, by falling
score; and among equal scores (the runs of spaces in Mistral v1) the pair with the longest left part comes first, for a
run that grows from its left end keeps growing there.

Literal specials: `<s>` in a text is text, as it is for SentencePiece. So specials are pieces that no merge makes, not
added tokens; and tokenizer_config.json has `split_special_tokens`, for transformers adds its bos and eos by itself.
"""

from collections.abc import Iterator
from typing import Any

from tokenization.sentencepiece_base.model import BYTE, NORMAL, SPACE, USER_DEFINED

MAXIMUM_LENGTH = 10**30
"""What transformers takes for "no limit", so that it warns of none: the limit is the model's, not the tokenizer's."""


def tokenizer_json(proto: Any) -> dict[str, Any]:
    """Content of tokenizer.json."""
    pieces = [piece.piece for piece in proto.pieces]
    unknown = pieces[proto.trainer_spec.unk_id]
    replace_spaces = {"type": "Replace", "pattern": {"String": " "}, "content": SPACE}
    prefix = [{"type": "Prepend", "prepend": SPACE}] if proto.normalizer_spec.add_dummy_prefix else []
    strip = [{"type": "Strip", "content": " ", "start": 1, "stop": 0}] if prefix else []
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": number, "content": piece.piece, "special": False, "normalized": False}
            | dict.fromkeys(("single_word", "lstrip", "rstrip"), False)
            for number, piece in enumerate(proto.pieces)
            if piece.type == USER_DEFINED
        ],
        "normalizer": {"type": "Sequence", "normalizers": [*prefix, replace_spaces]},
        "pre_tokenizer": None,
        "post_processor": _begin_with_bos(proto),
        "decoder": {
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": SPACE}, "content": " "},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
                *strip,
            ],
        },
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": unknown,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": True,
            "byte_fallback": any(piece.type == BYTE for piece in proto.pieces),
            "ignore_merges": False,
            "vocab": {piece: number for number, piece in enumerate(pieces)},
            "merges": merges(proto),
        },
    }


def merges(proto: Any) -> list[list[str]]:
    """Every way to join two pieces into a third, in the order in which SentencePiece would."""
    scores = {piece.piece: piece.score for piece in proto.pieces if piece.type == NORMAL}
    ordered = sorted(
        (-score, -len(left), left, right)
        for piece, score in scores.items()
        for left, right in _halves(piece)
        if left in scores and right in scores
    )
    return [[left, right] for _, _, left, right in ordered]


def tokenizer_config(proto: Any) -> dict[str, Any]:
    """Content of tokenizer_config.json: tokenizer.json is taken as it is, and specials are not looked for in text."""
    named = {
        "bos_token": proto.trainer_spec.bos_id,
        "eos_token": proto.trainer_spec.eos_id,
        "unk_token": proto.trainer_spec.unk_id,
        "pad_token": proto.trainer_spec.pad_id,
    }
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": False,
        "split_special_tokens": True,
        "model_max_length": MAXIMUM_LENGTH,
        "model_input_names": ["input_ids", "attention_mask"],
    } | {name: proto.pieces[number].piece for name, number in named.items() if number >= 0}


def _begin_with_bos(proto: Any) -> dict[str, Any] | None:
    """With add_special_tokens a text begins with bos, as Llama's and Mistral's tokenizers have it."""
    number = proto.trainer_spec.bos_id
    if number < 0:
        return None
    bos = proto.pieces[number].piece
    first, second = ({"Sequence": {"id": name, "type_id": 0}} for name in ("A", "B"))
    special = {"SpecialToken": {"id": bos, "type_id": 0}}
    return {
        "type": "TemplateProcessing",
        "single": [special, first],
        "pair": [special, first, special, second],
        "special_tokens": {bos: {"id": bos, "ids": [number], "tokens": [bos]}},
    }


def _halves(piece: str) -> Iterator[tuple[str, str]]:
    for cut in range(1, len(piece)):
        yield piece[:cut], piece[cut:]
