"""A self-contained page in the style of the project's other reports."""

from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any, NamedTuple

import yaml

from corpus.card.markup import POLICY, code, escape, table
from nemo_recipes.watch.report.curves import Points

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
    style = "".join(
        files(package).joinpath(name).read_text(encoding="utf-8")
        for package, name in (("corpus.card", "card.css"), ("nemo_recipes.watch.report", "report.css"))
    )
    body = "\n".join(
        f'<section><h2>{part.heading}</h2>\n<p class="how">{part.how}</p>\n{part.content}\n</section>'
        for part in sections
        if part.content
    )
    said = f'<p class="how"><strong>{escape(note)}</strong></p>\n' if note else ""
    cells = "".join(
        f"<div><dt>{escape(tile.name)}</dt><dd><strong>{escape(tile.value)}</strong><small>{escape(tile.note)}</small>"
        "</dd></div>"
        for tile in tiles
    )
    return (
        '<!DOCTYPE html>\n<html lang="en" dir="ltr">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f'<header><p class="kicker">{escape(kicker)}</p><h1>{escape(title)}</h1>\n{said}<dl class="tiles">{cells}</dl>'
        f"</header>\n<main>\n{body}\n</main>\n<footer><p>Made by Daad {escape(version)} from log.jsonl, energy.jsonl "
        "and manifest.json beside this file. Nothing is loaded from elsewhere.</p></footer>\n</body>\n</html>\n"
    )


def language(name: str) -> str:
    """A language's name."""
    return LANGUAGES.get(name, name)


def points(lines: Sequence[Line], *path: str) -> Points:
    """A figure of journal lines over their steps; lines without it are left out."""
    found = []
    for line in lines:
        value: Any = line
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        if value is not None:
            found.append((float(line["step"]), float(value)))
    return found


def again(manifest: Line) -> str:
    """Settings and versions."""
    versions = [[escape(name), code(version)] for name, version in manifest["versions"].items()]
    settings = yaml.safe_dump(dict(manifest["config"]), sort_keys=False, allow_unicode=True)
    return (
        f'<details><summary>Settings</summary><pre dir="ltr">{escape(settings)}</pre></details>\n'
        f"{table('Versions', ('package', 'version'), versions)}"
    )
