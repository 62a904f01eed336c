"""The report of an experiment as Markdown and as one HTML page, from the same sections."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from corpus.card import shell
from corpus.card.markup import escape, table


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the report: sentences, then a table.

    Attributes:
        heading: Its heading.
        how: How to read it.
        points: Sentences, as a list.
        header: Names of the table's columns; empty for no table.
        rows: Cells of the table.
    """

    heading: str
    how: str = ""
    points: Sequence[str] = ()
    header: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()


@dataclass(frozen=True, kw_only=True)
class Picture:
    """The picture of a report.

    Attributes:
        name: File name of the figures and the picture, without ending.
        alternative: What the picture shows, in a few words.
        how: How to read it.
    """

    name: str
    alternative: str
    how: str


def figure(value: Mapping[str, Any], sign: str = "") -> str:
    """A mean with the half width of its interval.

    >>> figure({"mean": -0.5, "half_width": 0.25}, "+")
    '\u22120.500 ± 0.250'
    """
    half = "" if value["half_width"] is None else f" ± {value['half_width']:.3f}"
    return f"{value['mean']:{sign}.3f}".replace("-", "\N{MINUS SIGN}") + half


def p_value(difference: Mapping[str, Any]) -> str:
    """The corrected p of a difference, in brackets; empty where there is none."""
    value = difference.get("p_holm")
    return "" if value is None else f" (p {value:.3f})" if value >= 0.001 else " (p < 0.001)"


def markdown(title: str, results: Mapping[str, Any], picture: Picture, sections: Iterable[Section]) -> str:
    """The report as Markdown."""
    lines = [f"# {title}", "", f"Made by `{results['command']}`; all figures are in {picture.name}.json.", ""]
    if results["settings"]["note"]:
        lines += [f"**{results['settings']['note']}**", ""]
    lines += [f"![{picture.alternative}]({picture.name}.svg)", "", picture.how, ""]
    for section in sections:
        lines += [f"## {section.heading}", ""]
        if section.how:
            lines += [section.how, ""]
        if section.points:
            lines += [*(f"- {point}" for point in section.points), ""]
        if section.header:
            lines.append(f"| {' | '.join(section.header)} |")
            lines.append("| --- |" + " --: |" * (len(section.header) - 1))
            lines += [f"| {' | '.join(row)} |" for row in section.rows]
            lines.append("")
    return "\n".join(lines)


def html(
    title: str,
    results: Mapping[str, Any],
    picture: Picture,
    sections: Iterable[Section],
    *,
    drawn: str,
    tiles: Iterable[tuple[str, str, str]],
    style: str = "",
) -> str:
    """The report as one page that loads nothing; `drawn` is the picture as SVG, `style` adds to the page's."""
    note = results["settings"]["note"]
    shown = "\n".join(map(_section, sections))
    settings = yaml.safe_dump(dict(results["settings"]), sort_keys=False, allow_unicode=True)
    wide = re.sub(r"<svg ", '<svg style="width:100%;min-width:44rem;height:auto" ', drawn, count=1)
    said = f'<p class="how"><strong>{escape(note)}</strong></p>\n' if note else ""
    figures = shell.tiles((escape(name), escape(value), escape(told)) for name, value, told in tiles)
    return shell.html_page(
        "Experiment",
        title,
        style="figure{max-width:none;margin:1.6rem 0}" + style,
        header=f"{said}{figures}",
        main=f'<figure class="scroll">{wide}</figure>\n<p class="how">{picture.how}</p>\n{shown}\n<section>'
        "<h2>Settings</h2>\n<details><summary>All of them</summary>"
        f'<pre dir="ltr">{escape(settings)}</pre></details></section>',
        footer=f"Made by Daad {escape(results['daad'])}. Nothing is loaded from elsewhere.",
    )


def _section(section: Section) -> str:
    return (
        f'<section><h2>{escape(section.heading)}</h2>\n<p class="how">{escape(section.how)}</p>\n'
        + (
            f"<ul>{''.join(f'<li>{escape(point)}</li>' for point in section.points)}</ul>\n"
            if section.points
            else ""
        )
        + (
            table(
                section.heading,
                [escape(cell) for cell in section.header],
                [[escape(cell) for cell in row] for row in section.rows],
                range(1, len(section.header)),
            )
            if section.header
            else ""
        )
        + "</section>"
    )
