"""All that the page and the JSON file show, gathered from the study in one place."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import polars as pl

from tokenization.errors import TokenizationError
from tokenization.measures.bootstrap import Estimate
from tokenization.measures.words import distribution, growth, letters, word_times
from tokenization.report.figures import all_figures
from tokenization.report.inventory import ShownWords, shown_pieces, shown_words
from tokenization.report.morphology import Morphology, agreement_figures, study_morphology
from tokenization.report.study import Study


class Curve(NamedTuple):
    """Fertility against vocabulary size, as an expansion recorded it."""

    name: str
    points: Sequence[tuple[int, float]]


@dataclass(frozen=True)
class Findings:
    """What was found; lists of one entry per tokenizer have the tokenizers' order."""

    study: Study
    figures: pl.DataFrame
    distributions: Sequence[Sequence[float]]
    growths: Sequence[Sequence[float | None]]
    morphology: Morphology | None
    words: ShownWords
    pieces: Sequence[Sequence[tuple[int, str, int]]]
    curves: Sequence[Curve]

    def estimate(self, tokenizer: str, of: str, measure: str) -> Estimate | None:
        """One figure, if there is one."""
        return self._index.get((tokenizer, of, measure))

    @cached_property
    def _index(self) -> dict[tuple[str, str, str], Estimate | None]:
        rows = self.figures.select("tokenizer", "slice", "measure", "value", "low", "high").iter_rows()
        return {row[:3]: _estimate(*row[3:]) for row in rows}


def find(study: Study) -> Findings:
    """Measure all that the report shows."""
    times = word_times(study.units, study.main.rows)
    lengths = letters(study.units.words)
    counts = [cut.words.counts for cut in study.cuts]
    figures, morphology = all_figures(study), study_morphology(study)
    if morphology:
        figures = pl.concat([figures, agreement_figures(study, morphology)])
    return Findings(
        study=study,
        figures=figures,
        distributions=[distribution(own, times) for own in counts],
        growths=[growth(own, times, lengths) for own in counts],
        morphology=morphology,
        words=shown_words(study),
        pieces=shown_pieces(study),
        curves=[_read_curve(path) for path in study.config.expansions],
    )


def _estimate(value: float | None, low: float | None, high: float | None) -> Estimate | None:
    nothing = float("nan")
    if value is None:
        return None
    return Estimate(value, nothing if low is None else low, nothing if high is None else high)


def _read_curve(path: str) -> Curve:
    """The curve that an expansion leaves in its manifest: fertility against new pieces, over all held-out text."""
    file = Path(path) / "manifest.json" if Path(path).is_dir() else Path(path)
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
        base = int(manifest["sizes"]["base"])
        rows = [row for row in manifest["curve"] if row["slice"] == "all"]
        points = [(base + int(row["pieces"]), float(row["fertility"])) for row in rows]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TokenizationError(
            f"expansion {path}: no curve of size and fertility can be read ({error!r}): name an "
            "expansion's manifest.json"
        ) from error
    return Curve(file.parent.name, sorted(points))
