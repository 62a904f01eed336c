"""Which words go together, learned from the pairs: IBM model 1 (Brown et al. 1993), in both directions.

Words are folded, lose the Arabic article and what is written together with it, and are cut to their first letters, so
that forms of one word count as one where there is little text.
"""

import hashlib
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt
import polars as pl

from corpus.fold import fold
from corpus.text_buffers import from_buffers

Ids = npt.NDArray[np.int32]
Offsets = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

STEM_LETTERS = 5
MOST_WORDS = 120
"""Words of a text that are looked at, so that documents do not cost the square of their length."""

MOST_COMBINATIONS = 30_000_000
"""Pairs of words, counted in every pair of texts, that a lexicon is learned from: what memory and time hang on."""

_LEADING = (
    r"^(?:\x{0648}|\x{0641})?(?:\x{0628}\x{0627}\x{0644}|\x{0643}\x{0627}\x{0644}|\x{0644}\x{0644}|\x{0627}\x{0644})"
    r"(\w{2,})$"
)
"""Waw or feh before; then bal-, kal-, lil- or al-: the article, and the prepositions that are written with it."""


def stems(texts: pl.Series) -> pl.Series:
    """The words of each text as they are compared, a list of strings.

    >>> stems(pl.Series(["The translations, 1999"])).to_list()
    [['the', 'trans', '1999']]
    """
    words = from_buffers(fold(texts)).str.split(" ").list.head(MOST_WORDS)
    frame = pl.DataFrame({"text": pl.int_range(len(texts), eager=True), "word": words}).explode(
        "word", empty_as_null=True, keep_nulls=True
    )
    short = pl.col("word").str.replace(_LEADING, "$1").str.slice(0, STEM_LETTERS)
    kept = frame.with_columns(word=short).filter(pl.col("word") != "")
    listed = kept.group_by("text", maintain_order=True).agg("word")
    everything = pl.DataFrame({"text": pl.int_range(len(texts), eager=True)})
    joined = everything.join(listed, on="text", how="left", maintain_order="left")["word"]
    return joined.fill_null(pl.Series([[]], dtype=pl.List(pl.String)))


@dataclass(frozen=True)
class NumberedWords:
    """Word numbers of all texts, end to end."""

    ids: Ids
    offsets: Offsets


@dataclass(frozen=True)
class Lexicon:
    """Word translation probabilities in both directions.

    Attributes:
        left: Words of the first language, sorted.
        right: Words of the second language, sorted.
        left_share: Share of each word in its language's text, float64.
        right_share: The same of the second language.
        keys: left x len(right) + right of each pair of words that came together, sorted.
        forward: p(right | left) of each pair of words.
        backward: p(left | right).
    """

    left: pl.Series
    right: pl.Series
    left_share: Floats
    right_share: Floats
    keys: npt.NDArray[np.int64]
    forward: Floats
    backward: Floats

    def score(self, left: pl.Series, right: pl.Series) -> Floats:
        """Nats that the other side is worth for a word, the mean of both directions: 0 is chance; float64[n].

        log(((1 - u) mean of t(word | other side's words) + u p(word)) / p(word)), u = .1; a word that the lexicon does
        not know counts as 0, so a text of unknown words does as well.
        """
        lefts, rights = number_words(left, self.left), number_words(right, self.right)
        return _score(
            lefts.ids, lefts.offsets, rights.ids, rights.offsets, self.keys, self.forward, self.backward,
            self.left_share, self.right_share,
        )  # fmt: skip

    def digest(self) -> str:
        """What stands for all that the lexicon knows."""
        found = hashlib.sha256("\n".join([*self.left, "", *self.right]).encode())
        for array in (self.left_share, self.right_share, self.keys, self.forward, self.backward):
            found.update(np.ascontiguousarray(array).tobytes())
        return found.hexdigest()

    def translations(self, word: str, most: int = 5) -> list[tuple[str, float]]:
        """The likeliest words of the second language for a word of the first, as stems."""
        (number,) = _lookup(stems(pl.Series([word]))[0].head(1), self.left).tolist()
        if number < 0:
            return []
        start, end = np.searchsorted(self.keys, [number * len(self.right), (number + 1) * len(self.right)])
        best = np.argsort(-self.forward[start:end], kind="stable")[:most]
        return [
            (self.right[int(self.keys[start + i] % len(self.right))], float(self.forward[start + i]))
            for i in best
        ]


def learn(left: pl.Series, right: pl.Series, iterations: int = 5) -> Lexicon:
    """Learn a lexicon from pairs of texts; the same pairs in the same order give the same one.

    The first pairs that have MOST_COMBINATIONS pairs of words teach it, which long texts reach sooner.
    """
    left_stems, right_stems = stems(left), stems(right)
    products = left_stems.list.len().cast(pl.Int64) * right_stems.list.len()
    enough = int(np.searchsorted(products.cum_sum().to_numpy(), MOST_COMBINATIONS, side="right")) + 1
    # Words of later texts stay out of the vocabulary: nothing is known of what goes with them.
    left_stems, right_stems = left_stems.head(enough), right_stems.head(enough)
    left_words, right_words = _vocabulary(left_stems), _vocabulary(right_stems)
    lefts, rights = _numbered(left_stems, left_words), _numbered(right_stems, right_words)
    combos = _combinations(lefts.ids, lefts.offsets, rights.ids, rights.offsets, max(1, len(right_words)))
    keys, where = np.unique(combos, return_inverse=True)
    places = where.astype(np.int64)
    forward = np.ones(len(keys))
    backward = np.ones(len(keys))
    of_left, of_right = keys // max(1, len(right_words)), keys % max(1, len(right_words))
    for _ in range(iterations):
        counts_forward, counts_backward = _expect(lefts.offsets, rights.offsets, places, forward, backward)
        forward = counts_forward / np.bincount(of_left, counts_forward, len(left_words))[of_left]
        backward = counts_backward / np.bincount(of_right, counts_backward, len(right_words))[of_right]
    return Lexicon(
        left=left_words,
        right=right_words,
        left_share=_shares(lefts.ids, len(left_words)),
        right_share=_shares(rights.ids, len(right_words)),
        keys=keys,
        forward=forward,
        backward=backward,
    )


