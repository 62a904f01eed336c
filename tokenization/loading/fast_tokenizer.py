"""Hugging Face tokenizers: a tokenizer.json, alone, in a model's directory, or in a package such as aranizer."""

import json
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from corpus.errors import cause_of
from tokenization.byte_level_base.alphabet import to_bytes
from tokenization.errors import TokenizationError
from tokenization.loading.pieces import Pieces, sentencepiece_bytes
from tokenization.loading.spans import locate
from tokenization.loading.tokenizer import Encoded, Located, encode_in_batches, gather


class FastTokenizer:
    """A tokenizer that the tokenizers library runs; see `Tokenizer`."""

    kind = "huggingface"

    def __init__(self, name: str, path: str, content: bytes, sha256: str, definition: dict[str, Any]) -> None:
        from tokenizers import Tokenizer

        self.name, self.path, self.sha256 = name, path, sha256
        self._definition = definition
        try:
            self._tokenizer: Any = Tokenizer.from_buffer(content)
        except Exception as error:  # the library has no exceptions of its own
            cause = cause_of(error, 160)
            raise TokenizationError(
                f"tokenizer {name}: {path} is no tokenizer.json that can be read ({cause}): check the file"
            ) from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._tokenizer.encode_special_tokens = True
        ids = self._tokenizer.get_vocab(with_added_tokens=True).values()
        self.size: int = max(ids, default=-1) + 1
        self.unknown_id: int = self._unknown()

    @cached_property
    def pieces(self) -> Pieces:
        """What each id stands for; ids that the file leaves out stand for nothing."""
        contents: list[bytes | None] = [None] * self.size
        byte_level = _mentions(self._definition, "ByteLevel")
        fallback = bool(self._definition["model"].get("byte_fallback"))
        for piece, number in self._tokenizer.get_vocab(with_added_tokens=False).items():
            spelled = to_bytes(piece) if byte_level else None
            contents[number] = spelled or sentencepiece_bytes(piece, byte_fallback=fallback)
        for number, added in self._tokenizer.get_added_tokens_decoder().items():
            contents[number] = (
                None if added.special else sentencepiece_bytes(added.content, byte_fallback=False)
            )
        if self.unknown_id >= 0:
            contents[self.unknown_id] = None
        return Pieces(contents)

    def encode_batch(self, texts: Sequence[str]) -> Encoded:
        """Ids of each text."""
        encode = self._tokenizer.encode_batch_fast
        return encode_in_batches(
            texts, lambda part: gather([one.ids for one in encode(list(part), add_special_tokens=False)])
        )

    def locate(self, texts: Sequence[str]) -> Located:
        """Ids of each text, and the characters that each piece covers."""
        return locate(texts, self.encode_batch(texts), self.pieces.lengths, self._offsets)

    def decode(self, ids: Sequence[int]) -> str:
        """The text that ids stand for."""
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=False))

    def _offsets(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        return [one.offsets for one in self._tokenizer.encode_batch(list(texts), add_special_tokens=False)]

    def _unknown(self) -> int:
        model = self._definition.get("model", {})
        name = model.get("unk_token")
        number = self._tokenizer.token_to_id(name) if name else model.get("unk_id")
        return -1 if number is None else int(number)


def _mentions(definition: dict[str, Any], kind: str) -> bool:
    """Whether the pre-tokenizer or the decoder has a part of this kind."""
    return any(f'"{kind}"' in json.dumps(definition.get(part)) for part in ("pre_tokenizer", "decoder"))
