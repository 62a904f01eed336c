"""From the bytes of pieces to the characters that they cover."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from tokenization.loading.tokenizer import Encoded, Located

Offsets = Callable[[Sequence[str]], Sequence[Sequence[tuple[int, int]]]]
"""The library's own view: of each text the (first, last + 1) characters of each piece."""


def locate(
    texts: Sequence[str], encoded: Encoded, lengths: NDArray[np.int32], otherwise: Offsets | None = None
) -> Located:
    """Where each piece stands, by adding up the bytes of pieces.

    A space that a tokenizer puts before a text (SentencePiece's dummy prefix) belongs to no character. Texts whose
    pieces do not add up to their bytes (a normalizer changed them, or a piece is unknown) are left to `otherwise`,
    the library's own offsets; without one, each piece there covers the whole text.
    """
    contents = [text.encode("utf-8", "surrogatepass") for text in texts]
    text_bytes = np.fromiter(map(len, contents), np.int64, len(contents))
    borders, firsts = _half_characters(b"".join(contents), text_bytes)
    of_text = np.repeat(np.arange(len(texts)), encoded.counts)
    piece_bytes = lengths[encoded.ids].astype(np.int64)
    ends = np.cumsum(piece_bytes) if len(piece_bytes) else piece_bytes
    before = np.concatenate(([0], ends))[encoded.offsets[:-1]]
    total = np.concatenate(([0], ends))[encoded.offsets[1:]] - before
    added = total - text_bytes
    unknown = np.zeros(len(texts), np.bool_)
    unknown[of_text[piece_bytes < 0]] = True
    sound = ~unknown & ((added == 0) | (added == 1))
    shift = before + np.where(added == 1, 1, 0)
    ends = ends - shift[of_text]
    limit = text_bytes[of_text]
    half = [
        borders[np.clip(place, 0, limit) + firsts[of_text]] if len(place) else place
        for place in (ends - piece_bytes, ends)
    ]
    located = Located(encoded, half[0].astype(np.int32), half[1].astype(np.int32))
    return _mend(located, texts, np.flatnonzero(~sound), otherwise)


def _half_characters(
    content: bytes, text_bytes: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For every place between bytes its place in half characters, and where each text's places begin.

    A text of n bytes has n + 1 places.
    """
    data = np.frombuffer(content, np.uint8)
    begins = (data & 0xC0) != 0x80
    characters = np.concatenate(([0], np.cumsum(begins)))
    starts = np.concatenate(([0], np.cumsum(text_bytes)))
    firsts = starts[:-1] + np.arange(len(text_bytes))
    of_text = np.repeat(np.arange(len(text_bytes)), text_bytes + 1)
    place = np.arange(len(of_text)) - of_text
    whole = np.concatenate((begins, [True]))[place]
    whole[firsts + text_bytes] = True
    number = characters[place] - characters[starts[of_text]]
    return np.where(whole, 2 * number, 2 * number - 1), firsts


def _mend(
    located: Located, texts: Sequence[str], unsound: NDArray[np.int64], otherwise: Offsets | None
) -> Located:
    """Take the library's word for texts whose bytes do not add up."""
    if not len(unsound):
        return located
    offsets = located.encoded.offsets
    known = otherwise([texts[i] for i in unsound]) if otherwise else [()] * len(unsound)
    for i, spans in zip(unsound, known, strict=True):
        here = slice(offsets[i], offsets[i + 1])
        if len(spans) == offsets[i + 1] - offsets[i]:
            located.begins[here] = [2 * first for first, _ in spans]
            located.ends[here] = [2 * last for _, last in spans]
        else:
            located.begins[here], located.ends[here] = 0, 2 * len(texts[i])
    return located
