"""Does vocalized text survive, and do harakat stay with their letters?

Tested are words with at least one mark (tanwin, harakat, shadda, sukun, superscript alef): the most frequent ones of
the texts and a fixed list (`vocalized_words.txt`). A tokenizer passes when every mark is there again after decoding, in
the same order, and no cut stands between a letter and its marks or goes through a mark.
"""

import re
from collections.abc import Sequence
from importlib.resources import files
from typing import NamedTuple

import numpy as np

from tokenization.loading.tokenizer import Located, Tokenizer
from tokenization.measures.bootstrap import Estimate, interval, ratio, resampled_sums

MARK = re.compile("[\N{ARABIC FATHATAN}-\N{ARABIC SUKUN}\N{ARABIC LETTER SUPERSCRIPT ALEF}]")


class Tashkeel(NamedTuple):
    """What became of the marks: words and marks tested, words whose marks survived, share kept with their letter."""

    words: int
    marks: int
    survived: int
    joined: Estimate

    @property
    def passed(self) -> bool:
        """Whether every mark survived, with its letter."""
        return self.survived == self.words and self.joined.value == 1.0


def fixed_words() -> list[str]:
    """Vocalized words that every tokenizer is tried on."""
    return files("tokenization.measures").joinpath("vocalized_words.txt").read_text(encoding="utf-8").split()


def try_marks(
    tokenizer: Tokenizer, words: Sequence[str], given: Sequence[str], resamples: int, seed: int
) -> Tashkeel:
    """Encode vocalized words and look for their marks; `given` is how each word is given to the tokenizer."""
    located = tokenizer.locate(given)
    offsets = located.encoded.offsets
    kept = np.array([
        MARK.findall(tokenizer.decode(located.encoded.ids[first:last].tolist())) == MARK.findall(word)
        for word, first, last in zip(words, offsets[:-1], offsets[1:], strict=True)
    ])  # fmt: skip
    columns = np.array(
        [_marks_of_word(located, i, text) for i, text in enumerate(given)], np.float64
    )  # a loop over at most a few thousand words
    sums = columns.sum(axis=0)
    joined = interval(
        float(sums[0] / sums[1]), ratio(*resampled_sums(columns, resamples, seed).T), len(columns)
    )
    return Tashkeel(len(words), int(sums[1]), int(kept.sum()), joined)


def _marks_of_word(located: Located, number: int, text: str) -> tuple[int, int]:
    """Marks of a text that stand with their letter in one piece, and all of them."""
    offsets = located.encoded.offsets
    begins = set(located.begins[offsets[number] : offsets[number + 1]].tolist())
    places = [match.start() for match in MARK.finditer(text) if text[: match.start()].strip()]
    return sum(not begins & {2 * place, 2 * place + 1} for place in places), len(places)
