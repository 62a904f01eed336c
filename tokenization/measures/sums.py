"""What is counted in every document; each ratio that is reported is a ratio of sums of these."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tokenization.loading.pieces import Pieces
from tokenization.loading.tokenizer import Encoded
from tokenization.measures.cutting import Cut
from tokenization.measures.units import Units, sum_by_document

Columns = dict[str, NDArray[np.float64]]
"""A figure for each document."""

TEXT_SUMS = ("words", "characters", "bytes")
PIECE_SUMS = ("pieces", "partial", "unknown", "whole", "continued")


def text_sums(texts: Sequence[str], units: Units) -> Columns:
    """Words, characters (code points, spaces included) and UTF-8 bytes of each document."""
    characters = np.fromiter(map(len, texts), np.float64, len(texts))
    sizes = (len(text.encode("utf-8", "surrogatepass")) for text in texts)
    return {
        "words": np.diff(units.word_offsets).astype(np.float64),
        "characters": characters,
        "bytes": np.fromiter(sizes, np.float64, len(texts)),
    }


def piece_sums(cut: Cut, units: Units, pieces: Pieces, unknown_id: int) -> Columns:
    """Pieces of each document, those that are part of a character or unknown, and its words by how they are cut.

    A word is `whole` where no cut goes through it: it is one piece, with or without the space before it in another.
    It is `continued` where it takes two pieces or more (Rust et al. 2021).
    """

    def of_documents(flags: NDArray[np.bool_]) -> NDArray[np.float64]:
        return sum_by_document(_sum_by_entry(flags, cut.entries), cut.numbers, cut.offsets)

    def of_words(flags: NDArray[np.bool_]) -> NDArray[np.float64]:
        return sum_by_document(flags.astype(np.float64), units.running, units.word_offsets)

    size = len(pieces.contents)
    return {
        "pieces": of_documents(np.ones(size, np.bool_)),
        "partial": of_documents(pieces.partial),
        "unknown": of_documents(np.arange(size) == unknown_id),
        "whole": of_words(whole_words(cut.words, pieces)),
        "continued": of_words(cut.words.counts >= 2),
    }


def whole_words(words: Encoded, pieces: Pieces) -> NDArray[np.bool_]:
    """Whether each word is one piece, apart from a piece that is nothing but the space before it."""
    space = np.array([content == b" " for content in pieces.contents], np.bool_)
    firsts = np.append(words.ids, 0)[words.offsets[:-1]]
    return np.asarray((words.counts == 1) | ((words.counts == 2) & space[firsts]), np.bool_)


def id_counts(cut: Cut, documents: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """How often each id stands in these documents."""
    times = entry_times(cut, documents)
    weights = np.repeat(times, cut.entries.counts)
    return np.bincount(cut.entries.ids, weights=weights, minlength=size).astype(np.int64)


def entry_times(cut: Cut, documents: NDArray[np.int64]) -> NDArray[np.int64]:
    """How often each entry stands in these documents."""
    wanted = np.zeros(len(cut.offsets) - 1, np.bool_)
    wanted[documents] = True
    numbers = cut.numbers[np.repeat(wanted, np.diff(cut.offsets))]
    return np.bincount(numbers, minlength=len(cut.entries.offsets) - 1)


def weighted_by_document(weights: NDArray[np.float64], cut: Cut) -> NDArray[np.float64]:
    """Sum of the weights of the ids of each document."""
    return sum_by_document(_sum_by_entry(weights, cut.entries), cut.numbers, cut.offsets)


def _sum_by_entry(of_ids: NDArray[np.float64] | NDArray[np.bool_], entries: Encoded) -> NDArray[np.float64]:
    sums = np.concatenate(([0.0], np.cumsum(of_ids[entries.ids], dtype=np.float64)))
    return np.asarray(sums[entries.offsets[1:]] - sums[entries.offsets[:-1]], np.float64)
