"""What sentences cover of one another: by a learned lexicon or an embedding model, behind one interface."""

from typing import Protocol

import numba
import numpy as np
import numpy.typing as npt
import polars as pl

from corpus.clean_pairs.lexicon import Floats, Ids, Lexicon, Offsets, number_words
from corpus.clean_pairs.scoring import EmbeddingScorer

Matrix = npt.NDArray[np.float32]


class Coverage(Protocol):
    """Tells how much of each sentence another one covers.

    Attributes:
        version: Digest of all that decides what it tells.
    """

    version: str

    def __call__(self, left: pl.Series, right: pl.Series) -> tuple[Matrix, Matrix]:
        """Shares in 0 to 1 of each left sentence by each right one, and the reverse; two float32[n, m]."""


class _NoCoverage:
    """For alignment by lengths alone: matrices of shape (0, 0)."""

    version = "none"

    def __call__(self, left: object = None, right: object = None) -> tuple[Matrix, Matrix]:  # noqa: ARG002
        """See `Coverage`."""
        return np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32)


no_coverage = _NoCoverage()


class LexiconCoverage:
    """A word is covered as far as the lexicon translates it to one of the other sentence's words."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self.version = lexicon.digest()

    def __call__(self, left: pl.Series, right: pl.Series) -> tuple[Matrix, Matrix]:
        """See `Coverage`."""
        lexicon = self._lexicon
        lefts, rights = number_words(left, lexicon.left), number_words(right, lexicon.right)
        forward, backward = _coverage(
            lefts.ids, lefts.offsets, rights.ids, rights.offsets, lexicon.keys, lexicon.forward, lexicon.backward,
            len(lexicon.right),
        )  # fmt: skip
        return forward, backward


class EmbeddingCoverage:
    """Both coverages are the cosine of the sentences."""

    def __init__(self, scorer: EmbeddingScorer) -> None:
        self._scorer = scorer
        self.version = scorer.version

    def __call__(self, left: pl.Series, right: pl.Series) -> tuple[Matrix, Matrix]:
        """See `Coverage`."""
        if not len(left) or not len(right):  # of no sentences there are no vectors, so their size is unknown
            nothing = np.zeros((len(left), len(right)), np.float32)
            return nothing, nothing
        cosines: Matrix = self._scorer.embed(left) @ self._scorer.embed(right).T
        return cosines, cosines


@numba.njit(cache=True, nogil=True)
def _coverage(
    lefts: Ids, left_offsets: Offsets, rights: Ids, right_offsets: Offsets, keys: Offsets, forward: Floats,
    backward: Floats, width: int,
) -> tuple[Matrix, Matrix]:  # fmt: skip
    rows, columns = len(left_offsets) - 1, len(right_offsets) - 1
    by_right, by_left = np.zeros((rows, columns), np.float32), np.zeros((rows, columns), np.float32)
    # The translations of a left word lie together in the keys: they are spread over a row of right words once.
    to_right, to_left = np.zeros(width), np.zeros(width)
    for row in range(rows):
        words = left_offsets[row + 1] - left_offsets[row]
        best = np.zeros(len(rights), np.float32)  # how well this sentence's words explain each right word
        for word in range(left_offsets[row], left_offsets[row + 1]):
            left = lefts[word]
            if left < 0:
                continue
            start = np.searchsorted(keys, np.int64(left) * width)
            end = np.searchsorted(keys, np.int64(left + 1) * width)
            for place in range(start, end):
                to_right[keys[place] - np.int64(left) * width] = forward[place]
                to_left[keys[place] - np.int64(left) * width] = backward[place]
            for column in range(columns):
                most = 0.0
                for at in range(right_offsets[column], right_offsets[column + 1]):
                    right = rights[at]
                    if right >= 0:
                        most = max(most, to_right[right])
                        best[at] = max(best[at], to_left[right])
                by_right[row, column] += min(1.0, 2 * most) / words
            for place in range(start, end):
                to_right[keys[place] - np.int64(left) * width] = 0.0
                to_left[keys[place] - np.int64(left) * width] = 0.0
        for column in range(columns):
            others = right_offsets[column + 1] - right_offsets[column]
            for at in range(right_offsets[column], right_offsets[column + 1]):
                by_left[row, column] += min(1.0, 2 * best[at]) / others
    return by_right, by_left
