"""The top of the card: what the corpus is, in one line, a few tiles and a bar."""

from collections.abc import Sequence

import polars as pl

from corpus.card import shell
from corpus.card.account import Manifest, StageTotals, language_name
from corpus.card.figures import count, percent, plural, short
from corpus.card.funnel import shares
from corpus.card.markup import attribute, isolated


def headline(languages: Sequence[str], documents: int) -> str:
    """The corpus in a few words, for the title: plain text."""
    names = [language_name(name) for name in languages]
    spoken = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return f"A corpus of {plural(documents, 'document')}" + (f" in {spoken}" if spoken else "")


def tiles(manifest: Manifest, stages: Sequence[StageTotals], contents: pl.DataFrame) -> str:
    """The figures that are asked for first."""
    came = stages[0].documents_in if stages else 0
    stay = int(contents["documents"].sum())
    near = next((stage for stage in stages if stage.name == "near"), StageTotals("near"))
    near_dropped = manifest["duplicates"]["near"]["dropped"]
    unreadable = manifest["quarantine"]["records"]
    shown = [
        ("documents read", count(came), f"from {plural(len(manifest['inputs']), 'file')}"),
        ("documents stay", count(stay), f"{percent(stay, came)} of those read"),
        ("words", _exact(int(contents["words"].sum())), "apart by white space"),
        ("characters", _exact(int(contents["characters"].sum())), "Unicode code points"),
        ("near-duplicates", percent(near.documents_in - near.documents_out, near.documents_in),
         f"{plural(near_dropped, 'unit')} dropped"),
        ("unreadable records", count(unreadable), "kept apart in quarantine/"),
    ]  # fmt: skip
    return shell.tiles(shown)


def language_bar(stages: Sequence[StageTotals], languages: Sequence[str]) -> str:
    """How the documents that stay divide over languages, with the legend for all of the card."""
    counts = stages[-1].languages_out if stages else {}
    whole = sum(counts.values())
    names = [language_name(name) for name in languages] + ["other languages"]
    split = [
        (kind, name, number)
        for (kind, number), name in zip(
            shares(stages[-1].languages_out, languages) if stages else [], names, strict=False
        )
    ]
    bar = "".join(
        f'<span class="{kind}" style="flex-grow:{number}" title="{attribute(name)}"></span>'
        for kind, name, number in split
        if number
    )
    legend = "".join(
        f'<li><span class="swatch {kind}"></span>{isolated(name)} <b>{count(number)}</b> '
        f"({percent(number, whole)})</li>"
        for kind, name, number in split
        if number or kind != "other"
    )
    return f'<div class="split" aria-hidden="true">{bar}</div><ul class="legend">{legend}</ul>'


def _exact(number: int) -> str:
    return f'<span title="{count(number)}">{short(number)}</span>'
