"""A self-contained page out of sections: the frame that the pages of this room share."""

from collections.abc import Mapping
from importlib.resources import files

from corpus.card.markup import escape, isolated

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""No script, font or address is ever loaded, whatever a model wrote."""


def document(
    kicker: str,
    title: str,
    sections: Mapping[str, tuple[str, str]],
    contents: Mapping[str, str],
    *,
    daad: str,
    made_from: str,
    tiles: str = "",
) -> str:
    """The whole HTML page: a head, a menu, and every section that has contents, with its heading and how to read it."""
    filled = {name: content for name, content in contents.items() if content}
    menu = "".join(f'<li><a href="#{name}">{sections[name][0]}</a></li>' for name in filled)
    body = "\n".join(_section(name, *sections[name], content) for name, content in filled.items())
    style = files("corpus.card").joinpath("card.css").read_text(encoding="utf-8")
    style += files("benchmarks.report").joinpath("report.css").read_text(encoding="utf-8")
    return (
        '<!DOCTYPE html>\n<html lang="en" dir="ltr">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f'<header><p class="kicker">{escape(kicker)}</p><h1>{isolated(title)}</h1>\n{tiles}\n'
        f'<nav aria-label="Sections"><ol>{menu}</ol></nav></header>\n<main>\n{body}\n</main>\n'
        f"<footer><p>Made by Daad {escape(daad)} from {escape(made_from)} beside this file. "
        "Nothing is loaded from elsewhere.</p></footer>\n</body>\n</html>\n"
    )


def _section(name: str, heading: str, how: str, content: str) -> str:
    return (
        f'<section id="{name}" aria-labelledby="{name}-h"><h2 id="{name}-h">{heading}</h2>\n'
        f'<p class="how">{how}</p>\n{content}\n</section>'
    )
