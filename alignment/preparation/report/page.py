"""The page as a whole: sections in order, each with a sentence on how to read it."""

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from alignment.preparation.report import examples, tables
from corpus.card.figures import plural
from corpus.card.markup import escape
from corpus.card.shell import html_page, stylesheet

KEPT_SHOWN = 4
DROPPED_SHOWN = 4

SECTIONS: dict[str, tuple[str, str]] = {
    "sources": (
        "Sources and languages",
        "The language is that of the whole conversation, as it is declared or identified.",
    ),
    "rules": (
        "What was dropped, by rule",
        (
            "A conversation is dropped for the first rule that it breaks, in the order of manifest.json; the last "
            "column counts all that break the rule, whatever decided. Every threshold stands in the config below."
        ),
    ),
    "lengths": (
        "How long questions and answers are",
        "Each bar counts turns that stay by their words; the bins double.",
    ),
    "kept": ("What stays looks like this", "Chosen by a hash of their place and not by hand."),
    "dropped": (
        "What goes looks like this",
        (
            "The turn that decided is marked, and the line below says what was found there: judge for yourself whether "
            "the rule was right. Personal data is masked here, but not in dropped.jsonl."
        ),
    ),
    "unreadable": (
        "What could not be read",
        "Records that make no conversation; unreadable.jsonl says where each of them stands.",
    ),
    "again": ("How to make it again", "The same files, config and versions give the same result."),
}
"""Id of each section, its heading, and how to read it."""


def render(manifest: Mapping[str, Any], judged: pl.DataFrame) -> str:
    """The whole HTML page from the manifest and the judged conversations; the same ones give the same text."""
    kept = judged.filter(pl.col("rule").is_null())
    languages = judged["language"].unique().sort().to_list()
    title = f"{plural(kept.height, 'conversation')} to learn from, of {judged.height:,}"
    contents = {
        "sources": tables.by_source(manifest),
        "rules": tables.by_rule(manifest, judged),
        "lengths": tables.lengths(judged, languages),
        "kept": _kept(manifest, kept),
        "dropped": _dropped(manifest, judged.filter(pl.col("rule").is_not_null())),
        "unreadable": tables.unreadable(manifest),
        "again": _again(manifest),
    }
    menu = "".join(f'<li><a href="#{name}">{SECTIONS[name][0]}</a></li>' for name in contents)
    body = "\n".join(_section(name, content) for name, content in contents.items())
    return html_page(
        "Instruction data",
        title,
        style=stylesheet("alignment.preparation.report", "report.css"),
        header=f'{tables.tiles(manifest)}\n<nav aria-label="Sections"><ol>{menu}</ol></nav>',
        main=body,
        footer=f"Made by Daad {escape(manifest['daad'])} from kept.jsonl and dropped.jsonl beside this file. "
        "Nothing is loaded from elsewhere.",
    )


def _section(name: str, content: str) -> str:
    heading, how = SECTIONS[name]
    return (
        f'<section id="{name}" aria-labelledby="{name}-h"><h2 id="{name}-h">{heading}</h2>\n'
        f'<p class="how">{how}</p>\n{content}\n</section>'
    )


def _showable(manifest: Mapping[str, Any]) -> list[str]:
    return [source["name"] for source in manifest["config"]["sources"] if source["examples"]]


def _kept(manifest: Mapping[str, Any], kept: pl.DataFrame) -> str:
    chosen = examples.choose(kept, _showable(manifest), ["named", "language"], KEPT_SHOWN)
    return _articles(chosen)


def _dropped(manifest: Mapping[str, Any], dropped: pl.DataFrame) -> str:
    if dropped.is_empty():
        return "<p>Nothing was dropped.</p>"
    chosen = examples.choose(dropped, _showable(manifest), ["rule"], DROPPED_SHOWN)
    sections = []
    for rule, number in dropped.group_by("rule").len().sort(["len", "rule"], descending=[True, False]).rows():
        mine = [row for row in chosen if row["rule"] == rule]
        what = f"{plural(number, 'conversation')}: {escape(manifest['rules'][rule])}"
        heading = f"{escape(rule.replace('_', ' '))} <small>{what}</small>"
        sections.append(f"<section><h4>{heading}</h4>{_articles(mine)}</section>")
    return "\n".join(sections)


def _articles(chosen: list[dict[str, Any]]) -> str:
    if not chosen:
        return "<p>Texts of these sources are not shown.</p>"
    return f'<div class="examples">{"".join(examples.article(row) for row in chosen)}</div>'


def _again(manifest: Mapping[str, Any]) -> str:
    config = json.dumps(manifest["config"], ensure_ascii=False, indent=1, sort_keys=True)
    return (
        "<p>Save the config below as <code>config.yaml</code> (JSON is YAML as well), then run</p>\n"
        '<pre dir="ltr"><code>python -m alignment.prepare --config config.yaml --output_dir out/prepared</code></pre>\n'
        f'<details><summary>Resolved config</summary><pre dir="ltr"><code>{escape(config)}</code></pre></details>'
    )
