"""A byte-level base as the expansion uses it: `tokenization.base.Base` for tokenizer.json, tiktoken, tekken, GGUF."""

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from corpus.pipeline.atomic import atomic_path
from tokenization.base import Additions, Encode, Evidence
from tokenization.byte_level_base.additions import Learned, count_made, describe, learn_merges
from tokenization.byte_level_base.base_definition import ByteLevelBase
from tokenization.byte_level_base.encoding import encoder
from tokenization.byte_level_base.expanded import (
    expand_definition,
    expand_settings,
    is_reserve,
    reserve_pieces,
    to_json,
)
from tokenization.byte_level_base.patterns import extend_pre_tokenizer
from tokenization.byte_level_base.reading import read_base
from tokenization.byte_level_base.words import cut_words
from tokenization.errors import TokenizationError
from tokenization.proofs.proof import Proof


def read_byte_level_base(path: Path) -> "ByteLevelExpansion":
    """Read a byte-level base.

    Raises:
        TokenizationError: It is damaged, no byte-level BPE, or cuts words in a way that cannot be extended.
        OSError: It cannot be read.
    """
    base = read_base(path)
    extend_pre_tokenizer(base.definition["pre_tokenizer"], str(base.path))
    if any(is_reserve(piece) for piece in base.vocabulary):
        raise TokenizationError(
            f"{base.path}: is an expanded tokenizer already; name the base that it was made from"
        )
    return ByteLevelExpansion(base)


class ByteLevelExpansion:
    """A byte-level base that can be expanded."""

    starts_with_space = False
    add_phrases = None  # the pre-tokenizer parts words before any merge

    def __init__(self, base: ByteLevelBase) -> None:
        self.base = base

    @property
    def path(self) -> Path:
        """The file that it was read from."""
        return self.base.path

    @property
    def kind(self) -> str:
        """Its family and form."""
        return f"byte_level {self.base.kind}"

    @property
    def size(self) -> int:
        """The id of the first new piece."""
        return self.base.size

    @cached_property
    def _encode(self) -> Encode:
        return encoder(self.base.definition)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids as the base gives them."""
        return self._encode(texts)

    def learn(self, words: pl.DataFrame, num_pieces: int, *, clitic_share: float = 1.0) -> Additions:
        """Learn pieces that go on where the base's own cuts end; see `tokenization.base.Base.learn`."""
        from tokenization.learning import learn

        learned = learn_merges(self.base, words, num_pieces, learn, clitic_share=clitic_share)
        return describe(self.base, learned, self._count(learned, words))

    def write(self, additions: Additions, num_reserve: int, directory: Path) -> list[str]:
        """Write tokenizer.json and tokenizer_config.json; return the reserve pieces, in id order."""
        definition = expand_definition(self.base, additions, num_reserve)
        for name, content in (
            ("tokenizer.json", definition),
            ("tokenizer_config.json", expand_settings(self.base)),
        ):
            with atomic_path(directory / name) as partial:
                partial.write_text(to_json(content), encoding="utf-8")
        return reserve_pieces(self.base, len(additions), num_reserve)

    def load(self, directory: Path) -> Encode:
        """How the tokenizer written there cuts texts."""
        return encoder(_read_definition(directory))

    def prove(
        self, additions: Additions, num_reserve: int, directory: Path, evidence: Evidence
    ) -> list[Proof]:
        """Try all that is claimed of the tokenizer written there."""
        from tokenization.proofs.byte_level import prove_byte_level
        from tokenization.proofs.byte_level_subject import Subject

        subject = Subject(
            base=self.base,
            additions=additions,
            num_reserve=num_reserve,
            directory=directory,
            evidence=evidence,
        )
        return prove_byte_level(subject)

    def _count(self, learned: Learned, words: pl.DataFrame) -> list[int]:
        unsized = describe(self.base, learned, [0] * len(learned.pairs))
        counts = words["count"].cast(pl.Float64).to_numpy()
        cut = cut_words(expand_definition(self.base, unsized, 0), words["word"].to_list(), np.asarray(counts))
        return count_made(self.base, learned, cut)


def _read_definition(directory: Path) -> dict[str, Any]:
    definition: dict[str, Any] = json.loads((directory / "tokenizer.json").read_text(encoding="utf-8"))
    return definition
