"""The letters in which byte-level BPE writes bytes, as GPT-2 chose them: every byte is one printable letter."""

from collections.abc import Iterable

_PRINTABLE = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
_OTHERS = [byte for byte in range(256) if byte not in set(_PRINTABLE)]
LETTER_OF = {byte: chr(byte) for byte in _PRINTABLE} | {
    byte: chr(0x100 + n) for n, byte in enumerate(_OTHERS)
}
_BYTE_OF = {letter: byte for byte, letter in LETTER_OF.items()}


def to_letters(data: bytes) -> str:
    r"""Bytes as a vocabulary writes them.

    >>> to_letters(b" a\n")
    'ĠaĊ'
    """
    return "".join([LETTER_OF[byte] for byte in data])


def to_bytes(piece: str) -> bytes | None:
    r"""The bytes that a piece stands for, or None where a letter is not of the alphabet.

    >>> to_bytes("ĠaĊ"), to_bytes("<|\N{FULLWIDTH VERTICAL LINE}|>")
    (b' a\n', None)
    """
    try:
        return bytes([_BYTE_OF[letter] for letter in piece])
    except KeyError:
        return None


def missing_bytes(vocabulary: Iterable[str]) -> bytes:
    """The bytes that a vocabulary has no piece for; what holds them is lost in encoding."""
    pieces = set(vocabulary)
    return bytes(byte for byte, letter in LETTER_OF.items() if letter not in pieces)
