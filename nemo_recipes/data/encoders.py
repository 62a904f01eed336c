"""Texts to token ids, a column at a time.

Encoders give the ids of all texts in one array, and how many each text has. Control and special pieces that are spelled
out in a text are text: the ids of document ends come from `part` alone.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nemo_recipes.data.tokenizer import Tokenizer

_SPACE = "\N{LOWER ONE EIGHTH BLOCK}"
"""SentencePiece's sign for a space; the same sign in a text counts as one too."""

_WORDS = f"[ {_SPACE}]*[^ {_SPACE}]+|[ {_SPACE}]+"
"""A word with the run of spaces before it, or a run of spaces at the end."""

_MOST_WORDS = 2_000_000
"""Words remembered at a time, some 300 MB; then the memory starts anew."""


@dataclass(frozen=True)
class Encoded:
    """Token ids of texts one after another (int32), and tokens of each text (int64)."""

    ids: NDArray[np.int32]
    lengths: NDArray[np.int64]


class Encoder(Protocol):
    """Anything that turns texts into ids."""

    def encode(self, texts: pl.Series) -> Encoded:
        """Ids of each text, without begin and end of document."""


def make_encoder(tokenizer: Tokenizer, kind: str) -> Encoder:
    """The encoder of a kind that `choose_kind` gave."""
    if kind == "fast":
        assert tokenizer.fast_file is not None
        return FastEncoder(tokenizer.fast_file)
    assert tokenizer.sentencepiece_file is not None
    model = tokenizer.sentencepiece_file
    return WordEncoder(model) if kind == "sentencepiece words" else SentencePieceEncoder(model)


def choose_kind(tokenizer: Tokenizer, sample: pl.Series) -> str:
    """The fastest encoder that gives a tokenizer's ids: `fast`, `sentencepiece` or `sentencepiece words`.

    A directory that holds both a Hugging Face file and a SentencePiece model is read by the model where both cut the
    sample alike; where they differ the Hugging Face file rules, since it is what the exported model will be used with.
    """
    if tokenizer.sentencepiece_file is None:
        return "fast"
    kind = "sentencepiece words" if words_are_independent(tokenizer.sentencepiece_file) else "sentencepiece"
    if tokenizer.fast_file is None:
        return kind
    ours, theirs = (
        make_encoder(tokenizer, kind).encode(sample),
        make_encoder(tokenizer, "fast").encode(sample),
    )
    same = np.array_equal(ours.ids, theirs.ids) and np.array_equal(ours.lengths, theirs.lengths)
    return kind if same else "fast"


class FastEncoder:
    """A Hugging Face fast tokenizer."""

    def __init__(self, path: Path) -> None:
        # One thread for each worker; must be set before the library starts its own.
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        import tokenizers

        self._tokenizer = tokenizers.Tokenizer.from_file(str(path))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._tokenizer.encode_special_tokens = True

    def encode(self, texts: pl.Series) -> Encoded:
        """Ids of each text."""
        encodings = self._tokenizer.encode_batch_fast(texts.to_list(), add_special_tokens=False)
        return _joined([encoding.ids for encoding in encodings])


class SentencePieceEncoder:
    """A SentencePiece model, as it is."""

    def __init__(self, path: Path) -> None:
        from sentencepiece import SentencePieceProcessor

        self._processor = SentencePieceProcessor(model_file=str(path))

    def encode(self, texts: pl.Series) -> Encoded:
        """Ids of each text."""
        return _joined(self._processor.encode(texts.to_list(), num_threads=1))


class WordEncoder:
    """A SentencePiece model that encodes each distinct word once; for models whose `words_are_independent`.

    No piece reaches from one word into the next, so the ids of a text are those of its words, one after another. A
    worker meets most words again and again: this is about twice as fast as encoding each text.
    """

    def __init__(self, path: Path) -> None:
        from sentencepiece import SentencePieceProcessor

        model = _read_model(path)
        self._prefix = " " if model.normalizer_spec.add_dummy_prefix else ""
        model.normalizer_spec.add_dummy_prefix = False
        self._processor = SentencePieceProcessor(model_proto=model.SerializeToString())
        self._numbers: dict[str, int] = {}
        self._ids = np.zeros(0, np.int32)
        self._lengths = np.zeros(0, np.int64)
        self._starts = np.zeros(0, np.int64)

    def encode(self, texts: pl.Series) -> Encoded:
        """Ids of each text."""
        if self._prefix:  # an empty text gets none
            prefixed = pl.when(pl.col("t").str.len_bytes() > 0).then(pl.lit(self._prefix) + pl.col("t"))
            texts = texts.to_frame("t").select(prefixed.otherwise(pl.col("t")))["literal"]
        words = texts.str.extract_all(_WORDS)
        words_of_text = words.list.len().to_numpy().astype(np.int64)
        distinct = words.list.explode(keep_nulls=False, empty_as_null=False).to_arrow().dictionary_encode()
        places = self._places(distinct.dictionary.to_pylist())[distinct.indices.to_numpy()]
        lengths = self._lengths[places]
        ends = np.cumsum(lengths)
        size = int(ends[-1]) if len(ends) else 0
        shifts = self._starts[places] - (ends - lengths)
        ids = self._ids[np.arange(size) + np.repeat(shifts, lengths)]
        before = np.concatenate(([0], ends))
        last = np.cumsum(words_of_text)
        return Encoded(ids, before[last] - before[last - words_of_text])

    def _places(self, words: Sequence[str]) -> NDArray[np.int64]:
        """Where each word stands among those remembered; new ones are encoded first."""
        if len(self._numbers) > _MOST_WORDS:
            self._numbers = {}
            self._ids, self._lengths, self._starts = self._ids[:0], self._lengths[:0], self._starts[:0]
        numbers = self._numbers
        new = [word for word in words if word not in numbers]
        if new:
            numbers.update(zip(new, range(len(numbers), len(numbers) + len(new)), strict=True))
            encoded = _joined(self._processor.encode(new, num_threads=1))
            self._ids = np.concatenate((self._ids, encoded.ids))
            self._lengths = np.concatenate((self._lengths, encoded.lengths))
            self._starts = np.cumsum(self._lengths) - self._lengths
        return np.fromiter(map(numbers.__getitem__, words), np.int64, len(words))


def words_are_independent(path: Path) -> bool:
    """Whether a text's ids are those of its words: BPE that rewrites nothing, with no piece across two words."""
    model = _read_model(path)
    rules = model.normalizer_spec
    plain = rules.name == "identity" and not rules.precompiled_charsmap and not rules.remove_extra_whitespaces
    is_bpe = model.trainer_spec.model_type == model.trainer_spec.BPE
    suffixed = model.trainer_spec.treat_whitespace_as_suffix
    inside = any(_SPACE in piece.piece.lstrip(_SPACE) for piece in model.pieces)
    return plain and is_bpe and not suffixed and rules.escape_whitespaces and not inside


def _read_model(path: Path) -> Any:
    from sentencepiece import sentencepiece_model_pb2

    model: Any = sentencepiece_model_pb2.ModelProto()  # type: ignore[attr-defined]  # made at run time
    model.ParseFromString(path.read_bytes())
    return model


def _joined(lists: Sequence[Sequence[int]]) -> Encoded:
    lengths = np.fromiter(map(len, lists), np.int64, len(lists))
    return Encoded(np.fromiter(chain.from_iterable(lists), np.int32, int(lengths.sum())), lengths)
