"""Figures from judgments: ratings by turn and category, wins of pairs in both orders, position consistency."""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.judged.agreement import agreements

Floats = npt.NDArray[np.float64]


def summarize(judgments: pl.DataFrame, *, resamples: int, seed: int) -> dict[str, Any]:
    """Every figure, ready for JSON; `judgments` has the columns of `benchmarks.judged.judging.SCHEMA`."""
    settings = {"resamples": resamples, "seed": seed}
    return {
        "ratings": ratings(judgments, **settings),
        "pairs": pairs(judgments, **settings),
        "judges": judges(judgments),
        "agreement": agreements(judgments, **settings),
    }


def ratings(judgments: pl.DataFrame, *, resamples: int, seed: int) -> list[dict[str, Any]]:
    """Mean rating of each model by each judge: over all, by turn, by category; the interval draws questions."""
    single = judgments.filter(pl.col("mode") == "single", pl.col("rating").is_not_null())
    found = []
    for (judge, model), part in single.group_by("judge", "first", maintain_order=True):
        low, high = _interval(part, pl.col("rating").sum(), pl.len(), resamples, seed)
        told = {
            "judge": judge,
            "model": model,
            "answers": len(part),
            "mean": _mean(part),
            "low": low,
            "high": high,
        }
        for column in ("turn", "category"):
            groups = part.group_by(column, maintain_order=True)
            told[f"by_{column}"] = {str(name): _mean(rows) for (name,), rows in groups if name}
        found.append(told)
    return found


def settled(judgments: pl.DataFrame) -> pl.DataFrame:
    """Pairs judged in both orders: columns judge, question, category, turn, left, right, score, consistent, and places.

    `left` comes before `right` in the alphabet. `score` is 1 where left wins in both orders, 0 where right does, and
    1/2 otherwise: verdicts that change with the order count as a tie (Zheng et al. 2023, section 3.4).
    """
    paired = judgments.filter(pl.col("mode") == "pairwise", pl.col("verdict").is_not_null())
    swapped = pl.col("first") > pl.col("second")
    # What left earns in one order: 1 for a win, 0 for a loss, 1/2 for a tie.
    first_earns = pl.col("verdict").replace_strict({"A": 1.0, "B": 0.0, "C": 0.5}, return_dtype=pl.Float64)
    rows = paired.with_columns(
        left=pl.min_horizontal("first", "second"),
        right=pl.max_horizontal("first", "second"),
        earned=pl.when(swapped).then(1 - first_earns).otherwise(first_earns),
    )
    both = rows.group_by("judge", "question", "category", "turn", "left", "right", maintain_order=True).agg(
        orders=pl.col("first").n_unique(),
        same=pl.col("earned").n_unique() == 1,
        earned=pl.col("earned").first(),
        first_preferred=(pl.col("verdict") == "A").sum(),
        second_preferred=(pl.col("verdict") == "B").sum(),
    )
    return both.filter(pl.col("orders") == 2).with_columns(
        consistent=pl.col("same"), score=pl.when("same").then("earned").otherwise(0.5)
    )


def pairs(judgments: pl.DataFrame, *, resamples: int, seed: int) -> list[dict[str, Any]]:
    """Wins, ties and losses of each pair by each judge, and the share of verdicts that hold in both orders."""
    found = []
    for (judge, left, right), part in settled(judgments).group_by(
        "judge", "left", "right", maintain_order=True
    ):
        low, high = _interval(part, pl.col("score").sum(), pl.len(), resamples, seed)
        score = part["score"]
        found.append(
            {
                "judge": judge,
                "models": [left, right],
                "judged": len(part),
                "wins": int((score == 1).sum()),
                "ties": int((score == 0.5).sum()),
                "losses": int((score == 0).sum()),
                "win_rate": float(score.mean()),  # type: ignore[arg-type]
                "low": low,
                "high": high,
                "consistent": float(part["consistent"].mean()),  # type: ignore[arg-type]
                "prefers_first": int(((part["first_preferred"] == 2) & ~part["consistent"]).sum()),
                "prefers_second": int(((part["second_preferred"] == 2) & ~part["consistent"]).sum()),
            }
        )
    return found


def judges(judgments: pl.DataFrame) -> list[dict[str, Any]]:
    """How each judge kept to the form: judgments, asked again, never readable, refused."""
    unread = pl.col("rating").is_null() & pl.col("verdict").is_null()
    table = judgments.group_by("judge", maintain_order=True).agg(
        judgments=pl.len(),
        asked_again=(pl.col("asks") > 1).sum(),
        unreadable=(unread & ~pl.col("refused")).sum(),
        refused=pl.col("refused").sum(),
    )
    return table.to_dicts()


def _mean(part: pl.DataFrame) -> float:
    return float(part["rating"].mean())  # type: ignore[arg-type]


def _interval(
    part: pl.DataFrame, total: pl.Expr, count: pl.Expr, resamples: int, seed: int
) -> tuple[float, float]:
    """95 % bootstrap interval of total over count; questions are drawn whole, as their turns hang together."""
    by_question = part.group_by("question", maintain_order=True).agg(total=total, count=count)
    totals, counts = (by_question[name].to_numpy().astype(np.float64) for name in ("total", "count"))
    size = len(totals)
    weights = np.random.default_rng(seed).multinomial(size, np.full(size, 1 / size), resamples)
    low, high = np.percentile((weights @ totals) / (weights @ counts), (2.5, 97.5))
    return float(low), float(high)
