"""Words and pieces that the report shows, with how often they stand in each slice. Closed sources are left out."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from tokenization.measures.boundaries import cuts_of_words
from tokenization.measures.sums import id_counts
from tokenization.measures.words import bare_words, word_times
from tokenization.report.study import Study

CANDIDATES = 5000
"""Most frequent words of a language among which the worst split are looked for."""


class ShownWords(NamedTuple):
    """Words, how often each stands in each slice (words, slices), and its cuts under each tokenizer."""

    words: Sequence[str]
    counts: Sequence[Sequence[int]]
    cuts: Sequence[Sequence[tuple[int, ...]]]


def shown_words(study: Study) -> ShownWords:
    """The user's words, then of each slice the most frequent, the worst split and some drawn at random."""
    tables = [bare_words(study.units, word_times(study.units, study.showable(each))) for each in study.slices]
    chosen = list(dict.fromkeys([*study.config.words, *_of_texts(study, tables)]))
    by_word = [dict(table.rows()) for table in tables]
    counts = [[of_slice.get(word, 0) for of_slice in by_word] for word in chosen]
    return ShownWords(
        chosen, counts, [_cuts(study, number, chosen) for number in range(len(study.tokenizers))]
    )


def shown_pieces(study: Study) -> list[list[tuple[int, str, int]]]:
    """Of each tokenizer the pieces seen most often, languages sharing alike: id, surface, count."""
    languages = [study.showable(each) for each in study.slices if not each.dimension]
    share = -(-study.config.shown_pieces // len(languages))
    found = []
    for cut, tokenizer in zip(study.cuts, study.tokenizers, strict=True):
        by_language = [id_counts(cut, rows, tokenizer.size) for rows in languages]
        counts = np.sum(by_language, axis=0)
        most = np.unique(np.concatenate([np.argsort(-own, kind="stable")[:share] for own in by_language]))
        ranked = most[np.argsort(-counts[most], kind="stable")].tolist()
        found.append([(i, tokenizer.pieces.surface(i), int(counts[i])) for i in ranked if counts[i]])
    return found


def pack_cuts(cuts: Sequence[int]) -> str:
    """Places of cuts as the page's script reads them.

    >>> pack_cuts((2, 7))
    '2 7'
    """
    return " ".join(map(str, cuts))


def _of_texts(study: Study, tables: Sequence[pl.DataFrame]) -> list[str]:
    """Half are the most frequent, a quarter the worst split, the rest random; slices share alike.

    Where these are the same words, the next most frequent ones fill up.
    """
    share = study.config.shown_words // max(len(tables), 1)
    generator = np.random.default_rng(study.config.seed)
    frequent, worst, random = [], [], []
    for place, table in enumerate(tables):
        words = table["word"]
        frequent += words.head(share // 2).to_list()
        random += words[generator.permutation(len(words))[: share // 4]].to_list()
        if not study.slices[place].dimension:
            slices = sum(each.language == study.slices[place].language for each in study.slices)
            worst += _worst(study, table, slices * share // 4)
    chosen = dict.fromkeys([*frequent, *worst, *random])
    most = pl.concat([table.head(study.config.shown_words) for table in tables]) if tables else pl.DataFrame()
    for word in most.sort("count", descending=True, maintain_order=True)["word"]:
        if len(chosen) >= study.config.shown_words:
            break
        chosen[word] = None
    return list(chosen)


def _worst(study: Study, table: pl.DataFrame, number: int) -> list[str]:
    """Of the frequent words those that the tokenizers, taken together, cut into the most pieces."""
    words = table["word"].head(CANDIDATES).to_list()
    pieces = np.zeros(len(words))
    for place, tokenizer in enumerate(study.tokenizers):
        pieces += tokenizer.encode_batch(study.place(words, place)).counts
    return [words[i] for i in np.argsort(-pieces, kind="stable")[:number]]


def _cuts(study: Study, number: int, words: Sequence[str]) -> list[tuple[int, ...]]:
    skipped = 0 if study.cuts[number].bare else 1
    return cuts_of_words(study.tokenizers[number].locate(study.place(words, number)), skipped)


def as_data(
    study: Study, words: ShownWords, pieces: Sequence[Sequence[tuple[int, str, int]]]
) -> dict[str, Any]:
    """What the page's script shows: counts by slice without the zeros, cuts packed."""
    by_word = zip(*words.cuts, strict=True)
    return {
        "tokenizers": [tokenizer.name for tokenizer in study.tokenizers],
        "chosen": len(dict.fromkeys(study.config.words)),
        "words": [
            [word, {i: n for i, n in enumerate(counts) if n}, [pack_cuts(cuts) for cuts in own]]
            for word, counts, own in zip(words.words, words.counts, by_word, strict=True)
        ],
        "pieces": pieces,
    }
