"""Agreement of cuts with the places where clitics join: precision, recall and F1 of piece borders.

Each border between two pieces inside a word is one cut; a cut through a letter (byte fallback) can never be right.
Precision is the share of cuts that stand where clitics join, recall the share of those places that are cut.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tokenization.loading.tokenizer import Located
from tokenization.measures.bootstrap import Estimate, interval, ratio, resampled_sums
from tokenization.measures.conllu import GoldWord


class Agreement(NamedTuple):
    """Agreement over some words, and their fertility; intervals resample sentences."""

    words: int
    places: int
    precision: Estimate
    recall: Estimate
    f1: Estimate
    fertility: Estimate


def cuts_of_words(located: Located, skipped: int = 0) -> list[tuple[int, ...]]:
    """Where the second and later pieces of each text begin, in half characters, from character `skipped` on.

    Place 0 is a piece for nothing but the space before a word.
    """
    begins = np.maximum(located.begins - 2 * skipped, 0)
    offsets = located.encoded.offsets
    return [tuple(begins[first + 1 : last].tolist()) for first, last in pairwise(offsets)]


def count(words: Sequence[GoldWord], cuts: Sequence[tuple[int, ...]]) -> NDArray[np.float64]:
    """Of each word: right cuts, cuts, places, pieces; (words, 4)."""
    rows = []
    for gold, own in zip(words, cuts, strict=True):
        inside = [place for place in own if 0 < place < 2 * len(gold.word)]
        places = {2 * border for border in gold.borders}
        rows.append((len(places & set(inside)), len(inside), len(places), len(own) + 1))
    return np.array(rows, np.float64).reshape(-1, 4)


def agree(
    words: Sequence[GoldWord], counts: NDArray[np.float64], resamples: int, seed: int, *, clitics_only: bool
) -> Agreement:
    """Agreement over all words, or over those that bear a clitic."""
    chosen = counts[:, 2] > 0 if clitics_only else np.ones(len(words), np.bool_)
    sentences = np.array([word.sentence for word in words], np.int64)[chosen]
    _, places = np.unique(sentences, return_inverse=True)
    of_words = (*counts[chosen].T, np.ones(int(chosen.sum())))
    columns = np.column_stack([np.bincount(places, weights=column).astype(np.float64) for column in of_words])
    sums, resampled = columns.sum(axis=0), resampled_sums(columns, resamples, seed)

    def estimate(above: NDArray[np.float64], below: NDArray[np.float64], scale: float = 1.0) -> Estimate:
        value = float(ratio(np.array(sums @ above), np.array(sums @ below), scale))
        return interval(value, ratio(resampled @ above, resampled @ below, scale), len(columns))

    right, cut, place, piece, word = np.eye(5)
    return Agreement(
        words=int(chosen.sum()),
        places=int(sums[2]),
        precision=estimate(right, cut),
        recall=estimate(right, place),
        f1=estimate(right, cut + place, 2.0),
        fertility=estimate(piece, word),
    )
