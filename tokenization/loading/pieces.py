"""What the ids of a vocabulary stand for, as bytes and as text to look at."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

SPACE = "\N{LOWER ONE EIGHTH BLOCK}"
"""How SentencePiece writes a space."""

_BYTE = re.compile("<0x([0-9A-Fa-f]{2})>")


@dataclass(frozen=True)
class Pieces:
    """The bytes of each id; None where an id stands for no text of its own (specials, the unknown piece)."""

    contents: Sequence[bytes | None]

    @cached_property
    def lengths(self) -> NDArray[np.int32]:
        """Bytes of each id, -1 where it has none."""
        lengths = (-1 if content is None else len(content) for content in self.contents)
        return np.fromiter(lengths, np.int32, len(self.contents))

    @cached_property
    def partial(self) -> NDArray[np.bool_]:
        """Whether an id is only a part of a character: a fallback byte, or bytes that are no whole UTF-8."""
        broken = (content is not None and not _is_text(content) for content in self.contents)
        return np.fromiter(broken, np.bool_, len(self.contents))

    def surface(self, identity: int) -> str:
        """An id as text to look at: a space as U+2581, bytes that are no text in hexadecimal digits.

        >>> Pieces([b" a", bytes([0xD9]), None]).surface(0), Pieces([bytes([0xD9, 0x8A, 0xD9])]).surface(0)
        ('▁a', '<D98AD9>')
        """
        content = self.contents[identity]
        if content is None:
            return f"<{identity}>"
        try:
            return content.decode().replace(" ", SPACE)
        except UnicodeDecodeError:
            return f"<{content.hex().upper()}>"


def sentencepiece_bytes(piece: str, *, byte_fallback: bool = True) -> bytes:
    r"""The bytes of a piece as SentencePiece writes it.

    >>> sentencepiece_bytes("▁of"), sentencepiece_bytes("<0xD9>")
    (b' of', b'\xd9')
    """
    byte = _BYTE.fullmatch(piece) if byte_fallback else None
    return bytes([int(byte[1], 16)]) if byte else piece.replace(SPACE, " ").encode("utf-8", "surrogatepass")


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
