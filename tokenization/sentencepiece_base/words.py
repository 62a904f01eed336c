"""Words as the base cuts them: what learning starts from."""

from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from tokenization.arabic_script import character_class
from tokenization.sentencepiece_base.model import BYTE, NORMAL, encoder
from tokenization.sentencepiece_base.proto import copy

_CHUNK = 200_000


@dataclass(frozen=True)
class CutWords:
    """Words end to end as ids, broken wherever a character stays in bytes, for bytes never join.

    Attributes:
        symbols: int32[n], ids of the base and, from its size on, of the new characters.
        starts: int64[w + 1].
        word: int64[w], the row that each came from; a broken word comes in several.
    """

    symbols: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]
    word: npt.NDArray[np.int64]


def missing_characters(words: pl.DataFrame, known: dict[str, int], minimum_count: int) -> pl.DataFrame:
    """Arabic characters that the base spells in bytes, the most frequent first: columns character and count."""
    return (
        words.lazy()
        .select(pl.col("word").str.extract_all(f"[{character_class()}]").alias("character"), "count")
        .explode("character", empty_as_null=False)
        .group_by("character")
        .agg(pl.col("count").sum())
        .filter(~pl.col("character").is_in(list(known)) & (pl.col("count") >= minimum_count))
        .sort("count", "character", descending=[True, False])
        .collect()
    )


def cut_words(proto: Any, characters: list[str], words: pl.Series) -> CutWords:
    """Cut words with a model that knows the new characters besides its own pieces."""
    with_characters = copy(proto)
    for character in characters:
        with_characters.pieces.add(piece=character, score=0.0, type=NORMAL)
    symbols, lengths = encode_words(with_characters, words)
    is_byte = np.fromiter((piece.type == BYTE for piece in with_characters.pieces), np.bool_)
    return _break_at(symbols, lengths, is_byte)


def encode_words(proto: Any, words: pl.Series) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Ids of words end to end, int32[n], and how many each has, int64[w]."""
    encode = encoder(proto, dummy_prefix=False)
    ids, lengths = [np.empty(0, np.int32)], [np.empty(0, np.int64)]
    for offset in range(0, len(words), _CHUNK):
        cut = encode(words[offset : offset + _CHUNK].to_list())
        lengths.append(np.fromiter(map(len, cut), np.int64, len(cut)))
        ids.append(np.fromiter(chain.from_iterable(cut), np.int32, int(lengths[-1].sum())))
    return np.concatenate(ids), np.concatenate(lengths)


def _break_at(
    symbols: npt.NDArray[np.int32], lengths: npt.NDArray[np.int64], is_byte: npt.NDArray[np.bool_]
) -> CutWords:
    """Leave bytes out; what stands on either side of one becomes a word of its own."""
    word = np.repeat(np.arange(len(lengths)), lengths)
    stays = ~is_byte[symbols]
    segment = word + np.cumsum(~stays)  # rises with every new word and with every byte
    symbols, word, segment = symbols[stays], word[stays], segment[stays]
    first = np.flatnonzero(np.diff(segment, prepend=-1) != 0)
    return CutWords(symbols, np.append(first, len(symbols)).astype(np.int64), word[first])