def number_words(texts: pl.Series, vocabulary: pl.Series) -> NumberedWords:
    """The words of texts by their number in a sorted vocabulary, -1 for others."""
    return _numbered(stems(texts), vocabulary)


def _vocabulary(words: pl.Series) -> pl.Series:
    return words.explode(empty_as_null=False).drop_nulls().unique().sort()


def _lookup(words: pl.Series, vocabulary: pl.Series) -> Ids:
    """The number of each word; -1 for an unknown one."""
    numbers = pl.DataFrame(
        {"word": vocabulary, "number": pl.int_range(len(vocabulary), dtype=pl.Int32, eager=True)}
    )
    asked = pl.DataFrame({"word": words.cast(pl.String)})
    found = asked.join(numbers, on="word", how="left", maintain_order="left")["number"]
    return found.fill_null(-1).to_numpy().astype(np.int32)


def _numbered(words: pl.Series, vocabulary: pl.Series) -> NumberedWords:
    lengths = words.list.len().to_numpy()
    offsets = np.zeros(len(words) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return NumberedWords(_lookup(words.explode(empty_as_null=False), vocabulary), offsets)


def _shares(ids: Ids, size: int) -> Floats:
    counts = np.bincount(ids[ids >= 0], minlength=size).astype(np.float64)
    shares: Floats = counts / max(1.0, counts.sum())
    return shares


@numba.njit(cache=True, nogil=True)
def _combinations(
    lefts: Ids, left_offsets: Offsets, rights: Ids, right_offsets: Offsets, width: int
) -> npt.NDArray[np.int64]:
    total = 0
    for text in range(len(left_offsets) - 1):
        total += (left_offsets[text + 1] - left_offsets[text]) * (
            right_offsets[text + 1] - right_offsets[text]
        )
    keys = np.empty(total, np.int64)
    at = 0
    for text in range(len(left_offsets) - 1):
        for left in range(left_offsets[text], left_offsets[text + 1]):
            for right in range(right_offsets[text], right_offsets[text + 1]):
                keys[at] = np.int64(lefts[left]) * width + rights[right]
                at += 1
    return keys


@numba.njit(cache=True, nogil=True)
def _expect(
    left_offsets: Offsets, right_offsets: Offsets, places: Offsets, forward: Floats, backward: Floats
) -> tuple[Floats, Floats]:
    """Expected counts of each pair of words, in both directions."""
    counts_forward, counts_backward = np.zeros(len(forward)), np.zeros(len(backward))
    start = 0
    for text in range(len(left_offsets) - 1):
        rows = left_offsets[text + 1] - left_offsets[text]
        columns = right_offsets[text + 1] - right_offsets[text]
        for column in range(columns):
            total = 0.0
            for row in range(rows):
                total += forward[places[start + row * columns + column]]
            for row in range(rows):
                place = places[start + row * columns + column]
                counts_forward[place] += forward[place] / total
        for row in range(rows):
            total = 0.0
            for column in range(columns):
                total += backward[places[start + row * columns + column]]
            for column in range(columns):
                place = places[start + row * columns + column]
                counts_backward[place] += backward[place] / total
        start += rows * columns
    return counts_forward, counts_backward


@numba.njit(cache=True, nogil=True)
def _find(keys: Offsets, key: int) -> int:
    low, high = 0, len(keys)
    while low < high:
        middle = (low + high) // 2
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low if low < len(keys) and keys[low] == key else -1


@numba.njit(cache=True, nogil=True)
def _score(
    lefts: Ids, left_offsets: Offsets, rights: Ids, right_offsets: Offsets, keys: Offsets, forward: Floats,
    backward: Floats, left_share: Floats, right_share: Floats,
) -> Floats:  # fmt: skip
    unigram = 0.1
    width = len(right_share)
    scores = np.zeros(len(left_offsets) - 1)
    for text in range(len(scores)):
        rows = left_offsets[text + 1] - left_offsets[text]
        columns = right_offsets[text + 1] - right_offsets[text]
        if rows == 0 or columns == 0:
            continue
        to_right, to_left = np.zeros(columns), np.zeros(rows)
        for row in range(rows):
            left = lefts[left_offsets[text] + row]
            if left < 0:
                continue
            for column in range(columns):
                right = rights[right_offsets[text] + column]
                if right < 0:
                    continue
                place = _find(keys, np.int64(left) * width + right)
                if place >= 0:
                    to_right[column] += forward[place]
                    to_left[row] += backward[place]
        worth_right, worth_left = 0.0, 0.0
        for column in range(columns):
            right = rights[right_offsets[text] + column]
            if right >= 0:
                share = right_share[right]
                worth_right += np.log((1 - unigram) * to_right[column] / rows / share + unigram)
        for row in range(rows):
            left = lefts[left_offsets[text] + row]
            if left >= 0:
                worth_left += np.log((1 - unigram) * to_left[row] / columns / left_share[left] + unigram)
        scores[text] = (worth_right / columns + worth_left / rows) / 2
    return scores
