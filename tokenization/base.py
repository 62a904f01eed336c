"""What the expansion needs of a base tokenizer; SentencePiece and byte-level bases each fill it in their own way.

A base learns pieces from words, writes the expanded tokenizer, and proves it. The pipeline around it (sample, sizes,
series, manifest, page) is the same for both.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from tokenization.proofs.proof import Proof

Role = Literal["learned", "character"]


@dataclass(frozen=True, kw_only=True)
class Additions:
    """New pieces in the order of their ids, which begin at the base's size; reserve pieces are not among them.

    Any first few of them are Additions too: that is what makes vocabularies nested.

    Attributes:
        pieces: Each as it is spelled in the vocabulary.
        texts: What each stands for, a space for U+2581; None where its bytes are no whole UTF-8.
        parts: Ids that join to make each, of the base or of earlier additions: two for a learned piece, the base's
            own cut for a character. Joining saves `len(parts) - 1` pieces, so the curve of sizes follows from it.
        base_ids: The base's own cut of each, down to ids of the base.
        roles: "learned", or "character" for one that the base spells in bytes.
        counts: How often each is made in the sample, weights apart.
    """

    pieces: Sequence[str]
    texts: Sequence[str | None]
    parts: Sequence[Sequence[int]]
    base_ids: Sequence[Sequence[int]]
    roles: Sequence[Role]
    counts: Sequence[int]

    def __len__(self) -> int:
        return len(self.pieces)

    def times_made(self, uses: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """How often each is made, given how often each id (int64[base size + additions]) stands in a final cut.

        A piece is made where it stays, and where a later one is made of it; parts are always earlier.
        """
        made, first = uses.copy(), len(uses) - len(self)
        for position in range(len(self) - 1, -1, -1):
            for part in self.parts[position]:
                made[part] += made[first + position]
        return made[first:]

    def first(self, number: int) -> "Additions":
        """The first so many of them."""
        return Additions(
            pieces=self.pieces[:number],
            texts=self.texts[:number],
            parts=self.parts[:number],
            base_ids=self.base_ids[:number],
            roles=self.roles[:number],
            counts=self.counts[:number],
        )


Encode = Callable[[Sequence[str]], list[list[int]]]
"""Texts to ids, without bos or eos, literal specials being text."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a tokenizer is proven on.

    Attributes:
        texts: Yields all documents of the corpus, some at a time; may be called again and again.
        seed: For the texts that proofs make up.
    """

    texts: Callable[[], Iterator[list[str]]]
    seed: int = 0


AddPhrases = Callable[[Additions, pl.DataFrame, Callable[[], Iterator[pl.Series]], int], Additions]
"""Append pieces that join whole words: what is learned within words, `words` as for `Base.learn`, the running text
of the sample (some documents at a time, again at every call), and how many. Fewer come back where the text holds no
more. They come last and build on what is there, so that words are cut as without them.
"""


class Base(Protocol):
    """A base tokenizer that can be expanded."""

    @property
    def path(self) -> Path:
        """The file that it was read from."""

    @property
    def kind(self) -> str:
        """Its family and form, for the manifest, as "sentencepiece" or "byte_level tokenizer.json"."""

    @property
    def size(self) -> int:
        """Its pieces, specials included: the id of the first new piece."""

    @property
    def starts_with_space(self) -> bool:
        """Whether it cuts a text as if a space stood before it (SentencePiece's dummy prefix)."""

    @property
    def add_phrases(self) -> AddPhrases | None:
        """How pieces that join words are appended; None where text is cut into words before anything joins."""

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids as the base gives them."""

    def learn(self, words: pl.DataFrame, num_pieces: int, *, clitic_share: float = 1.0) -> Additions:
        """Learn pieces within words that go on where the base's own cuts end.

        `words` has columns word (an Arabic run, after one space where one stands before it), weight (float64, what
        learning goes by) and count (int64, occurrences); characters that are in no word, digits and punctuation,
        come as words of one character. A join across the boundary of a clitic counts `clitic_share` of what others do;
        1 is plain BPE. Fewer than `num_pieces` come back where the words hold no more.
        """

    def write(self, additions: Additions, num_reserve: int, directory: Path) -> list[str]:
        """Write the expanded tokenizer's files into an empty directory; return the reserve pieces, in id order."""

    def load(self, directory: Path) -> Encode:
        """How the tokenizer written there cuts texts."""

    def prove(
        self, additions: Additions, num_reserve: int, directory: Path, evidence: Evidence
    ) -> list[Proof]:
        """Try all that is claimed of the tokenizer written there; each claim comes back as passed or not."""
