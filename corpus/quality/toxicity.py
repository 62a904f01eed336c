"""Documents that hold too many words of a list."""

from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt
import polars as pl

from corpus.errors import CorpusError
from corpus.fold import fold
from corpus.fold.words import FoldedWords, folded_words
from corpus.quality.phrases import PhraseTable, longest_phrase, phrase_table
from corpus.quality.settings import Toxicity
from corpus.text_buffers import TextBuffers


class ToxicWords(NamedTuple):
    """Loaded word lists by language, and how much of them a document may hold."""

    tables: dict[str, PhraseTable]
    settings: Toxicity


def load_word_lists(settings: Toxicity) -> ToxicWords:
    """Read and fold the word lists. Blank lines are skipped, and so are entries that fold to nothing.

    Raises:
        CorpusError: A list cannot be read, is not UTF-8 or holds no word.
    """
    tables = {}
    for language, path in settings.word_lists.items():
        try:
            lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise CorpusError(
                f"word list of {language}: cannot read {path} ({error}): give the path of a UTF-8 text file"
            ) from error
        words = folded_words(fold(pl.Series(lines, dtype=pl.String)))
        entries = (words.keys[start:end].tolist() for start, end in pairwise(words.first))
        labels = {tuple(entry): 1 for entry in entries if entry}
        if not labels:
            raise CorpusError(
                f"word list of {language}: {path} holds no word: give one word or phrase to a line"
            )
        tables[language] = phrase_table(labels)
    return ToxicWords(tables, settings)


def judge_toxicity(folded: TextBuffers, languages: pl.Series, lists: ToxicWords) -> pl.DataFrame:
    """Verdicts "toxic_words" where listed words are too many or too large a share of a document's words.

    Whole words are compared: a listed word inside a longer one does not count, and of phrases that overlap
    the first and longest does, with all its words. The detail gives figures, never the words.
    """
    words = folded_words(folded)
    counts = np.zeros((len(folded), 2), np.int64)
    for language, table in lists.tables.items():
        rows = np.flatnonzero((languages.fill_null("") == language).to_numpy())
        _count_listed(words, rows, table, counts)
    return _verdicts(counts, np.diff(words.first), lists.settings)


@numba.njit(cache=True, nogil=True)
def _count_listed(
    words: FoldedWords, rows: npt.NDArray[np.int64], table: PhraseTable, counts: npt.NDArray[np.int64]
) -> None:
    for row in rows:
        index, end = words.first[row], words.first[row + 1]
        while index < end:
            length, _ = longest_phrase(words.keys, index, end, table)
            counts[row, 0] += length > 0
            counts[row, 1] += length
            index += max(length, 1)


def _verdicts(
    counts: npt.NDArray[np.int64], num_words: npt.NDArray[np.int64], settings: Toxicity
) -> pl.DataFrame:
    frame = pl.DataFrame(counts, schema=["entries", "listed"], orient="row")
    share = pl.col("listed") / pl.Series(num_words).clip(1)
    too_many = pl.col("entries") > settings.maximum_count
    too_large = share > settings.maximum_share
    return frame.select(
        reason=pl.when(too_many | too_large).then(pl.lit("toxic_words")),
        detail=pl.when(too_many)
        .then(pl.format("{} listed words > {}", "entries", pl.lit(settings.maximum_count)))
        .when(too_large)
        .then(pl.format("{} of words listed > {}", share.round(4), pl.lit(settings.maximum_share))),
    )
