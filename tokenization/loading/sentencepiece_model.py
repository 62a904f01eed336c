"""SentencePiece models."""

import os
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from tokenization.errors import TokenizationError
from tokenization.loading.pieces import Pieces, sentencepiece_bytes
from tokenization.loading.spans import locate
from tokenization.loading.tokenizer import Encoded, Located, encode_in_batches, gather


class SentencePieceModel:
    """A tokenizer that the sentencepiece library runs; see `Tokenizer`."""

    kind = "sentencepiece"

    def __init__(self, name: str, path: str, content: bytes, sha256: str) -> None:
        from sentencepiece import SentencePieceProcessor

        self.name, self.path, self.sha256 = name, path, sha256
        self._processor: Any = SentencePieceProcessor()
        try:
            self._processor.LoadFromSerializedProto(content)
        except (RuntimeError, TypeError, ValueError) as error:
            raise TokenizationError(
                f"tokenizer {name}: {path} is no SentencePiece model: check the file, or download it again"
            ) from error
        self.size: int = self._processor.vocab_size()
        self.unknown_id: int = self._processor.unk_id()
        self._threads = len(os.sched_getaffinity(0))

    @cached_property
    def pieces(self) -> Pieces:
        """What each id stands for."""
        model = self._processor
        silent = [model.IsControl(i) or model.IsUnknown(i) or model.IsUnused(i) for i in range(self.size)]
        names = model.id_to_piece(list(range(self.size)))
        return Pieces(
            [None if mute else sentencepiece_bytes(name) for name, mute in zip(names, silent, strict=True)]
        )

    def encode_batch(self, texts: Sequence[str]) -> Encoded:
        """Ids of each text."""
        return encode_in_batches(
            texts, lambda part: gather(self._processor.encode(list(part), num_threads=self._threads))
        )

    def locate(self, texts: Sequence[str]) -> Located:
        """Ids of each text, and the characters that each piece covers."""
        return locate(texts, self.encode_batch(texts), self.pieces.lengths, self._offsets)

    def decode(self, ids: Sequence[int]) -> str:
        """The text that ids stand for."""
        return str(self._processor.decode(list(ids)))

    def _offsets(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        protos = self._processor.encode(list(texts), out_type="immutable_proto")
        return [[(piece.begin, piece.end) for piece in proto.pieces] for proto in protos]
