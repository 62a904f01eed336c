"""What people's clicks say: agreement, ranking, ratings, and how each annotator judged."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.errors import BenchmarkError
from benchmarks.human.alpha import Level, alpha
from benchmarks.human.ranking import Games, bradley_terry_ratings, elo_ratings, wins
from benchmarks.human.settings import AgreementConfig
from benchmarks.human.store import COMMENT, PREFERENCE, Store, open_existing
from benchmarks.scoring.averages import micro

OUTCOMES = ("left", "tie", "both_bad", "right")
"""What a comparison came to: the first of two models by name is left, the second right."""

_LEVELS: tuple[Level, ...] = ("nominal", "ordinal")
_SCORE = {"left": 1.0, "tie": 0.5, "both_bad": 0.5, "right": 0.0}
_CODES: dict[Level, dict[str, int]] = {
    "nominal": {name: number for number, name in enumerate(OUTCOMES)},
    "ordinal": {"left": 0, "tie": 1, "both_bad": 1, "right": 2},
}


def summarize_directory(config: AgreementConfig) -> dict[str, Any]:
    """All figures of the study in a directory.

    Raises:
        BenchmarkError: There is none, or nobody judged anything yet.
    """
    store = open_existing(Path(config.output_dir))
    try:
        return summarize(read_judgments(store), study_of(store), resamples=config.resamples, seed=config.seed)
    finally:
        store.close()


def study_of(store: Store) -> dict[str, Any]:
    """What the store remembers of its study: mode, criteria, models."""
    return {
        "signature": store.recall("study"),
        "mode": store.recall("mode"),
        "criteria": json.loads(store.recall("criteria") or "[]"),
        "models": json.loads(store.recall("models") or "[]"),
    }


def read_judgments(store: Store) -> pl.DataFrame:
    """The last judgments with models in the order of their names: columns left, right, outcome added to the clicks.

    `right` is empty and `outcome` null for ratings; comments are left out.
    """
    frame = store.frame().filter(pl.col("criterion") != COMMENT)
    turned = (pl.col("shown_first") > pl.col("shown_second")) & (pl.col("shown_second") != "")
    mirrored = {"first": "second", "second": "first"}
    place = pl.when(turned).then(pl.col("value").replace(mirrored)).otherwise(pl.col("value"))
    return frame.with_columns(
        left=pl.when(turned).then("shown_second").otherwise("shown_first"),
        right=pl.when(turned).then("shown_first").otherwise("shown_second"),
        outcome=pl.when(pl.col("criterion") == PREFERENCE).then(
            place.replace({"first": "left", "second": "right"})
        ),
    )


def summarize(
    judgments: pl.DataFrame, study: Mapping[str, Any], *, resamples: int, seed: int
) -> dict[str, Any]:
    """Every figure, ready for JSON; `judgments` as `read_judgments` gives them.

    Raises:
        BenchmarkError: Nobody judged anything yet.
    """
    if judgments.is_empty():
        raise BenchmarkError("nobody judged anything yet: open the page of benchmarks.human serve first")
    comparing = study["mode"] == "compare"
    found = _comparisons if comparing else _ratings
    return {
        **study,
        "resamples": resamples,
        "seed": seed,
        "annotators": _annotators(judgments, comparing),
        **found(judgments, study, resamples=resamples, seed=seed),
    }


def _comparisons(
    judgments: pl.DataFrame, study: Mapping[str, Any], *, resamples: int, seed: int
) -> dict[str, Any]:
    models: Sequence[str] = study["models"]
    games = as_games(judgments, models)
    settings = {"resamples": resamples, "seed": seed}
    strength, tournament = bradley_terry_ratings(games, **settings), elo_ratings(games, **settings)
    won, counts = wins(games), judgments.group_by("left", "right", "outcome").len()
    played = (won + won.T).sum(axis=1)
    ranking: list[dict[str, Any]] = [
        {
            "model": model,
            "judgments": int(played[number]),
            "score": float(won[number].sum() / played[number]) if played[number] else None,
            "bradley_terry": asdict(strength[number]),
            "elo": asdict(tournament[number]),
        }
        for number, model in enumerate(models)
    ]
    ranking.sort(key=lambda row: -row["bradley_terry"]["value"])
    pairs = [
        {
            "models": [left, right],
            "outcomes": {
                name: int(counts.filter(left=left, right=right, outcome=name)["len"].sum())
                for name in OUTCOMES
            },
        }
        for left, right in judgments.select("left", "right").unique().sort("left", "right").iter_rows()
    ]
    agreement = {
        level: asdict(
            alpha(
                _matrix(judgments, "outcome", codes),
                level,
                turned=_matrix(
                    judgments, "outcome", codes | {"left": codes["right"], "right": codes["left"]}
                ),
                **settings,
            )
        )
        for level, codes in _CODES.items()
    }
    return {"ranking": ranking, "pairs": pairs, "agreement": {PREFERENCE: agreement}}


def as_games(judgments: pl.DataFrame, models: Sequence[str]) -> Games:
    """Comparisons as games between models, numbered as in `models`."""
    number = {model: place for place, model in enumerate(models)}
    questions = {name: place for place, name in enumerate(judgments["question"].unique().sort())}
    return Games(
        first=_ints(judgments["left"], number),
        second=_ints(judgments["right"], number),
        score=np.array([_SCORE[outcome] for outcome in judgments["outcome"]]),
        question=_ints(judgments["question"], questions),
        models=len(models),
    )


def _ints(names: pl.Series, numbers: Mapping[str, int]) -> npt.NDArray[np.int64]:
    return np.array([numbers[name] for name in names], dtype=np.int64)


def _ratings(
    judgments: pl.DataFrame, study: Mapping[str, Any], *, resamples: int, seed: int
) -> dict[str, Any]:
    points = {str(value): value for value in range(1, 6)}
    settings = {"resamples": resamples, "seed": seed}
    agreement, ratings = {}, []
    for criterion in study["criteria"]:
        rows = judgments.filter(criterion=criterion)
        if rows.is_empty():
            continue
        agreement[criterion] = {
            level: asdict(alpha(_matrix(rows, "value", points), level, resamples=resamples, seed=seed))
            for level in _LEVELS
        }
        for model in study["models"]:
            of_model = (
                rows.filter(left=model).group_by("question").agg(pl.col("value").cast(pl.Float64).mean())
            )
            if of_model.height:
                mean = micro(of_model.sort("question")["value"].to_numpy(), **settings)
                ratings.append(
                    {"model": model, "criterion": criterion, "questions": of_model.height, **asdict(mean)}
                )
    return {"ratings": ratings, "agreement": agreement}


def _matrix(rows: pl.DataFrame, column: str, codes: Mapping[str, int]) -> npt.NDArray[np.float64]:
    """Codes of values, float64[units, annotators]; NaN where an annotator gave none."""
    named = rows.select(
        "unit",
        by=pl.lit("by ") + pl.col("annotator"),  # one may be called "unit"
        code=pl.col(column).replace_strict(codes, return_dtype=pl.Float64),
    )
    wide = named.pivot("by", index="unit", values="code", sort_columns=True).drop("unit")
    return wide.fill_null(float("nan")).to_numpy().astype(np.float64)


def _annotators(judgments: pl.DataFrame, comparing: bool) -> list[dict[str, Any]]:
    """How much each annotator judged, how fast, and how often the answer shown first won: a habit, not a judgment."""
    found = []
    for (name,), rows in judgments.sort("annotator").group_by("annotator", maintain_order=True):
        first, second = (rows.filter(value=side).height for side in ("first", "second"))
        decided = first + second
        share = first / decided if comparing and decided else None
        found.append(
            {
                "annotator": name,
                "judgments": rows.height,
                "median_seconds": float(rows["seconds"].median()),  # type: ignore[arg-type]
                "first_shown_won": share,
            }
        )
    return found


def as_text(summary: Mapping[str, Any]) -> str:
    """A few aligned lines for the terminal."""
    lines = [f"{'annotator':24} judgments  median seconds"]
    lines += [
        f"{row['annotator']:24} {row['judgments']:>9,}  {row['median_seconds']:>14.1f}"
        for row in summary["annotators"]
    ]
    lines += ["", f"{'agreement':24} alpha, 95 % interval (1 perfect, 0 chance)"]
    for criterion, levels in summary["agreement"].items():
        lines += [f"{criterion + ', ' + level:24} {_interval(found)}" for level, found in levels.items()]
    if "ranking" in summary:
        lines += ["", f"{'model':24} Bradley-Terry points (95 %)        Elo, median (95 %)       score"]
        for row in summary["ranking"]:
            strength, tournament = (
                f"{each['value']:7.0f} ({each['low']:.0f} to {each['high']:.0f})"
                for each in (row["bradley_terry"], row["elo"])
            )
            share = "n/a" if row["score"] is None else f"{100 * row['score']:.1f} %"
            lines.append(f"{row['model']:24} {strength:34} {tournament:24} {share}")
    else:
        lines += ["", f"{'model':24} {'criterion':16} mean of 5 (95 %)"]
        lines += [
            f"{row['model']:24} {row['criterion']:16} {row['value']:.2f} ({row['low']:.2f} to {row['high']:.2f})"
            for row in summary["ratings"]
        ]
    return "\n".join(lines)


def _interval(found: Mapping[str, Any]) -> str:
    if found["value"] is None:
        return "not defined: " + (
            "all values are the same" if found["units"] else "no unit has two annotators"
        )
    low, high = ("?" if found[end] is None else f"{found[end]:.2f}" for end in ("low", "high"))
    return f"{found['value']:.2f} ({low} to {high}) on {found['units']} units with several annotators"
