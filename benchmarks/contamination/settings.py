"""What a user can set of the contamination check. Standard library only: `--help` loads this."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from corpus.decontamination.settings import Decontamination
from corpus.dedup.settings import NearDuplicates


@dataclass(frozen=True, kw_only=True)
class ContaminationConfig:
    """Say which benchmark items stand in a corpus, and what a model scores with and without them.

    Attributes:
        corpus: Directory that corpus.build wrote, or any directory of Parquet files with a column text.
        output_dir: Directory for the tables and report.html.
        runs: Output directories of benchmarks.run, apart by commas: their items are looked for, and their scores are
            computed with and without those that were found.
        tasks: Tasks and suites whose items are looked for, apart by commas; needless where runs are given.
        data: Where a task's published files are, as --data.mmlu_ar=DIR.
        ngram_words: Words of the n-grams that are looked for (GPT-3: 13).
        minimum_words: A text shorter than an n-gram is looked for whole if it has so many words.
        minimum_letters: N-grams and texts with fewer letters say nothing and are left out.
        maximum_items: N-grams that more items share are phrases of the benchmark's own and are left out.
        minimum_share: An item is contaminated where more than this share of its n-grams is in the corpus; 0 for any.
        shingle_size: Words of a shingle for MinHash.
        minimum_similarity: Estimated Jaccard similarity of question and paragraph from which they are near-duplicates.
        resamples: Bootstrap samples behind each interval.
        seed: Seed of the bootstrap.
    """

    corpus: str
    output_dir: str
    runs: str = ""
    tasks: str = ""
    data: dict[str, str] = field(default_factory=dict)
    ngram_words: int = 13
    minimum_words: int = 8
    minimum_letters: int = 26
    maximum_items: int = 5
    minimum_share: float = 0.0
    shingle_size: int = 3
    minimum_similarity: float = 0.7
    resamples: int = 10_000
    seed: int = 0

    def __post_init__(self) -> None:
        for setting in ("corpus", "output_dir"):
            if not getattr(self, setting):
                raise ValueError(f"{setting} must not be empty")
        if not (self.runs or self.tasks):
            raise ValueError("runs or tasks must be given: there are no items to look for")
        if not 0 <= self.minimum_share < 1:
            raise ValueError(f"minimum_share must be at least 0 and below 1, got {self.minimum_share}")
        if self.resamples < 100:
            raise ValueError(f"resamples must be at least 100, got {self.resamples}")
        _ = (self.ngrams, self.minhash)  # they check theirs

    @property
    def ngrams(self) -> Decontamination:
        """How n-grams are made and compared."""
        return Decontamination(
            ngram_words=self.ngram_words,
            minimum_words=self.minimum_words,
            minimum_letters=self.minimum_letters,
            maximum_items=self.maximum_items,
        )

    @property
    def minhash(self) -> NearDuplicates:
        """How signatures are made and compared: 32 bands of 4 find .7 with probability .999."""
        return NearDuplicates(
            num_perm=128,
            bands=32,
            rows_per_band=4,
            shingle_size=self.shingle_size,
            minimum_similarity=self.minimum_similarity,
        )

    @property
    def run_directories(self) -> list[Path]:
        """Directories of earlier runs."""
        return [Path(name.strip()) for name in self.runs.split(",") if name.strip()]

    def decisive(self) -> dict[str, Any]:
        """All settings that decide what the figures are."""
        settings = asdict(self)
        del settings["output_dir"]
        return settings
