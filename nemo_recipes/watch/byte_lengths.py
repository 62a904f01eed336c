"""How many bytes of text each token stands for, so that losses compare across tokenizers as bits per byte."""

import json
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nemo_recipes.data.tokenizer import Tokenizer

_SPACE = "\N{LOWER ONE EIGHTH BLOCK}"
_BYTE = re.compile(r"<0x[0-9A-Fa-f]{2}>")


@dataclass(frozen=True)
class ByteCounter:
    """Counts the bytes of raw UTF-8 that tokens stand for.

    Attributes:
        lengths: Bytes of each id, int64; control pieces such as end of text have none.
        prefix: Bytes that the tokenizer itself puts before each document (SentencePiece's dummy prefix), which the
            raw text does not have.
        end_id: The id after which a document begins.
        begin_id: The id that may stand before it; -1 for none.
    """

    lengths: NDArray[np.int64]
    prefix: int
    end_id: int
    begin_id: int = -1

    def count(self, tokens: NDArray[np.int64], labels: NDArray[np.int64], counted: NDArray[np.bool_]) -> int:
        """Bytes of the labels that are counted; `tokens` stands one before `labels`. All of one shape.

        >>> counter = ByteCounter(np.array([0, 2, 3]), 1, 0)
        >>> counter.count(np.array([1, 0, 1]), np.array([0, 1, 2]), np.array([True, True, True]))
        4
        """
        starts = ((tokens == self.end_id) | (tokens == self.begin_id)) & counted & (self.lengths[labels] > 0)
        return int(self.lengths[labels][counted].sum()) - self.prefix * int(starts.sum())


def byte_counter(tokenizer: Tokenizer) -> ByteCounter:
    """The counter of a tokenizer on disk."""
    lengths = np.zeros(tokenizer.vocab_size, dtype=np.int64)
    if tokenizer.sentencepiece_file is not None and tokenizer.fast_file is None:
        return _of_sentencepiece(tokenizer, lengths)
    return _of_fast(tokenizer, lengths)


def _of_sentencepiece(tokenizer: Tokenizer, lengths: NDArray[np.int64]) -> ByteCounter:
    from sentencepiece import SentencePieceProcessor

    processor = SentencePieceProcessor(model_file=str(tokenizer.sentencepiece_file))
    for number in range(processor.vocab_size()):
        if processor.is_byte(number):
            lengths[number] = 1
        elif not (
            processor.is_control(number) or processor.is_unknown(number) or processor.is_unused(number)
        ):
            lengths[number] = _spelled(processor.id_to_piece(number))
    return ByteCounter(lengths, _prefix(lengths, processor.encode("a")), tokenizer.end_id, _begin(tokenizer))


def _of_fast(tokenizer: Tokenizer, lengths: NDArray[np.int64]) -> ByteCounter:
    import tokenizers

    fast = tokenizers.Tokenizer.from_file(str(tokenizer.fast_file))
    content = json.loads(fast.to_str())
    byte_level = "ByteLevel" in _types(content.get("pre_tokenizer")) | _types(content.get("decoder"))
    for piece, number in fast.get_vocab(with_added_tokens=False).items():
        # A byte-level piece spells each byte as one letter of its own.
        lengths[number] = len(piece) if byte_level else 1 if _BYTE.fullmatch(piece) else _spelled(piece)
    for number, added in fast.get_added_tokens_decoder().items():
        lengths[number] = 0 if added.special else len(added.content.encode())
    ids = fast.encode("a", add_special_tokens=False).ids
    return ByteCounter(lengths, _prefix(lengths, ids), tokenizer.end_id, _begin(tokenizer))


def _begin(tokenizer: Tokenizer) -> int:
    return -1 if tokenizer.begin_id is None else tokenizer.begin_id


def _prefix(lengths: NDArray[np.int64], ids: list[int]) -> int:
    return int(lengths[ids].sum()) - len("a")


def _spelled(piece: str) -> int:
    return len(piece.replace(_SPACE, " ").encode())


def _types(part: Any) -> set[str]:
    """Types of a tokenizer's component and of all that it is made of."""
    if isinstance(part, dict):
        return {str(part.get("type"))} | {name for value in part.values() for name in _types(value)}
    return {name for value in part for name in _types(value)} if isinstance(part, list) else set()
