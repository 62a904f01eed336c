"""Does decoding give back what was encoded?"""

from collections.abc import Sequence
from typing import NamedTuple

from tokenization.loading.tokenizer import Tokenizer


class RoundTrip(NamedTuple):
    """How many texts came back as they were, and where the first of the others went wrong."""

    texts: int
    same: int
    fault: str

    @property
    def passed(self) -> bool:
        """Whether all came back."""
        return self.same == self.texts


def round_trip(tokenizer: Tokenizer, texts: Sequence[str]) -> RoundTrip:
    """Encode whole texts and decode them again."""
    encoded = tokenizer.encode_batch(texts)
    same, fault = 0, ""
    for text, first, last in zip(texts, encoded.offsets[:-1], encoded.offsets[1:], strict=True):
        back = tokenizer.decode(encoded.ids[first:last].tolist())
        same += back == text
        if back != text and not fault:
            fault = difference(text, back)
    return RoundTrip(len(texts), same, fault)


def difference(text: str, back: str) -> str:
    r"""Where two texts part, by code points, so that nobody's text is shown.

    >>> difference("ab", "abc"), difference("a\nb", "a b")
    ('nothing became U+0063', 'U+000A U+0062 became U+0020 U+0062')
    """
    pairs = zip(text, back, strict=False)
    place = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(text), len(back)))
    sides = [
        " ".join(f"U+{ord(character):04X}" for character in side[place : place + 2]) or "nothing"
        for side in (text, back)
    ]
    return " became ".join(sides)
