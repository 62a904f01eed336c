"""Everything that is measured, in memory: documents, how each tokenizer cuts them, and what was tried."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from tqdm import tqdm

from tokenization.fertility_config import FertilityConfig
from tokenization.loading import Tokenizer, open_tokenizer
from tokenization.loading.texts import read_parallel, read_texts
from tokenization.measures.cutting import Cut, as_given, cut, tried_documents
from tokenization.measures.round_trip import RoundTrip, round_trip
from tokenization.measures.slices import Slice, digest, make_slices
from tokenization.measures.sums import Columns, piece_sums, text_sums
from tokenization.measures.tashkeel import MARK, Tashkeel, fixed_words, try_marks
from tokenization.measures.units import Units, split

VOCALIZED_WORDS = 2000
"""Vocalized words of the texts that are tried at most."""


@dataclass(frozen=True)
class Study:
    """Documents, tokenizers, and how these cut those; lists of one entry per tokenizer have the tokenizers' order."""

    config: FertilityConfig
    documents: pl.DataFrame
    units: Units
    slices: Sequence[Slice]
    parallel: dict[str, pl.DataFrame]
    tokenizers: Sequence[Tokenizer]
    cuts: Sequence[Cut]
    sums: Sequence[Columns]
    parallel_pieces: Sequence[dict[str, NDArray[np.float64]]]
    trips: Sequence[RoundTrip]
    tashkeel: Sequence[Tashkeel]

    @cached_property
    def of_texts(self) -> Columns:
        """Words, characters and bytes of each document."""
        return text_sums(self.documents["text"].to_list(), self.units)

    @cached_property
    def digests(self) -> list[str]:
        """Digest of the texts of each slice."""
        return [digest(self.documents["text"][each.rows]) for each in self.slices]

    @property
    def main(self) -> Slice:
        """The slice that figures without a slice are of: all Arabic, or the language with the most text."""
        return next((each for each in self.slices if each.name == "ar"), self.slices[0])

    def showable(self, chosen: Slice) -> NDArray[np.int64]:
        """Documents of a slice whose words may be shown."""
        return np.asarray(chosen.rows[self.documents["showable"].to_numpy()[chosen.rows]], np.int64)

    def place(self, words: Sequence[str], number: int) -> list[str]:
        """Words as tokenizer `number` is given a word that stands after a space."""
        return as_given([f" {word}" for word in words], bare=self.cuts[number].bare)


def make_study(config: FertilityConfig, warn: Callable[[str], None]) -> Study:
    """Read all texts, open all tokenizers, and cut.

    Raises:
        TokenizationError: A text or a tokenizer that cannot be used.
        CorpusError: A file that cannot be read.
    """
    tokenizers = [open_tokenizer(each.path, each.label, each.pattern) for each in config.tokenizers]
    documents = read_texts(config.texts, config.sample_megabytes, config.seed)
    parallel = {each.name: read_parallel(each) for each in config.parallel}
    units = split(documents["text"])
    texts = documents["text"].to_list()
    tried = tried_documents(texts, config.seed)
    words = _vocalized(units)
    found: list[tuple[Any, ...]] = []
    with tqdm(
        total=len(tokenizers), desc=f"{'cutting texts':<22}", unit="tokenizer", dynamic_ncols=True
    ) as bar:
        for tokenizer in tokenizers:
            bar.set_postfix_str(tokenizer.name)
            own = cut(tokenizer, units, texts, tried)
            given = as_given([f" {word}" for word in words], bare=own.bare)
            found.append((
                own,
                piece_sums(own, units, tokenizer.pieces, tokenizer.unknown_id),
                {name: _pairs(tokenizer, frame) for name, frame in parallel.items()},
                round_trip(tokenizer, [texts[i] for i in tried]),
                try_marks(tokenizer, words, given, config.resamples, config.seed),
            ))  # fmt: skip
            bar.update()
    study = Study(
        config, documents, units, make_slices(documents), parallel, tokenizers, *map(list, zip(*found, strict=True))
    )  # fmt: skip
    _warn(study, warn)
    return study


def versions() -> dict[str, str]:
    """Versions of the packages that figures can depend on."""
    return {
        name: version(name) for name in ("daad", "numpy", "polars", "sentencepiece", "tiktoken", "tokenizers")
    }


def _vocalized(units: Units) -> list[str]:
    """Words with tashkeel: the most frequent ones of the texts, and the fixed list."""
    times = np.bincount(units.running, minlength=len(units.words))
    ranked = np.argsort(-times, kind="stable")
    own = (units.words[i] for i in ranked)
    marked = [word for word in own if MARK.search(word)][:VOCALIZED_WORDS]
    return list(dict.fromkeys([*fixed_words(), *marked]))


def _pairs(tokenizer: Tokenizer, frame: pl.DataFrame) -> NDArray[np.float64]:
    """Pieces of both sides of each pair."""
    sides = [tokenizer.encode_batch(frame[name].to_list()).counts for name in frame.columns]
    return np.column_stack(sides).astype(np.float64)


def _warn(study: Study, warn: Callable[[str], None]) -> None:
    """One line for each tokenizer that loses text."""
    for tokenizer, trip in zip(study.tokenizers, study.trips, strict=True):
        if not trip.passed:
            warn(
                f"tokenizer {tokenizer.name} does not give back what it was given: {trip.texts - trip.same} of "
                f"{trip.texts} documents differ after decoding ({trip.fault} in the first)"
            )
