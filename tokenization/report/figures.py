"""All figures of the report as rows: tokenizer, slice, measure, value, interval, signature."""

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from tqdm import tqdm

from tokenization.measures.bootstrap import Estimate, interval, ratio, resampled_sums
from tokenization.measures.definitions import MEASURES
from tokenization.measures.renyi import efficiency, influence, resampled_efficiency
from tokenization.measures.signature import signature
from tokenization.measures.slices import Slice, digest
from tokenization.measures.sums import PIECE_SUMS, TEXT_SUMS, id_counts, weighted_by_document
from tokenization.report.study import Study

COLUMNS = {
    "tokenizer": pl.String(),
    "slice": pl.String(),
    "measure": pl.String(),
    "value": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "documents": pl.Int64(),
    "words": pl.Int64(),
    "signature": pl.String(),
}
"""What fertility.csv holds: one row per figure."""

_SUMS = (*PIECE_SUMS, "influence")


def all_figures(study: Study) -> pl.DataFrame:
    """Rows (COLUMNS) of all slices and parallel texts, and of what each tokenizer was tried on."""
    rows: list[dict[str, Any]] = []
    with tqdm(
        total=len(study.slices), desc=f"{'measuring slices':<22}", unit="slice", dynamic_ncols=True
    ) as bar:
        for number in range(len(study.slices)):
            rows += _slice_figures(study, number)
            bar.update()
    rows += _parities(study)
    rows += _trials(study)
    return pl.DataFrame(rows, schema=COLUMNS)


def sign(study: Study, number: int, text: str, of: str, **more: object) -> str:
    """The signature of a figure of tokenizer `number`."""
    tokenizer, config = study.tokenizers[number], study.config
    return signature(
        tok=tokenizer.name, sha=tokenizer.sha256[:12], text=text, slice=of, words="whitespace", **more,
        boot=config.resamples, seed=config.seed, version=version("daad"),
    )  # fmt: skip


def _slice_figures(study: Study, place: int) -> Iterator[dict[str, Any]]:
    chosen = study.slices[place]
    counts = [
        id_counts(cut, chosen.rows, tokenizer.size)
        for cut, tokenizer in zip(study.cuts, study.tokenizers, strict=True)
    ]
    columns = _columns(study, chosen, counts)
    sums = columns.sum(axis=0)
    resampled = resampled_sums(columns, study.config.resamples, study.config.seed)
    for number in range(len(study.tokenizers)):
        own = slice(len(TEXT_SUMS) + number * len(_SUMS), len(TEXT_SUMS) + (number + 1) * len(_SUMS))
        picked = [*range(len(TEXT_SUMS)), *range(own.start, own.stop)]
        names = (*TEXT_SUMS, *_SUMS)
        estimates = _estimates(
            study, counts[number],
            dict(zip(names, sums[picked], strict=True)),
            dict(zip(names, resampled[:, picked].T, strict=True)),
            len(chosen.rows),
        )  # fmt: skip
        for name, estimate in estimates.items():
            yield as_row(study, number, chosen.name, name, estimate, len(chosen.rows), int(sums[0])) | {
                "signature": sign(study, number, study.digests[place], chosen.name, **_settings(study, name))
            }


def _columns(study: Study, chosen: Slice, counts: list[NDArray[np.int64]]) -> NDArray[np.float64]:
    """Sums of each document of a slice: those of the text, then those of every tokenizer."""
    alpha = study.config.renyi_alpha
    columns = [study.of_texts[name][chosen.rows] for name in TEXT_SUMS]
    for cut, sums, seen in zip(study.cuts, study.sums, counts, strict=True):
        columns += [sums[name][chosen.rows] for name in PIECE_SUMS]
        columns.append(weighted_by_document(influence(seen, alpha), cut)[chosen.rows])
    return np.column_stack(columns)


def _estimates(
    study: Study,
    counts: NDArray[np.int64],
    sums: dict[str, float],
    resampled: dict[str, NDArray[np.float64]],
    num_documents: int,
) -> dict[str, Estimate]:
    """All measures of one tokenizer on one slice."""
    scales = {"words_per_window": study.config.window, "cost_per_million_words": study.config.price}
    alpha = study.config.renyi_alpha
    found = {}
    for measure in MEASURES:
        if measure.numerator:
            scale = scales.get(measure.name, 1.0)
            above, below = measure.numerator, measure.denominator
            value = float(ratio(np.array(sums[above]), np.array(sums[below]), scale))
            spread = ratio(resampled[above], resampled[below], scale)
        elif measure.name == "renyi_efficiency":
            value = efficiency(counts, alpha)
            spread = resampled_efficiency(resampled["influence"], resampled["pieces"], counts, alpha)
        else:  # vocabulary_use
            value, spread = float(np.count_nonzero(counts) / len(counts)), np.full(1, np.nan)
        found[measure.name] = interval(value, spread, num_documents)
    return found


def _settings(study: Study, measure: str) -> dict[str, object]:
    config = study.config
    settings: dict[str, dict[str, object]] = {
        "renyi_efficiency": {"alpha": config.renyi_alpha},
        "words_per_window": {"window": config.window},
        "cost_per_million_words": {"price": f"{config.price:g}{config.currency}/M"},
    }
    return settings.get(measure, {})


def as_row(
    study: Study, number: int, of: str, measure: str, estimate: Estimate, documents: int, words: int
) -> dict[str, Any]:
    """A figure as a row, all but its signature; what is not finite is left out."""
    low, high = (bound if np.isfinite(bound) else None for bound in estimate[1:])
    value = estimate.value if np.isfinite(estimate.value) else None
    return {
        "tokenizer": study.tokenizers[number].name, "slice": of, "measure": measure, "value": value, "low": low,
        "high": high, "documents": documents, "words": words,
    }  # fmt: skip


def _parities(study: Study) -> Iterator[dict[str, Any]]:
    """How many pieces the first side of parallel texts takes for one of the second."""
    for name, frame in study.parallel.items():
        first, second = frame.columns
        marked = digest(frame[first] + "\t" + frame[second])
        words = int(frame[first].str.count_matches(r"\S+").sum())
        columns = np.column_stack([pieces[name] for pieces in study.parallel_pieces])
        sums = columns.sum(axis=0)
        resampled = resampled_sums(columns, study.config.resamples, study.config.seed)
        for number in range(len(study.tokenizers)):
            value = float(sums[2 * number] / sums[2 * number + 1])
            spread = ratio(resampled[:, 2 * number], resampled[:, 2 * number + 1])
            of = f"{first}:{second}/parallel={name}"
            estimate = interval(value, spread, frame.height)
            yield as_row(study, number, of, "parity", estimate, frame.height, words) | {
                "signature": sign(study, number, marked, of)
            }


def _trials(study: Study) -> Iterator[dict[str, Any]]:
    """Round trip and tashkeel: shares that came through; 1 is a pass."""
    everything = digest(study.documents["text"])
    for number, (trip, marks) in enumerate(zip(study.trips, study.tashkeel, strict=True)):
        nothing = float("nan")
        trials = {
            "round_trip": (Estimate(trip.same / trip.texts, nothing, nothing), trip.texts, 0),
            "tashkeel_survives": (Estimate(marks.survived / marks.words, nothing, nothing), 0, marks.words),
            "tashkeel_joined": (marks.joined, 0, marks.words),
        }
        for name, (estimate, documents, words) in trials.items():
            yield as_row(study, number, "all", name, estimate, documents, words) | {
                "signature": sign(study, number, everything, "all")
            }
