"""Benchmark items as sorted n-gram keys: small enough for every worker to load."""

from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import numba
import numpy as np
import numpy.typing as npt
import polars as pl

from corpus.decontamination.benchmarks import read_items
from corpus.decontamination.settings import Decontamination
from corpus.errors import CorpusError
from corpus.fold import fold
from corpus.fold.words import FoldedWords, folded_words
from corpus.text_buffers import TextBuffers
from corpus.word_keys import PRIME, SEED, mixed

_FORMAT = 1
_FILTER_BITS_PER_KEY = 8


class NgramIndex(NamedTuple):
    """N-grams of benchmark items, and short fields whole.

    Attributes:
        ngrams: uint64, keys of n-grams, sorted; one entry for each item that has it.
        ngram_items: int32, the item of each.
        ngram_filter: Bloom filter of them; its size is a power of two.
        prefixes: uint64, keys of the first `minimum_words` words of fields shorter than an n-gram, sorted.
        prefix_filter: The same for prefixes.
        wholes: uint64, keys of those fields.
        lengths: int32, words in those fields.
        whole_items: int32, the item of each.
        item_ngrams: int64, how many distinct n-grams (or 1 for each short field) an item has in this index.
        labels: File and row of each item.
        ngram_words: Words of an n-gram.
        minimum_words: Words of a prefix.
        num_ignored: Items that have no field of `minimum_words` words or more.
        num_common: N-grams left out because too many items share them.
    """

    ngrams: npt.NDArray[np.uint64]
    ngram_items: npt.NDArray[np.int32]
    ngram_filter: npt.NDArray[np.uint8]
    prefixes: npt.NDArray[np.uint64]
    prefix_filter: npt.NDArray[np.uint8]
    wholes: npt.NDArray[np.uint64]
    lengths: npt.NDArray[np.int32]
    whole_items: npt.NDArray[np.int32]
    item_ngrams: npt.NDArray[np.int64]
    labels: list[str]
    ngram_words: int
    minimum_words: int
    num_ignored: int
    num_common: int


def load_benchmarks(settings: Decontamination) -> NgramIndex:
    """Read the benchmarks and index the n-grams of their folded fields.

    Items whose fields fold to the same text are one item, the first, so that an item repeated over several
    files does not make its own n-grams common.

    Raises:
        CorpusError: A file is missing or cannot be read.
    """
    items = list(read_items(settings))
    texts = [text for item in items for text in item.fields]
    owners = np.repeat(np.arange(len(items)), [len(item.fields) for item in items]).astype(np.int64)
    folded = fold(pl.Series(texts, dtype=pl.String))
    words = folded_words(folded)
    num_words = np.diff(words.first)
    usable = np.zeros(len(items), np.bool_)
    usable[owners[num_words >= settings.minimum_words]] = True
    owners = _first_equal(words, owners, len(items))[owners]
    long = num_words >= settings.ngram_words
    short = ~long & (num_words >= settings.minimum_words)
    letters = _letters_before(folded, words)
    ngrams = _distinct_ngrams(words, owners, long, letters, settings)
    shared = ngrams.group_by("key").len().filter(pl.col("len") > settings.maximum_items)
    ngrams = ngrams.join(shared, on="key", how="anti").sort("key", "item")
    wholes = _short_fields(words, owners, short, letters, settings)
    counted = np.concatenate([ngrams["item"].to_numpy(), wholes["item"].to_numpy()])
    return NgramIndex(
        ngrams=ngrams["key"].to_numpy(),
        ngram_filter=_key_filter(ngrams["key"].to_numpy()),
        ngram_items=ngrams["item"].to_numpy(),
        prefixes=wholes["prefix"].to_numpy(),
        prefix_filter=_key_filter(wholes["prefix"].to_numpy()),
        wholes=wholes["whole"].to_numpy(),
        lengths=wholes["length"].to_numpy(),
        whole_items=wholes["item"].to_numpy(),
        item_ngrams=np.bincount(counted, minlength=len(items)).astype(np.int64),
        labels=[item.label for item in items],
        ngram_words=settings.ngram_words,
        minimum_words=settings.minimum_words,
        num_ignored=int((~usable).sum()),
        num_common=shared.height,
    )


def save_index(index: NgramIndex, path: Path) -> None:
    """Write an index as one npz file; equal indexes give equal bytes."""
    arrays: dict[str, Any] = {
        name: value for name, value in index._asdict().items() if isinstance(value, np.ndarray)
    }
    numbers = [_FORMAT, index.ngram_words, index.minimum_words, index.num_ignored, index.num_common]
    labels = np.frombuffer("\n".join(index.labels).encode(), np.uint8)
    with path.open("wb") as file:
        np.savez(file, numbers=np.array(numbers, np.int64), labels=labels, **arrays)


