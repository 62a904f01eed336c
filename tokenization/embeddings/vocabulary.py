"""The vocabulary of a tokenizer.json: the id of each piece, and how many bytes of text it stands for."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tokenization.errors import TokenizationError

_BYTE_PIECE = re.compile(r"<0x[0-9A-F]{2}>")
_SPACE = "\N{LOWER ONE EIGHTH BLOCK}"  # SentencePiece's name for a space
_RESERVE = re.compile(
    r"<\|reserve_\d+\|>"
    "|\N{MATHEMATICAL LEFT ANGLE BRACKET}reserve_\\d+\N{MATHEMATICAL RIGHT ANGLE BRACKET}"
)


def is_reserve(piece: str) -> bool:
    """Whether a piece is named as expansions name their reserve.

    >>> is_reserve("<|reserve_7|>"), is_reserve("<pad>")
    (True, False)
    """
    return _RESERVE.fullmatch(piece) is not None


@dataclass(frozen=True)
class Vocabulary:
    """Pieces by id, specials and other added ones included."""

    ids: Mapping[str, int]
    added: frozenset[str]
    is_byte_level: bool

    @cached_property
    def size(self) -> int:
        """One more than the highest id."""
        return max(self.ids.values()) + 1

    def lengths(self, count: int) -> npt.NDArray[np.int64]:
        """Bytes of UTF-8 text that each of the first `count` ids stands for; int64[count], 0 for added pieces."""
        lengths = np.zeros(count, np.int64)
        for piece, number in self.ids.items():
            if number < count and piece not in self.added:
                lengths[number] = self._length(piece)
        return lengths

    def _length(self, piece: str) -> int:
        if self.is_byte_level:
            return len(piece)  # one letter of the byte-level alphabet is one byte
        if _BYTE_PIECE.fullmatch(piece):
            return 1
        return len(piece.replace(_SPACE, " ").encode())


def read_vocabulary(path: Path) -> Vocabulary:
    """Read the vocabulary of a BPE `tokenizer.json`.

    Raises:
        TokenizationError: It is not there, no such file, or no BPE.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        ids: dict[str, int] = dict(content["model"]["vocab"])
        added = {token["content"]: token["id"] for token in content["added_tokens"]}
        kind = content["model"].get("type", "BPE")
    except FileNotFoundError as error:
        raise TokenizationError(
            f"{path}: not there: give a directory with a Hugging Face tokenizer"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise TokenizationError(
            f"{path}: not a tokenizer of Hugging Face's tokenizers library ({error!r}): expand it again"
        ) from error
    if kind != "BPE":
        raise TokenizationError(f"{path}: a {kind} model, and only BPE is known here: choose a BPE base")
    return Vocabulary(ids | added, frozenset(added), _has_byte_level(content.get("decoder")))


def _has_byte_level(decoder: Any) -> bool:
    if not isinstance(decoder, dict):
        return False
    return decoder.get("type") == "ByteLevel" or any(map(_has_byte_level, decoder.get("decoders", [])))
