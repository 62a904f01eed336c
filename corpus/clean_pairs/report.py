"""The page that shows what was dropped: every reason with pairs side by side, Arabic from right to left."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from corpus.card.excerpts import excerpt
from corpus.card.markup import code, escape, isolated, table
from corpus.card.shell import html_page
from corpus.clean_pairs.judging import REASONS
from corpus.pipeline.atomic import atomic_path

MEANINGS = {
    "empty": "A side holds no word.",
    "too_few_words": "A side has fewer words than the rules ask for.",
    "too_many_words": "A side has more words than the rules allow.",
    "identical": "Both sides say the same in the same script: nothing was translated.",
    "copied": "Most words of one side stand in the other untranslated.",
    "character_ratio": "One side is too much longer, in characters, to say the same.",
    "word_ratio": "One side is too much longer in words; often the spaces of the other were lost.",
    "script": "Too few letters of a side are of its language's script.",
    "language": "A side is surely in another language.",
    "numbers": "Numbers of three digits or more differ.",
    "urls": "The sides have other web addresses.",
    "duplicate": "Another pair says nearly the same on both sides, and stays.",
    "alignment": "The words of one side do not predict those of the other: the texts are of something else.",
}


def write_report(manifest: Mapping[str, Any], output: Path, most: int) -> None:
    """Write report.html beside the shards."""
    closed = {each["name"] for each in manifest["config"]["sources"] if not each.get("examples", True)}
    with atomic_path(output / "report.html") as partial:
        partial.write_text(
            render(manifest, _examples(manifest, output, closed, most), closed), encoding="utf-8"
        )


def _examples(manifest: Mapping[str, Any], output: Path, closed: set[str], most: int) -> pl.DataFrame:
    """A few dropped pairs of each reason, spread over the files, none of closed sources."""
    frames = [
        pl.scan_parquet(output / each["path"]).filter(pl.int_range(pl.len()).over("reason") < most).collect()
        for each in manifest["dropped"]
        if each["source"] not in closed
    ]
    if not frames:
        return pl.DataFrame(schema={"reason": pl.String})
    return pl.concat(frames).filter(pl.int_range(pl.len()).over("reason") < most)


def render(manifest: Mapping[str, Any], examples: pl.DataFrame, closed: set[str]) -> str:
    """The whole page."""
    came, stayed = manifest["pairs_in"], manifest["pairs_out"]
    counts = manifest["dropped_by_reason"]
    share = 100 * (came - stayed) / max(1, came)
    title = f"{stayed:,} of {came:,} pairs stay"
    rows = [
        [f'<a href="#{reason}">{reason}</a>', f"{counts[reason]:,}", f"{100 * counts[reason] / came:.2f} %",
         escape(MEANINGS[reason])]
        for reason in REASONS if counts.get(reason)
    ]  # fmt: skip
    reasons = table("Reasons, in the order in which they are looked at", ("reason", "pairs", "share", "what it means"),
                    rows, numeric=(1, 2)) if rows else "<p>No pair was dropped.</p>"  # fmt: skip
    notes = "".join(f"<p>{escape(note)}</p>" for note in manifest.get("notes", ()))
    if closed:
        notes += f"<p>Texts of {escape(', '.join(sorted(closed)))} are counted but not shown.</p>"
    sections = "\n".join(
        _reason(reason, examples.filter(pl.col("reason") == reason).to_dicts())
        for reason in REASONS
        if counts.get(reason)
    )
    return html_page(
        "Parallel text",
        title,
        header=f"<p>{came - stayed:,} pairs ({share:.1f} %) were dropped, each for the first reason that holds.</p>",
        main=f"<section><h2>What was dropped, and why</h2>\n{reasons}\n{notes}</section>\n{sections}",
        footer=f"Made by Daad {escape(manifest['daad'])} from dropped/ and manifest.json beside this file.",
    )


def _reason(reason: str, pairs: Sequence[Mapping[str, Any]]) -> str:
    shown = "\n".join(side_by_side(pair, str(pair["detail"])) for pair in pairs)
    return (
        f'<section id="{reason}"><h3>{reason}</h3>\n<p class="how">{escape(MEANINGS[reason])}</p>\n'
        f"{shown or '<p>Texts of these sources are not shown.</p>'}</section>"
    )


def side_by_side(pair: Mapping[str, Any], detail: str) -> str:
    """English and Arabic beside each other, below one another on a narrow page, with a line on what decided."""
    sides = "".join(
        f'<article class="example">{excerpt({"language": language, "text": pair[language] or ""})}</article>'
        for language in ("en", "ar")
    )
    where = f"{code(pair['pair'])} {isolated(detail)}"
    return f'<div class="pair">{sides}<p class="detail">{where}</p></div>'
