"""Encode a collection of units once, and know that this is the same as encoding the documents."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tokenization.loading.tokenizer import Encoded, Tokenizer
from tokenization.measures.units import Units

TRIED_DOCUMENTS = 200
"""Documents that are encoded whole to see whether their units may be encoded one by one."""


class Cut(NamedTuple):
    """How one tokenizer cuts some documents and their words.

    Document i consists of `entries` number `numbers[offsets[i]:offsets[i + 1]]`: of units where the tokenizer cuts
    each on its own, else of one entry, itself. `words` has the pieces of each different word as it stands after a
    space. `bare` says that this tokenizer puts the space before a text by itself.
    """

    entries: Encoded
    numbers: NDArray[np.int32]
    offsets: NDArray[np.int64]
    words: Encoded
    bare: bool
    independent: bool


def cut(tokenizer: Tokenizer, units: Units, texts: Sequence[str], tried: NDArray[np.int64]) -> Cut:
    """Encode all units; or all documents, where one of those `tried` comes out otherwise when it is encoded whole."""
    bare = puts_space(tokenizer)
    whole = tokenizer.encode_batch([texts[i] for i in tried])
    if not _differences(tokenizer, units, tried, whole, bare=bare):
        entries = tokenizer.encode_batch(as_given(units.different, bare=bare))
        words = take(entries, units.word_units)
        return Cut(entries, units.units, units.unit_offsets, words, bare, independent=True)
    words = tokenizer.encode_batch(as_given([units.different[i] for i in units.word_units], bare=bare))
    documents = np.arange(len(texts), dtype=np.int32)
    return Cut(
        tokenizer.encode_batch(texts), documents, np.arange(len(texts) + 1), words, bare, independent=False
    )


def puts_space(tokenizer: Tokenizer) -> bool:
    """Whether a tokenizer cuts a text as if a space stood before it (SentencePiece's dummy prefix)."""
    whole, *words = (tokenizer.encode_batch([text]).ids for text in ("a b", "a", "b"))
    return np.array_equal(whole, np.concatenate(words))


def as_given(units: Sequence[str], *, bare: bool) -> list[str]:
    """Units as they are given to a tokenizer: without their space where it puts one there by itself."""
    return [unit.removeprefix(" ") for unit in units] if bare else list(units)


def take(encoded: Encoded, rows: NDArray[np.int32]) -> Encoded:
    """Some of the texts of an encoding, in another order.

    >>> take(Encoded(np.array([5, 6, 7], np.int32), np.array([0, 2, 3])), np.array([1, 0], np.int32)).ids.tolist()
    [7, 5, 6]
    """
    counts = encoded.counts[rows]
    offsets = np.concatenate(([0], np.cumsum(counts)))
    shift = np.repeat(encoded.offsets[rows] - offsets[:-1], counts)
    return Encoded(encoded.ids[np.arange(offsets[-1]) + shift], offsets)


def tried_documents(texts: Sequence[str], seed: int, most_characters: int = 2_000_000) -> NDArray[np.int64]:
    """Some documents, drawn by the seed, that hold at most so many characters (but one of them in any case)."""
    order = np.random.default_rng(seed).permutation(len(texts))[:TRIED_DOCUMENTS]
    held = np.cumsum([len(texts[i]) for i in order])
    return np.sort(order[: max(1, int(np.searchsorted(held, most_characters, side="right")))])


def _differences(
    tokenizer: Tokenizer, units: Units, tried: NDArray[np.int64], whole: Encoded, *, bare: bool
) -> int:
    """How many documents come out otherwise when their units are encoded one by one."""
    offsets = units.unit_offsets
    numbers = [units.units[offsets[i] : offsets[i + 1]] for i in tried]
    needed, places = np.unique(np.concatenate(numbers), return_inverse=True)
    encoded = tokenizer.encode_batch(as_given([units.different[i] for i in needed], bare=bare))
    joined = take(encoded, places.astype(np.int32))
    ends = np.concatenate(([0], np.cumsum([len(own) for own in numbers])))
    borders = joined.offsets[ends]
    return sum(
        not np.array_equal(
            joined.ids[borders[i] : borders[i + 1]], whole.ids[whole.offsets[i] : whole.offsets[i + 1]]
        )
        for i in range(len(tried))
    )
