"""The page that shows translations beside their originals, those that failed first."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from corpus.card.markup import escape, table
from corpus.card.shell import html_page
from corpus.clean_pairs.report import MEANINGS as OF_PAIRS
from corpus.clean_pairs.report import side_by_side
from corpus.pipeline.atomic import atomic_path
from corpus.translate.settings import Translate

MEANINGS = OF_PAIRS | {
    "repetition": "A word or phrase comes again and again without a break.",
    "round_trip": "What came back from the other language has too little in common with what was sent.",
    "quality": "The quality model gives the translation too little.",
}


def write_report(manifest: Mapping[str, Any], output: Path, settings: Translate) -> None:
    """Write report.html."""
    sources = manifest["config"]["sources"]
    shown = {each["name"] for each in sources if each.get("examples", True)}
    paths = sorted(
        path for path in (output / "sentences").glob("*.parquet") if path.name.rpartition("-")[0] in shown
    )
    frames = [_chosen(path, settings.examples) for path in paths]
    with atomic_path(output / "report.html") as partial:
        partial.write_text(render(manifest, pl.concat(frames) if frames else None), encoding="utf-8")


def _chosen(path: Path, most: int) -> pl.DataFrame:
    """The first few sentences of each reason, and of those that passed."""
    return pl.scan_parquet(path).filter(pl.int_range(pl.len()).over("reason") < most).collect()


def render(manifest: Mapping[str, Any], sentences: pl.DataFrame | None) -> str:
    """The whole page."""
    totals, facts = manifest["totals"], manifest["run"]
    title = f"{totals['documents']:,} documents translated"
    passed = totals["sentences"] - sum(totals["failed"].values())
    share = 100 * passed / max(1, totals["sentences"])
    rows = [
        ["sentences", f"{totals['sentences']:,}"],
        ["translated in this run", f"{facts['translated']:,}"],
        ["documents dropped", f"{totals['dropped']:,}"],
        [
            "translator",
            f"{escape(manifest['translator']['name'])} ({escape(manifest['translator']['version'])})",
        ],
        ["cost", f"{facts['ledger'].get('cost', 0):g}"],
        ["energy", f"{facts['energy']['watt_hours']:.3f} Wh, {escape(facts['energy']['how'])}"],
        *(
            [f'<a href="#{reason}">failed: {reason}</a>', f"{count:,}"]
            for reason, count in totals["failed"].items()
        ),
    ]
    groups = [] if sentences is None else [*totals["failed"], None]
    sections = "\n".join(_section(reason, sentences) for reason in groups if sentences is not None)
    figures = table("This run and what it left", ("what", "how much"), rows)
    return html_page(
        "Translation",
        title,
        header=f"<p>{passed:,} of {totals['sentences']:,} sentences passed their checks ({share:.1f} %).</p>",
        main=f"<section><h2>In figures</h2>\n{figures}</section>\n{sections}",
        footer=f"Made by Daad {escape(manifest['daad'])} from sentences/ and manifest.json beside this file.",
    )


def _section(reason: str | None, sentences: pl.DataFrame) -> str:
    own = sentences.filter(pl.col("reason").eq_missing(reason)).head(12)
    shown = "\n".join(
        side_by_side(row | {"pair": f"{row['document']}:{row['number']}"}, _told(row))
        for row in own.to_dicts()
    )
    heading = reason or "passed"
    meaning = MEANINGS[reason] if reason else "These sentences passed all checks."
    return (
        f'<section id="{heading}"><h3>{heading}</h3>\n<p class="how">{escape(meaning)}</p>\n'
        f"{shown or '<p>These texts are not shown.</p>'}</section>"
    )


def _told(row: Mapping[str, Any]) -> str:
    parts = [row["detail"] or ""]
    parts += [f"{name} {row[name]:.2f}" for name in ("round_trip", "quality") if row[name] is not None]
    return ", ".join(part for part in parts if part)
