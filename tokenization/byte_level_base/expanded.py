"""The expanded tokenizer's files: the base's, with pieces and merges appended and nothing else moved."""

import json
from collections.abc import Mapping
from typing import Any

from tokenization.base import Additions
from tokenization.byte_level_base.base_definition import ByteLevelBase
from tokenization.byte_level_base.patterns import extend_pre_tokenizer
from tokenization.errors import TokenizationError

_RESERVE = "\N{MATHEMATICAL LEFT ANGLE BRACKET}reserve_"


def reserve_name(number: int) -> str:
    """The name of the piece with an id that no text may have.

    Its brackets are no letters of the byte alphabet, in which every text is spelled before it meets the vocabulary,
    so not even the name itself, met in text, is ever cut to it.
    """
    return f"{_RESERVE}{number}\N{MATHEMATICAL RIGHT ANGLE BRACKET}"


def is_reserve(piece: str) -> bool:
    """Whether a piece is named as reserve pieces are.

    >>> is_reserve(reserve_name(49152)), is_reserve("reserve_49152")
    (True, False)
    """
    return piece.startswith(_RESERVE)


def expand_definition(base: ByteLevelBase, additions: Additions, num_reserve: int) -> dict[str, Any]:
    """The tokenizer.json of the expanded tokenizer.

    Ids of the base stay; new pieces follow all of them, specials too; merges follow all of the base's. Specials that
    the base keeps beside its vocabulary are entered in it, else loading would number them after the new pieces. Ids
    that the base leaves unused get reserve pieces, so that ids have no gap.

    Raises:
        TokenizationError: The base has one of the pieces already.
    """
    model = base.definition["model"]
    vocabulary = base.vocabulary | base.specials
    taken = [piece for piece in additions.pieces if piece in vocabulary]
    if taken:
        raise TokenizationError(
            f"{base.path}: has {len(taken):,} of the new pieces already ({taken[0]!r}): is it expanded? "
            "Name the tokenizer that it was made from"
        )
    used = set(vocabulary.values())
    size = base.size + len(additions)
    idle = [number for number in range(base.size) if number not in used]
    numbered = vocabulary | {piece: base.size + n for n, piece in enumerate(additions.pieces)}
    numbered |= {reserve_name(number): number for number in [*idle, *range(size, size + num_reserve)]}
    spelled = {number: piece for piece, number in numbered.items()}
    pairs = [[spelled[part] for part in pair] for pair in additions.parts]
    as_text = isinstance(model["merges"][0], str)  # older files write a merge as one string
    merges = model["merges"] + ([" ".join(pair) for pair in pairs] if as_text else pairs)
    ordered = dict(sorted(numbered.items(), key=lambda item: item[1]))
    return dict(base.definition) | {
        "pre_tokenizer": extend_pre_tokenizer(base.definition["pre_tokenizer"], str(base.path)),
        "model": model | {"vocab": ordered, "merges": merges},
    }


def reserve_pieces(base: ByteLevelBase, num_additions: int, num_reserve: int) -> list[str]:
    """Names of the reserve pieces after the additions, in the order of their ids."""
    first = base.size + num_additions
    return [reserve_name(number) for number in range(first, first + num_reserve)]


def expand_settings(base: ByteLevelBase) -> dict[str, Any]:
    """The tokenizer_config.json of the expanded tokenizer.

    The class reads tokenizer.json as it stands: classes named after models build a pre-tokenizer of their own. Text
    is decoded as it is: transformers' clean-up would take spaces away before punctuation.
    """
    kept: Mapping[str, Any] = {
        name: value
        for name, value in base.settings.items()
        if name not in ("auto_map", "name_or_path", "vocab_file")
    }
    return dict(kept) | {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False}


def to_json(content: Mapping[str, Any]) -> str:
    """JSON in the layout of the tokenizers library."""
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"
