"""What a user can set of decontamination. Standard library only: `--help` loads this."""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Decontamination:
    """Drop text that holds items of benchmarks, so that a model is not tested on what it was trained on.

    Attributes:
        benchmarks: Files or globs of CSV, TSV, JSONL, JSON or Parquet, each also .gz; local or fsspec URLs.
        text_columns: Columns (keys) to read; empty for all text.
        header: Whether the first row of CSV and TSV files names the columns; auto looks whether it could.
        ngram_words: Words of the n-grams compared (GPT-3: 13).
        minimum_words: A field shorter than an n-gram is matched whole if it has so many words.
        minimum_letters: Shorter n-grams and fields are ignored: formulas such as "x 2 x 1" say nothing.
        maximum_items: N-grams that stand in more items than this are phrases of the benchmark's own, such as
            "which of the following statements is true of", and are ignored.
        minimum_matches: N-grams of one item that a document must hold to be dropped.
    """

    benchmarks: list[str] = field(default_factory=list)
    text_columns: list[str] = field(default_factory=list)
    header: Literal["auto", "yes", "no"] = "auto"
    ngram_words: int = 13
    minimum_words: int = 8
    minimum_letters: int = 26
    maximum_items: int = 5
    minimum_matches: int = 1

    def __post_init__(self) -> None:
        for name in ("minimum_words", "minimum_letters", "maximum_items", "minimum_matches"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.ngram_words < self.minimum_words:
            raise ValueError(
                f"ngram_words must be at least minimum_words ({self.minimum_words}), got {self.ngram_words}"
            )
