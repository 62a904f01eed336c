"""The figures as a page, as Markdown and as lines; listed words themselves are never shown."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from benchmarks.report.document import document
from benchmarks.report.quality import p_shown
from benchmarks.report.unanswered import refused_line, requests
from benchmarks.safety.measures import MEASURES
from benchmarks.safety.prompts import KINDS
from corpus.card import shell
from corpus.card.account import RIGHT_TO_LEFT
from corpus.card.excerpts import cut
from corpus.card.markup import code, direction, escape, table

Results = Mapping[str, Any]

NAMES = {"ar": "Arabic", "en": "English"}

SECTIONS = {
    "rates": (
        "The same prompts in both languages",
        (
            "Share of the answers, with Wilson's 95 % interval, and the difference in points, Arabic less English, "
            "with McNemar's exact test on the prompts where only one language shows it. Listed words are whole words "
            "of the lists that were given; Arabic ones also with the conjunctions, prepositions, article and pronouns "
            "that are written together with them. A list knows words and not what is meant by them."
        ),
    ),
    "answers": (
        "Answers to read",
        "The first answers in which nothing was found, chosen by their place and not by hand.",
    ),
    "requests": (
        "Requests that the endpoint refused",
        "It answered these with an error, and no model saw them: their answers are empty.",
    ),
    "again": (
        "How to get these numbers again",
        "The same model, prompts, lists and settings give the same figures.",
    ),
}
"""Id of each section, its heading, and how to read it."""


def render(results: Results, answers: pl.DataFrame, examples: int) -> str:
    """The whole page."""
    contents = {
        "rates": _rates(results),
        "answers": _answers(results, answers, examples),
        "requests": requests(results["run"]) if results["run"].get("endpoint", {}).get("refused") else "",
        "again": table(
            "Signature",
            ("what", "value"),
            [
                ["model", code(results["model"]["digest"])],
                ["signature", code(results["signature"])],
                *([escape(name), code(number)] for name, number in results["versions"].items()),
            ],
        ),
    }
    return document(
        "Safety",
        f"{results['model']['name']}: listed words and refusals",
        SECTIONS,
        contents,
        daad=results["versions"]["daad"],
        made_from="answers.parquet",
        tiles=_tiles(results),
    )


def _tiles(results: Results) -> str:
    shown = [
        (
            f"{escape(MEASURES[rate['measure']])}, {NAMES[rate['language']]}",
            f"{100 * rate['value']:.1f}%",
            f"{rate['prompts']} prompts",
        )
        for rate in results["rates"]
        if rate["kind"] == "all" and rate["measure"] in ("listed_words", "toxic", "refused")
    ]
    missing = [] if "listed_words" in results["measures"] else ["listed words"]
    missing += [] if "toxic" in results["measures"] else ["a classifier"]
    note = f'<p class="how noted">Not measured: {" and ".join(missing)} (none given).</p>' if missing else ""
    return shell.tiles(shown) + note


def _rates(results: Results) -> str:
    """A table for each measure, a row for each kind of prompt."""
    by_name = {(rate["measure"], rate["kind"], rate["language"]): rate for rate in results["rates"]}
    shown = []
    for measure in results["measures"]:
        rows = [
            [
                _kind(gap["kind"]),
                *(_drawn(by_name[measure, gap["kind"], language]) for language in NAMES),
                _difference(gap),
                p_shown(gap),
                str(gap["prompts"]),
            ]
            for gap in results["arabic_less_english"]
            if gap["measure"] == measure
        ]
        header = ("prompts of kind", "Arabic, %", "English, %", "difference", "p", "prompts")
        caption = MEASURES[measure][0].upper() + MEASURES[measure][1:]
        shown.append(table(caption, header, rows, numeric=(3, 4, 5)))
    return "\n".join(shown)


def _difference(gap: Mapping[str, float]) -> str:
    points, low, high = (f"{100 * gap[name]:+.1f}" for name in ("difference", "low", "high"))
    return f"{points} <small>{low} to {high}</small>"


def _drawn(rate: Mapping[str, float]) -> str:
    low, high = 100 * rate["low"], 100 * rate["high"]
    place = f"left:{100 * rate['value']:.1f}%"
    bar = f'<i style="left:{low:.1f}%;width:{max(high - low, 0.6):.1f}%"></i><b style="{place}"></b>'
    return (
        f'<span class="score"><strong>{100 * rate["value"]:.1f}</strong> <small>{low:.1f} to {high:.1f}</small>'
        f'<span class="range" aria-hidden="true">{bar}</span></span>'
    )


def _kind(name: str) -> str:
    about = f'<small class="about">{escape(KINDS[name])}</small>' if name in KINDS else ""
    return f"{escape(name)}{about}"


def _answers(results: Results, answers: pl.DataFrame, examples: int) -> str:
    flags = [name for name in results["measures"] if name in ("listed_words", "toxic")]
    clean = answers.filter(~pl.any_horizontal(flags)) if flags else answers
    shown = []
    for (language,), rows in clean.group_by("language", maintain_order=True):
        for row in rows.head(-(-examples // 2)).iter_rows(named=True):
            base = "rtl" if language in RIGHT_TO_LEFT else "ltr"
            lines = "".join(
                f'<p dir="{direction(line, base)}">{escape(line)}</p>'
                for line in cut(row["answer"], 400).splitlines()
                if line.strip()
            )
            shown.append(
                f'<article class="example"><p dir="{direction(row["prompt"], base)}"><strong>{escape(row["prompt"])}'
                f'</strong></p><blockquote lang="{language}" dir="{base}">{lines or "<p>(empty)</p>"}</blockquote>'
                f'<p class="source">{code(row["id"])}</p></article>'
            )
    return f'<div class="examples">{"".join(shown[:examples])}</div>' if shown and examples else ""


def as_markdown(results: Results) -> str:
    """Rates and differences over all prompts, and the signature."""
    lines = [
        f"# {results['model']['name']}: listed words and refusals",
        "",
        "| measure | kind | Arabic % (95 %) | English % (95 %) | Arabic less English, points (95 %) |",
        "|---|---|--:|--:|--:|",
    ]
    by_name = {(rate["measure"], rate["kind"], rate["language"]): rate for rate in results["rates"]}
    for gap in results["arabic_less_english"]:
        first, second = (by_name[gap["measure"], gap["kind"], language] for language in ("ar", "en"))
        lines.append(
            f"| {MEASURES[gap['measure']]} | {gap['kind']} | {_percent(first)} | {_percent(second)} | "
            f"{100 * gap['difference']:+.1f} ({100 * gap['low']:+.1f} to {100 * gap['high']:+.1f}) |"
        )
    return "\n".join([*lines, "", f"    {results['signature']}", ""])


def _percent(rate: Mapping[str, float]) -> str:
    return f"{100 * rate['value']:.1f} ({100 * rate['low']:.1f} to {100 * rate['high']:.1f})"


def as_text(results: Results) -> str:
    """A few aligned lines for the terminal."""
    lines = [f"{'of all prompts, % (95 %)':42} {'Arabic':>22} {'English':>22}"]
    for measure in results["measures"]:
        rates = [r for r in results["rates"] if r["measure"] == measure and r["kind"] == "all"]
        lines.append(f"{MEASURES[measure]:42} {_percent(rates[0]):>22} {_percent(rates[1]):>22}")
    if "listed_words" not in results["measures"]:
        lines.append("listed words: not measured (give --word_lists.ar=FILE --word_lists.en=FILE)")
    lines += filter(None, [refused_line(results["run"].get("endpoint", {}))])
    return "\n".join(lines)
