"""The report of a human evaluation: one self-contained page."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import polars as pl

from benchmarks.human.store import PREFERENCE
from benchmarks.human.summary import OUTCOMES
from benchmarks.report.document import document
from corpus.card.excerpts import cut
from corpus.card.figures import count, percent, plural
from corpus.card.markup import code, direction, escape, isolated, table

COMMENTS_SHOWN = 60
QUESTIONS_SHOWN = 12

SECTIONS = {
    "ranking": (
        "Which model people prefer",
        (
            "Points as in chess: 400 more are odds of 10 to 1. Bradley-Terry takes all judgments at once, with one "
            "imagined tie between each two models so that a model that always won has finite points; Elo is the median "
            "over shuffled orders. A tie, and both bad, is half a win for each. 95 % intervals: bootstrap of questions."
        ),
    ),
    "ratings": ("Ratings", "Means over questions, 1 bad to 5 very good, with a 95 % bootstrap interval."),
    "pairs": ("Model against model", "How often each won, tied, or both were bad."),
    "agreement": (
        "Do people agree?",
        (
            "Krippendorff's alpha over what several annotators judged: 1 is perfect, 0 is chance; below .67 it is "
            "usual to draw no conclusions. Nominal takes outcomes as different or not; ordinal puts a tie between "
            "the two wins. Each comparison counts both ways round, so that it does not matter which model comes first."
        ),
    ),
    "annotators": (
        "Annotators",
        "Sides are drawn at random, so that the answer shown first should win about half of the decided comparisons.",
    ),
    "questions": (
        "Questions on which people differ most",
        "All judgments on a question, by the model that won.",
    ),
    "comments": ("What people said", "Comments as they were typed."),
    "again": ("How to get these numbers again", "The same clicks and settings give the same figures."),
}
"""Id of each section, its heading, and how to read it."""


def render(
    summary: Mapping[str, Any], judgments: pl.DataFrame, comments: pl.DataFrame, prompts: Mapping[str, str]
) -> str:
    """The whole page; the same clicks give the same text."""
    comparing = summary["mode"] == "compare"
    contents = {
        "ranking": _ranking(summary) if comparing else "",
        "ratings": "" if comparing else _ratings(summary),
        "pairs": _pairs(summary) if comparing else "",
        "agreement": _agreement(summary),
        "annotators": _annotators(summary),
        "questions": _questions(judgments, prompts) if comparing else "",
        "comments": _comments(comments, prompts),
        "again": _again(summary),
    }
    judged = plural(judgments.height, "judgment")
    people = plural(len(summary["annotators"]), "annotator")
    title = f"{judged} by {people}"
    return document(
        "Human evaluation", title, SECTIONS, contents, daad=version("daad"), made_from="judgments.sqlite"
    )


def _ranking(summary: Mapping[str, Any]) -> str:
    low = min(row["bradley_terry"]["low"] for row in summary["ranking"])
    high = max(row["bradley_terry"]["high"] for row in summary["ranking"])
    rows = [
        [
            isolated(row["model"]),
            _points(row["bradley_terry"], low, high),
            f"{row['elo']['value']:.0f} <small>{row['elo']['low']:.0f} to {row['elo']['high']:.0f}</small>",
            "n/a" if row["score"] is None else f"{100 * row['score']:.1f}%",
            count(row["judgments"]),
        ]
        for row in summary["ranking"]
    ]
    header = ("model", "Bradley-Terry points", "Elo, median", "wins and half of ties", "judgments")
    return table("Ranking", header, rows, numeric=(2, 3, 4))


def _points(rating: Mapping[str, float], low: float, high: float) -> str:
    """Points, interval, and both drawn on a scale that the whole table shares."""
    width = max(high - low, 1.0)
    start, end, middle = (100 * (rating[name] - low) / width for name in ("low", "high", "value"))
    drawn = (
        f'<span class="range" aria-hidden="true"><i style="left:{start:.1f}%;width:{max(end - start, 0.8):.1f}%"></i>'
        f'<b style="left:{middle:.1f}%"></b></span>'
    )
    return (
        f'<span class="score"><strong>{rating["value"]:.0f}</strong> '
        f"<small>{rating['low']:.0f} to {rating['high']:.0f}</small>{drawn}</span>"
    )


def _ratings(summary: Mapping[str, Any]) -> str:
    rows = [
        [
            isolated(row["model"]), escape(row["criterion"]), f"<strong>{row['value']:.2f}</strong>",
            f"{row['low']:.2f} to {row['high']:.2f}", count(row["questions"]),
        ]
        for row in summary["ratings"]
    ]  # fmt: skip
    return table("Means of 5", ("model", "criterion", "mean", "95 %", "questions"), rows, numeric=(2, 3, 4))


def _pairs(summary: Mapping[str, Any]) -> str:
    rows = []
    for pair in summary["pairs"]:
        found, (left, right) = pair["outcomes"], pair["models"]
        total = sum(found.values())
        shares = "".join(
            f'<span class="{kind}" style="flex-grow:{found[name]}" title="{name}: {found[name]}"></span>'
            for name, kind in (("left", "l0"), ("tie", "other"), ("both_bad", "l3"), ("right", "l1"))
            if found[name]
        )
        drawn = f'<div class="split outcomes" aria-hidden="true">{shares}</div>'
        counts = [f"{count(found[name])} <small>{percent(found[name], total)}</small>" for name in OUTCOMES]
        rows.append([f"{isolated(left)} and {isolated(right)}", *counts, drawn])
    header = ("pair", "first wins", "tie", "both bad", "second wins", "")
    return table("Outcomes", header, rows, numeric=(1, 2, 3, 4))


def _agreement(summary: Mapping[str, Any]) -> str:
    rows = [
        [
            escape(criterion), level,
            "not defined" if found["value"] is None else f"<strong>{found['value']:.2f}</strong>",
            "" if found["low"] is None or found["value"] is None else f"{found['low']:.2f} to {found['high']:.2f}",
            count(found["units"]), count(found["values"]),
        ]
        for criterion, levels in summary["agreement"].items()
        for level, found in levels.items()
    ]  # fmt: skip
    header = ("criterion", "level", "alpha", "95 %", "units judged by several", "judgments on them")
    return table("Krippendorff's alpha", header, rows, numeric=(2, 3, 4, 5))


def _annotators(summary: Mapping[str, Any]) -> str:
    rows = []
    for row in summary["annotators"]:
        share = "" if row["first_shown_won"] is None else f"{100 * row['first_shown_won']:.0f}%"
        rows.append(
            [isolated(row["annotator"]), count(row["judgments"]), f"{row['median_seconds']:.1f}", share]
        )
    header = ("annotator", "judgments", "median seconds", "answer shown first won")
    return table("Annotators", header, rows, numeric=(1, 2, 3))


def _questions(judgments: pl.DataFrame, prompts: Mapping[str, str]) -> str:
    """Questions with the most different outcomes among several annotators, the evenest split first."""
    counted = [f"num_{name}" for name in OUTCOMES]
    counts = (
        judgments.filter(criterion=PREFERENCE)
        .group_by("question", "unit", "left", "right")
        .agg(
            (pl.col("outcome") == name).sum().alias(column)
            for name, column in zip(OUTCOMES, counted, strict=True)
        )
    )
    margin = pl.max_horizontal(counted) / pl.sum_horizontal(counted)
    chosen = (
        counts.filter(pl.sum_horizontal(counted) > 1, margin < 1).sort(margin, "unit").head(QUESTIONS_SHOWN)
    )
    if chosen.is_empty():
        return ""
    rows = [
        [
            _quoted(prompts.get(row["question"], ""), 140),
            isolated(row["left"]), isolated(row["right"]), *(count(row[name]) for name in counted),
        ]
        for row in chosen.iter_rows(named=True)
    ]  # fmt: skip
    header = ("question", "first", "second", "first wins", "tie", "both bad", "second wins")
    return table("Split judgments", header, rows, numeric=(3, 4, 5, 6))


def _comments(comments: pl.DataFrame, prompts: Mapping[str, str]) -> str:
    shown = [
        f'<article class="example"><blockquote><p dir="{direction(row["value"])}">{escape(cut(row["value"], 600))}</p>'
        f"</blockquote>{_quoted(prompts.get(row['question'], ''), 120)}"
        f'<p class="source">{code(row["question"])} <span>{isolated(row["annotator"])}</span></p></article>'
        for row in comments.head(COMMENTS_SHOWN).iter_rows(named=True)
    ]
    return f'<div class="examples">{"".join(shown)}</div>' if shown else ""


def _quoted(text: str, length: int) -> str:
    return f'<span class="about" dir="{direction(text)}">{escape(cut(" ".join(text.split()), length))}</span>'


def _again(summary: Mapping[str, Any]) -> str:
    rows: Sequence[Sequence[str]] = [
        ["study (digest, mode, criteria, pairs to a question, seed)", code(summary["signature"])],
        ["models", " ".join(map(code, summary["models"]))],
        ["bootstrap samples, seed", code(f"{summary['resamples']}, {summary['seed']}")],
    ]
    return table("Settings", ("what", "value"), rows)
