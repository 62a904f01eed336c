"""HTML from plain functions: everything that comes from outside is escaped, and what cannot be seen is made visible."""

import html
import re
import unicodedata
from collections.abc import Iterable, Sequence

_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff"
    "\U000e0001-\U000e007f]"
)
"""C0 and C1 controls, soft hyphen, bidi controls, other invisible format characters, and lone surrogates.

The two joiners are left alone, for Arabic letters take another shape without them.
"""


def escape(text: object) -> str:
    r"""Text as HTML: markup stays text, and invisible characters appear by their code point.

    >>> escape("<b> & \x07")
    '&lt;b&gt; &amp; <span class="unseen" title="U+0007">U+0007</span>'
    """
    return _INVISIBLE.sub(_show, html.escape(str(text)))


def attribute(text: object) -> str:
    r"""Text as the value of an HTML attribute in double quotes.

    >>> attribute('a "b"\x07')
    'a &quot;b&quot;U+0007'
    """
    return _INVISIBLE.sub(lambda match: f"U+{ord(match[0]):04X}", html.escape(str(text)))


def isolated(text: object) -> str:
    """Text that may run in either direction, kept from reordering what stands around it."""
    return f"<bdi>{escape(text)}</bdi>"


def code(text: object) -> str:
    """An id, path or digest: always left to right, and isolated."""
    return f'<code dir="ltr">{escape(text)}</code>'


def direction(text: str, otherwise: str = "ltr") -> str:
    """Direction in which most letters of a line run, "rtl" or "ltr"; `otherwise` where it has none or as many of each.

    HTML's own dir="auto" goes by the first letter, which sets an Arabic line wrongly that opens with a Latin name.

    >>> direction("iPhone \N{ARABIC LETTER JEEM}\N{ARABIC LETTER DAL}"), direction("12", otherwise="rtl")
    ('ltr', 'rtl')
    """
    classes = [unicodedata.bidirectional(letter) for letter in text]
    right_to_left, left_to_right = classes.count("AL") + classes.count("R"), classes.count("L")
    if right_to_left == left_to_right:
        return otherwise
    return "rtl" if right_to_left > left_to_right else "ltr"


def table(
    caption: str, header: Sequence[str], rows: Iterable[Sequence[str]], numeric: Iterable[int] = ()
) -> str:
    """A table of ready HTML cells that scrolls by itself where it is too wide for the page.

    The first cell of a row names the row. Columns in `numeric` are set right-aligned in tabular figures.
    """
    right = set(numeric)

    def cell(tag: str, column: int, content: str, scope: str = "") -> str:
        kind = ' class="n"' if column in right else ""
        return f"<{tag}{scope}{kind}>{content}</{tag}>"

    head = "".join(cell("th", i, name, ' scope="col"') for i, name in enumerate(header))
    body = "\n".join(
        "<tr>"
        + "".join(
            cell("td", i, content) if i else cell("th", i, content, ' scope="row"')
            for i, content in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{attribute(caption)}">\n'
        f"<table>\n<caption>{escape(caption)}</caption>\n"
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>\n</div>"
    )


def _show(match: re.Match[str]) -> str:
    point = f"U+{ord(match[0]):04X}"
    name = unicodedata.name(match[0], "")
    return f'<span class="unseen" title="{f"{point} {name}".strip()}">{point}</span>'
