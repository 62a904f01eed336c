"""What a tokenizer must be able to do to be measured."""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from tokenization.loading.pieces import Pieces

BATCH_TEXTS = 16_384
"""Texts that are encoded at a time: what the libraries return takes far more room than the ids."""


class Encoded(NamedTuple):
    """Pieces of several texts: those of text i are `ids[offsets[i]:offsets[i + 1]]`.

    `ids` is int32, `offsets` int64 and one longer than there are texts.
    """

    ids: NDArray[np.int32]
    offsets: NDArray[np.int64]

    @property
    def counts(self) -> NDArray[np.int64]:
        """Pieces of each text."""
        return np.diff(self.offsets)


class Located(NamedTuple):
    """Where each piece of `encoded` begins and ends in its text, in half characters (int32).

    `2 * k` is the border before character k, `2 * k + 1` lies inside character k: pieces of byte-level tokenizers and
    byte fallback can end there.
    """

    encoded: Encoded
    begins: NDArray[np.int32]
    ends: NDArray[np.int32]


class Tokenizer(Protocol):
    """A tokenizer to be measured; text that spells a special piece is text to it, and it adds no special pieces."""

    @property
    def name(self) -> str:
        """Its name in reports."""

    @property
    def kind(self) -> str:
        """How it was read: sentencepiece, huggingface, tiktoken or tekken."""

    @property
    def path(self) -> str:
        """The file that it was read from."""

    @property
    def sha256(self) -> str:
        """Digest of that file."""

    @property
    def size(self) -> int:
        """Ids of its vocabulary, specials included."""

    @property
    def unknown_id(self) -> int:
        """Id of what it cannot spell, -1 where it spells everything."""

    @property
    def pieces(self) -> Pieces:
        """What each id stands for."""

    def encode_batch(self, texts: Sequence[str]) -> Encoded:
        """Ids of each text."""

    def locate(self, texts: Sequence[str]) -> Located:
        """Ids of each text, and the characters that each piece covers."""

    def decode(self, ids: Sequence[int]) -> str:
        """The text that ids stand for."""


def gather(lists: Iterable[Sequence[int]]) -> Encoded:
    """Lists of ids as columns.

    >>> gather([[7, 8], [], [9]]).offsets.tolist()
    [0, 2, 2, 3]
    """
    kept = list(lists)
    counts = np.fromiter(map(len, kept), np.int64, len(kept))
    offsets = np.concatenate(([0], np.cumsum(counts)))
    return Encoded(np.fromiter(chain.from_iterable(kept), np.int32, int(offsets[-1])), offsets)


def encode_in_batches(texts: Sequence[str], encode: Callable[[Sequence[str]], Encoded]) -> Encoded:
    """Columns of all texts, encoded some at a time."""
    parts = [encode(texts[start : start + BATCH_TEXTS]) for start in range(0, len(texts), BATCH_TEXTS)]
    if not parts:
        return Encoded(np.zeros(0, np.int32), np.zeros(1, np.int64))
    counts = np.concatenate([part.counts for part in parts])
    offsets = np.concatenate(([0], np.cumsum(counts)))
    return Encoded(np.concatenate([part.ids for part in parts]), offsets)
