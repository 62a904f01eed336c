"""A self-contained page in the style of the project's other reports."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import yaml

from corpus.card import shell
from corpus.card.markup import code, escape, table

Line = Mapping[str, Any]

LANGUAGES = {"ar": "Arabic", "en": "English"}


class Section(NamedTuple):
    """A part of a page: heading, how to read it (HTML), content (HTML; "" leaves the section out)."""

    heading: str
    how: str
    content: str


class Tile(NamedTuple):
    """A figure at the head of a page."""

    name: str
    value: str
    note: str


def page(
    kicker: str, title: str, note: str, tiles: Iterable[Tile], sections: Iterable[Section], version: str
) -> str:
    """The whole HTML page. `note` is what must be said of the model wherever a figure of it stands."""
    body = "\n".join(
        f'<section><h2>{part.heading}</h2>\n<p class="how">{part.how}</p>\n{part.content}\n</section>'
        for part in sections
        if part.content
    )
    said = f'<p class="how"><strong>{escape(note)}</strong></p>\n' if note else ""
    head = shell.tiles((escape(tile.name), escape(tile.value), escape(tile.note)) for tile in tiles)
    return shell.html_page(
        kicker,
        title,
        style=shell.stylesheet("nemo_recipes.watch.report", "report.css"),
        header=said + head,
        main=body,
        footer=f"Made by Daad {escape(version)} from log.jsonl, energy.jsonl and manifest.json beside this file. "
        "Nothing is loaded from elsewhere.",
    )


def language(name: str) -> str:
    """A language's name."""
    return LANGUAGES.get(name, name)


def again(manifest: Line) -> str:
    """Settings and versions."""
    versions = [[escape(name), code(version)] for name, version in manifest["versions"].items()]
    settings = yaml.safe_dump(dict(manifest["config"]), sort_keys=False, allow_unicode=True)
    return (
        f'<details><summary>Settings</summary><pre dir="ltr">{escape(settings)}</pre></details>\n'
        f"{table('Versions', ('package', 'version'), versions)}"
    )
