"""Letters and function words that tell languages of one script apart."""

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from corpus.text_buffers import Bytes, Offsets, TextBuffers

LANGUAGES = ("ar", "fa", "ur", "ckb", "ps", "ug", "sd", "en")
"""Languages that letters and words speak for or against, in the order of the columns of `weigh`."""

FILE = Path(__file__).with_suffix(".json")
"""Words and letters. `function_words`: frequent words that are rare in other languages of the same script.
`egyptian_words`: words of Egyptian Arabic that Modern Standard Arabic has not. `letters`: what each adds to
the log-odds of a language, judged from the alphabets (Arabic borrows some for names)."""

ARTICLE_WEIGHT = 0.7
"""Log-odds for Arabic of a word with the article; Persian and Urdu have it in loans and names only."""

VOCALIZED = 0.1
"""Marks per byte from which a text is vocalized: on a fifth of the letters; no other language has that."""

VOCALIZED_ODDS = 10.0
"""Nats for Arabic where a text is vocalized, whatever letters and words say."""

STRONGEST = 8.0
"""Evidence against the best language is never stronger than this many nats, however long the text."""

_TABLE_SIZE = 1024


class Evidence(NamedTuple):
    """Odds in nats by sample and language, float32[samples, languages + 1], and the number of Egyptian words.

    The last column is any other language, for which no letter and no word speaks.
    """

    odds: npt.NDArray[np.float32]
    egyptian_words: npt.NDArray[np.float32]


class _Tables(NamedTuple):
    letters: npt.NDArray[np.float32]  # [256, languages], code points U+0600 to U+06FF
    keys: npt.NDArray[np.uint64]  # open addressing, 0 where empty
    languages: npt.NDArray[np.int64]  # column by slot; that of Egyptian is len(LANGUAGES)


def weigh(samples: TextBuffers, vocalized: npt.NDArray[np.float64]) -> Evidence:
    """What letters, function words and tashkeel say of each sample.

    `vocalized` is the number of marks per byte of the sample: Arabic is told by them even where it was
    typed on an Urdu keyboard, with heh goal and Farsi yeh.
    """
    tables = _tables()
    sums = _weigh(samples.data, samples.offsets, tables.letters, tables.keys, tables.languages)
    odds = np.concatenate([sums[:, : len(LANGUAGES)], np.zeros((len(samples), 1), np.float32)], axis=1)
    odds -= odds.max(axis=1, keepdims=True)
    np.maximum(odds, -STRONGEST, out=odds)
    marked = vocalized >= VOCALIZED
    odds[marked, 0] = VOCALIZED_ODDS
    return Evidence(odds, sums[:, len(LANGUAGES)])


@cache
def _tables() -> _Tables:
    known = json.loads(FILE.read_text(encoding="utf-8"))
    letters = np.zeros((256, len(LANGUAGES)), np.float32)
    for group, weights in known["letters"].items():
        for letter in group:
            for language, weight in weights.items():
                letters[ord(letter) - 0x600, LANGUAGES.index(language)] = weight
    keys = np.zeros(_TABLE_SIZE, np.uint64)
    languages = np.zeros(_TABLE_SIZE, np.int64)
    words = [
        (word, LANGUAGES.index(name))
        for name, text in known["function_words"].items()
        for word in text.split()
    ]
    words += [(word, len(LANGUAGES)) for word in known["egyptian_words"].split()]
    for word, language in words:
        data = np.frombuffer(word.encode(), np.uint8)
        key = _hash(data, 0, len(data), language == len(LANGUAGES))
        slot = int(key) % _TABLE_SIZE
        while keys[slot] not in (0, key):
            slot = (slot + 1) % _TABLE_SIZE
        if keys[slot] == key and languages[slot] != language:
            raise ValueError(f"function words must belong to one language, got {word!r} twice")
        keys[slot], languages[slot] = key, language
    return _Tables(letters, keys, languages)