def load_index(path: Path) -> NgramIndex:
    """Read what `save_index` wrote.

    Raises:
        CorpusError: The file is no such index.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        version, *numbers = arrays.pop("numbers").tolist()
        labels = arrays.pop("labels").tobytes().decode().split("\n")
        names = ("ngram_words", "minimum_words", "num_ignored", "num_common")
        index = NgramIndex(
            labels=[label for label in labels if label], **dict(zip(names, numbers, strict=True)), **arrays
        )
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        raise CorpusError(
            f"benchmark index {path}: cannot be read ({error}): delete it and build again"
        ) from error
    if version != _FORMAT:
        raise CorpusError(
            f"benchmark index {path}: has format {version}, not {_FORMAT}: delete it and build again"
        )
    return index


def run_keys(
    words: FoldedWords, first: npt.NDArray[np.int64], size: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint64]:
    """Keys of runs of words: run i has `size[i]` words from word `first[i]` on."""
    return _run_keys(words.keys, first.astype(np.int64), size.astype(np.int64))


@numba.njit(cache=True, nogil=True)
def _run_keys(
    words: npt.NDArray[np.uint64], first: npt.NDArray[np.int64], size: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint64]:
    keys = np.empty(len(first), np.uint64)
    for run in range(len(first)):
        key = np.uint64(0)
        for word in words[first[run] : first[run] + size[run]]:
            key = key * BASE + word
        keys[run] = mixed(key)
    return keys


BASE = np.uint64(0x9E3779B97F4A7C15)
"""Of the polynomial over word keys, modulo 2^64, that a run is hashed by: it can roll along a text."""


def _first_equal(words: FoldedWords, owners: npt.NDArray[np.int64], num_items: int) -> npt.NDArray[np.int64]:
    """For each item the first one with the same folded fields."""
    keys = run_keys(words, words.first[:-1], np.diff(words.first))
    content = _content_keys(keys, owners, num_items)
    _, first, inverse = np.unique(content, return_index=True, return_inverse=True)
    return first[inverse].astype(np.int64)


@numba.njit(cache=True, nogil=True)
def _content_keys(
    fields: npt.NDArray[np.uint64], owners: npt.NDArray[np.int64], num_items: int
) -> npt.NDArray[np.uint64]:
    content = np.full(num_items, SEED, np.uint64)
    for index in range(len(fields)):
        content[owners[index]] = mixed(content[owners[index]] * PRIME + fields[index])
    return content


def _letters_before(folded: TextBuffers, words: FoldedWords) -> npt.NDArray[np.int64]:
    """Letters and digits in all words before word i, and in all words."""
    letters = (folded.data & 0xC0 != 0x80) & (folded.data != 0x20)
    before = np.concatenate([[0], np.cumsum(letters)]).astype(np.int64)
    at_starts: npt.NDArray[np.int64] = before[np.append(words.starts, int(folded.offsets[-1]))]
    return at_starts


def _distinct_ngrams(
    words: FoldedWords,
    owners: npt.NDArray[np.int64],
    long: npt.NDArray[np.bool_],
    letters: npt.NDArray[np.int64],
    settings: Decontamination,
) -> pl.DataFrame:
    """Columns `key` and `item`, each pair once."""
    fields, size = np.flatnonzero(long), settings.ngram_words
    counts = np.diff(words.first)[fields] - size + 1
    places = np.repeat(words.first[fields] - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
    items = np.repeat(owners[fields], counts).astype(np.int32)
    telling = letters[places + size] - letters[places] >= settings.minimum_letters
    keys = run_keys(words, places[telling], np.full(int(telling.sum()), size))
    return pl.DataFrame({"key": keys, "item": items[telling]}).unique()


def _short_fields(
    words: FoldedWords,
    owners: npt.NDArray[np.int64],
    short: npt.NDArray[np.bool_],
    letters: npt.NDArray[np.int64],
    settings: Decontamination,
) -> pl.DataFrame:
    """Columns `prefix`, `whole`, `length` and `item`, each row once."""
    telling = letters[words.first[1:]] - letters[words.first[:-1]] >= settings.minimum_letters
    fields = np.flatnonzero(short & telling)
    first, size = words.first[fields], np.diff(words.first)[fields]
    frame = pl.DataFrame(
        {
            "prefix": run_keys(words, first, np.full(len(fields), settings.minimum_words)),
            "whole": run_keys(words, first, size),
            "length": size.astype(np.int32),
            "item": owners[fields].astype(np.int32),
        }
    )
    return frame.unique().sort("prefix", "whole", "item")


def _key_filter(keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint8]:
    """A Bloom filter with two bits for each key: most n-grams are told apart in cache."""
    bits = min(32, max(12, (_FILTER_BITS_PER_KEY * len(keys)).bit_length()))
    packed = np.zeros(1 << (bits - 3), np.uint8)
    for half in (keys >> np.uint64(32), keys):
        slots = half & np.uint64((1 << bits) - 1)
        bit = np.uint8(1) << (slots & np.uint64(7)).astype(np.uint8)
        np.bitwise_or.at(packed, slots >> np.uint64(3), bit)
    return packed
