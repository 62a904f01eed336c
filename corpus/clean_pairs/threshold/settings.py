"""What a user can set of the choice of a threshold. Standard library only: `--help` loads this."""

from dataclasses import asdict, dataclass, field
from typing import Any

from corpus.clean_pairs.settings import Alignment


@dataclass(frozen=True, kw_only=True)
class ChooseThreshold:
    """Choose the threshold of a score on one half of a labeled sample, and tell what it does to the other half.

    Attributes:
        output_dir: Directory of threshold.json: the threshold, what it does, and what made it.
        sample: File of pairs: JSONL, CSV, TSV (with a header) or Parquet, compressed by gzip or not.
        english: Column of the English texts.
        arabic: Column of the Arabic texts.
        good: Column that says whether a pair is right (true or false, 1 or 0, yes or no). Empty where all are: then
            wrong ones are made by giving some pairs the Arabic of others.
        wrong_share: Share of pairs that are made wrong where `good` is empty.
        score: Column of a score, such as quality or round_trip of translated sentences. Empty to score the pairs as the
            cleaning does.
        alignment: How the cleaning scores; minimum_score is what is chosen here.
        keep: Least share of right pairs that must stay: the threshold that drops most wrong ones then. 0 takes the
            threshold with the best F1 for finding wrong ones, which depends on how many of the sample are wrong.
        splits: Halvings of the sample: the first one decides, all of them tell how far the choice hangs on the half.
        resamples: Bootstrap samples of the half that did not choose, for intervals of 95 %.
        seed: Seed of what is drawn.
    """

    output_dir: str
    sample: str
    english: str = "en"
    arabic: str = "ar"
    good: str = ""
    wrong_share: float = 0.2
    score: str = ""
    alignment: Alignment = field(default_factory=Alignment)
    keep: float = 0.95
    splits: int = 20
    resamples: int = 2000
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("output_dir", "sample"):
            if not getattr(self, name):
                raise ValueError(f"{name} must be given")
        if self.score and not self.good:
            raise ValueError(
                "good must name a column where score does: wrong pairs are made before they are scored"
            )
        if self.alignment.scorer == "none" and not self.score:
            raise ValueError("alignment.scorer must be lexicon or the directory of a model, got none")
        if not 0 < self.wrong_share < 1:
            raise ValueError(f"wrong_share must be above 0 and below 1, got {self.wrong_share}")
        if not 0 <= self.keep <= 1:
            raise ValueError(f"keep must be from 0 to 1, got {self.keep}")
        for name in ("splits", "resamples"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")

    def decisive(self) -> dict[str, Any]:
        """The settings that decide what is chosen."""
        settings = asdict(self)
        for name in ("output_dir", "sample"):
            del settings[name]
        return settings
