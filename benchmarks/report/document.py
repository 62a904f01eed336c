"""A self-contained page out of sections: the frame that the pages of this room share."""

from collections.abc import Mapping

from corpus.card.markup import escape, isolated
from corpus.card.shell import html_page, stylesheet


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
    return html_page(
        kicker,
        title,
        heading=isolated(title),
        style=stylesheet("benchmarks.report", "report.css"),
        header=f'{tiles}\n<nav aria-label="Sections"><ol>{menu}</ol></nav>',
        main=body,
        footer=f"Made by Daad {escape(daad)} from {escape(made_from)} beside this file. Nothing is loaded from "
        "elsewhere.",
    )


def _section(name: str, heading: str, how: str, content: str) -> str:
    return (
        f'<section id="{name}" aria-labelledby="{name}-h"><h2 id="{name}-h">{heading}</h2>\n'
        f'<p class="how">{how}</p>\n{content}\n</section>'
    )
