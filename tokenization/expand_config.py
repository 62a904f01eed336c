"""What a user can set of an expansion. Standard library only: `--help` loads this."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

STRATA = ("language", "source", "domain", "dialect")
"""Columns of the shards that a weight can be given for."""


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """Which documents pieces are learned from, and how much each kind of text counts.

    Documents of the same language, source, domain and dialect are a stratum. A stratum of n words has a share of the
    sample in proportion to n to the power of `exponent`, times the weights of its labels.

    Attributes:
        languages: Languages to learn from; empty for Arabic alone, and for Arabic and English from scratch.
        exponent: 1 counts every word alike, 0 gives every stratum the same share; between them large sources count
            for more, but do not dominate.
        weights: Factors for strata by label, as {dialect: {arz: 2.0}, source: {hadith: 0.2}}; labels that are not
            named count once, and 0 leaves one out.
        megabytes: At most so much text is read, in millions of characters, chosen by ids, the same part of every
            stratum; 0 for all.
        held_out_percent: Share of documents that is never learned from, by the rule in tokenization/held_out.py. Other
            commands measure on the first 5 %: with less, on documents that were learned from.
    """

    languages: list[str] = field(default_factory=list)
    exponent: float = 0.7
    weights: dict[str, dict[str, float]] = field(default_factory=dict)
    megabytes: int = 2000
    held_out_percent: int = 5

    def __post_init__(self) -> None:
        if not 0 <= self.exponent <= 1:
            raise ValueError(f"sample.exponent must be from 0 to 1, got {self.exponent}")
        if self.megabytes < 0:
            raise ValueError(f"sample.megabytes must be at least 0, got {self.megabytes}")
        if not 1 <= self.held_out_percent <= 50:
            raise ValueError(f"sample.held_out_percent must be from 1 to 50, got {self.held_out_percent}")
        for column, factors in self.weights.items():
            if column not in STRATA:
                raise ValueError(
                    f"sample.weights must name labels out of {', '.join(STRATA)}, got {column!r}"
                )
            for label, weight in factors.items():
                if not 0 <= weight < math.inf:
                    raise ValueError(
                        f"sample.weights of {column} {label} must be a number of at least 0, got {weight}"
                    )


@dataclass(frozen=True, kw_only=True)
class Choice:
    """How `size: auto` chooses from the curve of fertility against size, measured on held-out documents.

    Attributes:
        most_pieces: The curve is drawn up to so many new pieces.
        step: Pieces between two points of the curve.
        minimum_gain: The choice is the first point after which `step` more pieces save less than this share of the
            pieces that held-out text takes; fewer pieces, at the curve's end, in proportion.
    """

    most_pieces: int = 48_000
    step: int = 1_000
    minimum_gain: float = 0.004

    def __post_init__(self) -> None:
        if self.step < 1:
            raise ValueError(f"choice.step must be at least 1, got {self.step}")
        if self.most_pieces < self.step:
            raise ValueError(f"choice.most_pieces must be at least choice.step, got {self.most_pieces}")
        if not 0 < self.minimum_gain < 1:
            raise ValueError(f"choice.minimum_gain must be between 0 and 1, got {self.minimum_gain}")


@dataclass(frozen=True, kw_only=True)
class ExpandConfig:
    """Expand a base tokenizer with Arabic pieces learned from a corpus, and prove the result before it is written.

    Attributes:
        corpus: Directory that `python -m corpus.build` made, or a pattern of shards, as
            corpus/shards/wiki*.parquet.
        output_dir: Directory of the expanded tokenizer.
        base: SentencePiece model, tokenizer.json, tiktoken, tekken or GGUF file, a directory with one of
            them, or mistral-v1 for the 32,000 pieces in mistral-common.
        pieces: New pieces, reserve apart; 0 leaves it to `size`.
        size: Size of the vocabulary, the base included, before reserve fills it up to `multiple`; auto chooses from the
            curve (see choice).
        multiple: The vocabulary is filled up with reserve pieces to a multiple of this, for the matrix kernels.
        series: Progressive expansion: numbers of new pieces, each written below series/ as a tokenizer of its own; each
            is, its reserve apart, the beginning of the next.
        phrases: Of the new pieces, so many join whole words that often stand side by side, as "in the year".
            They come last, so cuts within words do not move; text takes fewer pieces, but a piece is then more than a
            word. SentencePiece bases only.
        clitic_share: How much a join across the boundary of a clitic (as "and" or "his") counts in learning, told
            by rules that ask the corpus for evidence: 1 is plain BPE; with 0 no join is learned for the sake of
            places across one. A half costs no compression and puts more boundaries where morphology has them.
        scratch: Train a tokenizer of `size` pieces from scratch instead, with sentencepiece's own trainer, on the
            languages of the sample; `base` and `pieces` are not used.
        update: Write over a tokenizer that another config or corpus made.
        workers: Threads of the from-scratch trainer; 0 for one per core.
        prove_megabytes: Proofs try so much of the corpus, in millions of characters, documents chosen by their ids; 0
            for all of it. The manifest tells what each was tried on.
        seed: For texts that proofs make up.
        sample: What is learned from.
        choice: How `size: auto` chooses.
    """

    corpus: str
    output_dir: str
    base: str = "mistral-v1"
    pieces: int = 0
    size: int | Literal["auto"] = "auto"
    multiple: int = 128
    series: list[int] = field(default_factory=list)
    phrases: int = 0
    clitic_share: float = 0.5
    scratch: bool = False
    update: bool = False
    workers: int = 0
    prove_megabytes: int = 0
    seed: int = 0
    sample: Sampling = field(default_factory=Sampling)
    choice: Choice = field(default_factory=Choice)

    def __post_init__(self) -> None:
        for setting in ("corpus", "output_dir", "base"):
            if not getattr(self, setting):
                raise ValueError(f"{setting} must not be empty")
        if self.pieces < 0:
            raise ValueError(f"pieces must be at least 0, got {self.pieces}")
        if self.size != "auto" and self.size < 1:
            raise ValueError(f"size must be auto or at least 1, got {self.size}")
        if self.pieces and self.size != "auto":
            raise ValueError(f"pieces and size must not both be set, got {self.pieces} and {self.size}")
        if self.multiple < 1:
            raise ValueError(f"multiple must be at least 1, got {self.multiple}")
        self._check_phrases()
        if not 0 <= self.clitic_share <= 1:
            raise ValueError(f"clitic_share must be from 0 to 1, got {self.clitic_share}")
        for setting in ("workers", "prove_megabytes"):
            if getattr(self, setting) < 0:
                raise ValueError(f"{setting} must be at least 0, got {getattr(self, setting)}")
        if any(number < 1 for number in self.series) or sorted(set(self.series)) != self.series:
            raise ValueError(f"series must be rising numbers of at least 1, got {self.series}")
        if self.scratch and (self.pieces or self.series or self.phrases):
            raise ValueError(
                "scratch must not be set together with pieces, series or phrases, which expand a base"
            )
        if self.scratch and self.size == "auto":
            raise ValueError("size must be a number with scratch, as 64000")

    def _check_phrases(self) -> None:
        if self.phrases < 0:
            raise ValueError(f"phrases must be at least 0, got {self.phrases}")
        if self.phrases and self.size == "auto":
            if not self.pieces:
                raise ValueError(
                    "phrases must come with pieces or a size, for the curve chooses pieces within words only"
                )
            if self.phrases >= self.pieces:
                raise ValueError(f"phrases must be fewer than pieces, {self.pieces}, got {self.phrases}")

    @property
    def languages(self) -> list[str]:
        """Languages to learn from."""
        return self.sample.languages or (["ar", "en"] if self.scratch else ["ar"])

    def decisive(self) -> dict[str, Any]:
        """All settings that decide what the tokenizer is: where it lies and how many threads make it do not."""
        settings = asdict(self)
        for name in ("output_dir", "update", "workers"):
            del settings[name]
        return settings
