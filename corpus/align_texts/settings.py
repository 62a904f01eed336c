"""What a user can set of the alignment of texts. Standard library only: `--help` loads this."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from corpus.sources import Source


@dataclass(frozen=True, kw_only=True)
class Beads:
    """How sentences are aligned: lengths (Gale and Church 1993), and what the words or meanings say.

    Attributes:
        length_ratio: Arabic characters that an English one becomes.
        length_variance: Variance of that number, for each character.
        coverage_weight: Nats that the mutual coverage of a good pair is worth; 0 goes by lengths alone.
        coverage_floor: Coverage that is worth nothing: 0 is chance, 1 that of pairs that lengths suggest.
        band: Sentences off the diagonal that are looked at, at least; a tenth of the longer text where that is more.
    """

    length_ratio: float = 0.9
    length_variance: float = 6.8
    coverage_weight: float = 6.0
    coverage_floor: float = 0.3
    band: int = 60

    def __post_init__(self) -> None:
        for name in ("length_ratio", "length_variance"):
            if not 0 < getattr(self, name) < 100:
                raise ValueError(f"{name} must be above 0 and below 100, got {getattr(self, name)}")
        if self.coverage_weight < 0:
            raise ValueError(f"coverage_weight must be at least 0, got {self.coverage_weight}")
        if not 0 <= self.coverage_floor < 1:
            raise ValueError(f"coverage_floor must be from 0 to below 1, got {self.coverage_floor}")
        if self.band < 1:
            raise ValueError(f"band must be at least 1, got {self.band}")


@dataclass(frozen=True, kw_only=True)
class AlignTexts:
    """Align documents that say the same in English and Arabic, sentence by sentence.

    Attributes:
        output_dir: Directory of the pairs, as a corpus, and of the manifest.
        english: English documents; see `corpus/sources.py`.
        arabic: Arabic documents.
        match: How documents find one another: id (the same id on both sides) or content (numbers, addresses, names in
            Latin letters and, in a second round, words that the first round taught).
        minimum_similarity: Least similarity of two documents that are matched by content, 0 to 1.
        scorer: What tells sentences that say the same: lexicon (learned from a first round by lengths), lengths alone,
            or the directory of an embedding model.
        minimum_score: Pairs of sentences whose mutual coverage is below are left out of the output.
        beads: How sentences are aligned.
        device: Where an embedding model runs.
    """

    output_dir: str
    english: Source
    arabic: Source
    match: Literal["id", "content"] = "id"
    minimum_similarity: float = 0.1
    scorer: str = "lexicon"
    minimum_score: float = 0.0
    beads: Beads = field(default_factory=Beads)
    device: str = "cpu"

    def __post_init__(self) -> None:
        if not self.output_dir:
            raise ValueError("output_dir must name a directory")
        if not self.scorer:
            raise ValueError("scorer must be lexicon, lengths or the directory of a model")
        for name in ("minimum_similarity", "minimum_score"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be from 0 to 1, got {getattr(self, name)}")

    def decisive(self) -> dict[str, Any]:
        """The settings that decide what is made."""
        settings = asdict(self)
        del settings["output_dir"]
        return settings
