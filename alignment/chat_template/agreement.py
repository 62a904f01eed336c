"""Whether a tokenizer is the one that a model was trained with."""

import json
from pathlib import Path

from alignment.errors import AlignmentError
from tokenization.byte_level_base.expanded import is_reserve
from tokenization.sentencepiece_base.merge import RESERVE_PREFIX


def check_same_pieces(tokenizer: Path, model: Path) -> None:
    """Refuse a tokenizer whose ids stand for other pieces than those of the tokenizer beside a model.

    Reserve pieces may have been renamed, and pieces may have come at the end. A model without a tokenizer passes.

    Raises:
        AlignmentError: An id stands for another piece.
    """
    if not (model / "tokenizer.json").is_file() or tokenizer.resolve() == model.resolve():
        return
    given, known = pieces(tokenizer), pieces(model)
    for number, piece in known.items():
        renamed = any(is_reserve_piece(one) for one in (piece, given.get(number, piece)))
        if not renamed and given.get(number, piece) != piece:
            raise AlignmentError(
                f"{tokenizer}: id {number} is {given[number]!r} there, but {piece!r} in the tokenizer beside the model "
                f"{model}: leave data.tokenizer empty, or give the one that the model was trained with"
            )


def pieces(directory: Path) -> dict[int, str]:
    """The piece of each id, in the order of ids."""
    content = json.loads((directory / "tokenizer.json").read_text(encoding="utf-8"))
    found = {number: piece for piece, number in content["model"]["vocab"].items()}
    found |= {one["id"]: one["content"] for one in content["added_tokens"]}
    return dict(sorted(found.items()))


def is_reserve_piece(piece: str) -> bool:
    """Whether a piece is one that an expansion left for later use."""
    return piece.startswith(RESERVE_PREFIX) or is_reserve(piece)
