"""N-grams of benchmark items in documents."""

import numba
import numpy as np
import numpy.typing as npt
import polars as pl

from corpus.decontamination.ngram_index import BASE, NgramIndex
from corpus.decontamination.settings import Decontamination
from corpus.fold.words import FoldedWords, folded_words
from corpus.text_buffers import TextBuffers
from corpus.verdicts import no_verdicts
from corpus.word_keys import mixed

Keys = npt.NDArray[np.uint64]


def judge(folded: TextBuffers, index: NgramIndex, settings: Decontamination) -> pl.DataFrame:
    """Verdicts "contamination" where a document holds `minimum_matches` n-grams of an item, or a short field.

    The detail names the item with the most n-grams in the document (the first of equals), how many of its
    n-grams these are, and the text of the first. `settings` must be those that `index` was made with.
    """
    words = folded_words(folded)
    hits = find_hits(words, index)
    if hits.height == 0:
        return no_verdicts(len(folded))
    found = (
        hits.sort("document", "item", "word")
        .group_by("document", "item", maintain_order=True)
        .agg(
            matches=pl.col("key").n_unique(),
            whole=pl.col("whole").any(),
            word=pl.col("word").first(),
            length=pl.col("length").first(),
        )
        .filter((pl.col("matches") >= settings.minimum_matches) | pl.col("whole"))
        .sort(["document", "matches", "item"], descending=[False, True, False])
        .unique("document", keep="first", maintain_order=True)
    )
    details: list[str | None] = [None] * len(folded)
    for document, item, matches, _, word, length in found.iter_rows():  # few: those that are dropped
        text = _text(folded, words, document, word, length)
        details[document] = f"{index.labels[item]}: {matches} of {index.item_ngrams[item]} n-grams, '{text}'"
    detail = pl.Series("detail", details, dtype=pl.String)
    reason = pl.when(pl.col("detail").is_not_null()).then(pl.lit("contamination"))
    return pl.DataFrame({"detail": detail}).select(reason.alias("reason"), "detail")


def find_hits(words: FoldedWords, index: NgramIndex) -> pl.DataFrame:
    """Every place where an item's n-gram or short field stands.

    Columns `document`, `item`, `word` (index of the first), `length` in words, `key`, and `whole`, which is
    true of short fields.
    """
    ngrams = _candidates(words.keys, words.first, index.ngram_words, index.ngram_filter)
    hits = _matches(words, ngrams, index.ngrams, index.ngram_items)
    hits = hits.with_columns(length=pl.lit(index.ngram_words, pl.Int64), whole=pl.lit(value=False))
    prefixes = _candidates(words.keys, words.first, index.minimum_words, index.prefix_filter)
    entries = np.arange(len(index.prefixes), dtype=np.int32)
    short = _matches(words, prefixes, index.prefixes, entries)
    entry = short["item"].to_numpy()
    lengths = index.lengths[entry].astype(np.int64)
    fits = _stands_whole(
        words, short["document"].to_numpy(), short["word"].to_numpy(), lengths, index.wholes[entry]
    )
    short = short.with_columns(
        item=pl.Series(index.whole_items[entry]),
        key=pl.Series(index.wholes[entry]),
        length=pl.Series(lengths),
        whole=pl.lit(value=True),
    ).filter(pl.Series(fits, dtype=pl.Boolean))
    return pl.concat([hits, short])


def _matches(
    words: FoldedWords,
    candidates: tuple[npt.NDArray[np.int64], Keys],
    keys: Keys,
    items: npt.NDArray[np.int32],
) -> pl.DataFrame:
    """The candidates that are among the sorted keys, one row for each item that has the key."""
    places, found = candidates
    low, high = np.searchsorted(keys, found, "left"), np.searchsorted(keys, found, "right")
    counts = high - low
    entries = np.repeat(low - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
    word = np.repeat(places, counts)
    return pl.DataFrame(
        {
            "document": (np.searchsorted(words.first, word, "right") - 1).astype(np.int64),
            "item": items[entries].astype(np.int32),
            "word": word.astype(np.int64),
            "key": keys[entries],
        }
    )


@numba.njit(cache=True, nogil=True)
def _candidates(
    words: Keys, first: npt.NDArray[np.int64], size: int, key_filter: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.int64], Keys]:
    """First word and key of each run of `size` words within a text that passes the filter."""
    places, keys, num = np.empty(1024, np.int64), np.empty(1024, np.uint64), 0
    slots = np.uint64(8 * len(key_filter) - 1)
    leaving = np.uint64(1)
    for _ in range(size):
        leaving *= BASE
    for text in range(len(first) - 1):
        run = np.uint64(0)
        for word in range(first[text], first[text + 1]):
            run = run * BASE + words[word]
            start = word - size + 1
            if start < first[text]:
                continue
            if start > first[text]:
                run -= leaving * words[start - 1]
            key = mixed(run)
            if _has(key_filter, (key >> np.uint64(32)) & slots) and _has(key_filter, key & slots):
                if num == len(places):
                    places = np.concatenate((places, np.empty(num, np.int64)))
                    keys = np.concatenate((keys, np.empty(num, np.uint64)))
                places[num], keys[num] = start, key
                num += 1
    return places[:num], keys[:num]


@numba.njit(cache=True, nogil=True)
def _has(key_filter: npt.NDArray[np.uint8], slot: np.uint64) -> bool:
    bit = np.uint64(key_filter[slot >> np.uint64(3)]) >> (slot & np.uint64(7))
    return bool(bit & np.uint64(1))


@numba.njit(cache=True, nogil=True)
def _stands_whole(
    words: FoldedWords,
    documents: npt.NDArray[np.int64],
    places: npt.NDArray[np.int64],
    lengths: npt.NDArray[np.int64],
    wholes: Keys,
) -> npt.NDArray[np.bool_]:
    stands = np.zeros(len(places), np.bool_)
    for hit in range(len(places)):
        if places[hit] + lengths[hit] <= words.first[documents[hit] + 1]:
            run = np.uint64(0)
            for word in words.keys[places[hit] : places[hit] + lengths[hit]]:
                run = run * BASE + word
            stands[hit] = mixed(run) == wholes[hit]
    return stands


def _text(folded: TextBuffers, words: FoldedWords, document: int, word: int, length: int) -> str:
    end = int(folded.offsets[document + 1])
    if word + length < words.first[document + 1]:
        end = int(words.starts[word + length])
    return " ".join(bytes(folded.data[words.starts[word] : end]).decode().split())
