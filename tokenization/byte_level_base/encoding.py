"""How a tokenizer.json cuts texts where everything in them is text, specials' names too."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tokenization.base import Encode


def build_tokenizer(definition: Mapping[str, Any], *, specials: bool = False) -> Any:
    """The tokenizers library's object of a definition; its specials are found in text only where that is wanted.

    Their ids stay taken either way, and no merge makes them, so what is left of them is text like all other.
    """
    from tokenizers import Tokenizer

    kept = dict(definition) if specials else dict(definition) | {"added_tokens": [], "post_processor": None}
    return Tokenizer.from_str(json.dumps(kept, ensure_ascii=False))


def encoder(definition: Mapping[str, Any]) -> Encode:
    """Texts to ids, without bos or eos, literal specials being text."""
    return encoder_of(build_tokenizer(definition))


def encoder_of(tokenizer: Any) -> Encode:
    """The same for a tokenizer that is built already."""

    def encode(texts: Sequence[str]) -> list[list[int]]:
        return [cut.ids for cut in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]

    return encode