@numba.njit(cache=True, nogil=True)
def _hash(data: Bytes, start: int, end: int, egyptian: bool) -> np.uint64:
    """FNV-1a of a word, ASCII in lower case, Farsi yeh, keheh and heh goal as the Arabic letters."""
    key = np.uint64(0xCBF29CE484222325) ^ np.uint64(egyptian)
    position = start
    while position < end:
        byte = data[position]
        if byte == 0xDB and position + 1 < end and data[position + 1] in (0x8C, 0x81):
            code = np.uint64(0x64A if data[position + 1] == 0x8C else 0x647)
            position += 2
        elif byte == 0xDA and position + 1 < end and data[position + 1] in (0xA9, 0xBE):
            code = np.uint64(0x643 if data[position + 1] == 0xA9 else 0x647)
            position += 2
        elif byte >= 0xC0 and byte < 0xE0 and position + 1 < end:
            code = (np.uint64(byte & 0x1F) << np.uint64(6)) | np.uint64(data[position + 1] & 0x3F)
            position += 2
        else:
            code = np.uint64(byte | 0x20 if 0x41 <= byte <= 0x5A else byte)
            position += 1
        key = (key ^ code) * np.uint64(0x100000001B3)
    return key


@numba.njit(cache=True, nogil=True)
def _find(key: np.uint64, keys: npt.NDArray[np.uint64]) -> int:
    """Slot of the key, -1 where it is not in the table."""
    mask = np.uint64(len(keys) - 1)
    slot = key & mask
    while keys[slot] != 0:
        if keys[slot] == key:
            return int(np.int64(slot))
        slot = (slot + np.uint64(1)) & mask
    return -1


@numba.njit(cache=True, nogil=True)
def _is_letter(data: Bytes, position: int) -> bool:
    """Whether a character of a word starts or goes on here: letters of Latin and Arabic script."""
    byte = data[position]
    if byte < 0x80:
        return bool(np.uint8((byte | 0x20) - 0x61) < 26)
    if byte == 0xD8:
        return bool(data[position + 1] not in (0x8C, 0x9B, 0x9F))
    if byte == 0xD9:
        return bool(data[position + 1] <= 0x8A or data[position + 1] >= 0xAE)
    if byte == 0xDB:
        return bool(data[position + 1] != 0x94)
    return bool(0xC3 <= byte < 0xE0)  # below are signs such as a guillemet or a no-break space


@numba.njit(cache=True, nogil=True)
def _width(byte: int) -> int:
    """Bytes of the character that this one begins."""
    return 1 if byte < 0x80 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4


@numba.njit(cache=True, nogil=True)
def _weigh(
    data: Bytes,
    offsets: Offsets,
    letters: npt.NDArray[np.float32],
    keys: npt.NDArray[np.uint64],
    languages: npt.NDArray[np.int64],
) -> npt.NDArray[np.float32]:
    num_languages = letters.shape[1]
    weights = np.zeros((len(offsets) - 1, num_languages + 1), np.float32)
    for sample in range(len(offsets) - 1):
        position, end = offsets[sample], offsets[sample + 1]
        while position < end:
            if not _is_letter(data, position):
                position += _width(data[position])
                continue
            start = position
            while position < end and _is_letter(data, position):
                byte = data[position]
                if 0xD8 <= byte <= 0xDB:
                    low = ((byte & 0x03) << 6) | (data[position + 1] & 0x3F)
                    for language in range(num_languages):
                        weights[sample, language] += letters[low, language]
                position += 1 if byte < 0x80 else 2
            if 0xD8 <= data[start] <= 0xDB:
                weights[sample, 0] += np.float32(ARTICLE_WEIGHT) * _has_article(data, start, position)
                slot = _find(_hash(data, start, position, True), keys)
                if slot >= 0:
                    weights[sample, num_languages] += 1
            slot = _find(_hash(data, start, position, False), keys)
            if slot >= 0:
                weights[sample, languages[slot]] += 1
    return weights


@numba.njit(cache=True, nogil=True)
def _has_article(data: Bytes, start: int, end: int) -> bool:
    """Alef and lam at the start or after waw, feh, beh or kaf, with three letters or more to follow."""
    if end - start < 10:
        return False
    first, second = data[start], data[start + 1]
    if (first == 0xD9 and second in (0x88, 0x81, 0x83)) or (first == 0xD8 and second == 0xA8):
        start += 2
    return (
        end - start >= 10
        and data[start] == 0xD8
        and data[start + 1] == 0xA7
        and data[start + 2] == 0xD9
        and data[start + 3] == 0x84
    )
