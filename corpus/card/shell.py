"""What all pages of the project share: head, style, content policy, footer. One file, nothing loaded from elsewhere."""

from collections.abc import Iterable
from importlib.resources import files

from corpus.card.markup import escape

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""No script, font or address is ever loaded, whatever a document holds."""


def stylesheet(package: str, name: str) -> str:
    """A style sheet that lies in a package."""
    return files(package).joinpath(name).read_text(encoding="utf-8")


def html_page(
    kicker: str,
    title: str,
    *,
    header: str,
    main: str,
    footer: str,
    style: str = "",
    heading: str = "",
    policy: str = POLICY,
    scripts: str = "",
) -> str:
    """A whole HTML page; all arguments but kicker and title are HTML.

    Args:
        kicker: What kind of page it is, above the heading.
        title: The page's name.
        header: What follows the heading: tiles, a note, a menu.
        main: The sections.
        footer: One sentence or two on what the page is made from.
        style: Style after the card's own.
        heading: The title as it is shown, where it needs more than escaping.
        policy: The content policy, where the page has a script of its own.
        scripts: Elements after the footer.
    """
    return (
        '<!DOCTYPE html>\n<html lang="en" dir="ltr">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>\n{stylesheet('corpus.card', 'card.css')}{style}</style>\n"
        f'</head>\n<body>\n<header><p class="kicker">{escape(kicker)}</p><h1>{heading or escape(title)}</h1>\n'
        f"{header}</header>\n<main>\n{main}\n</main>\n<footer><p>{footer}</p></footer>\n{scripts}</body>\n</html>\n"
    )


def tiles(figures: Iterable[tuple[str, str, str]]) -> str:
    """The figures at the head of a page: name, figure and note of each, as HTML."""
    cells = "".join(
        f"<div><dt>{name}</dt><dd><strong>{figure}</strong><small>{note}</small></dd></div>"
        for name, figure, note in figures
    )
    return f'<dl class="tiles">{cells}</dl>'
