"""Texts as the card shows them: an excerpt, every line in its own direction, and two copies with their differences."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from corpus.card.account import RIGHT_TO_LEFT
from corpus.card.documents import Document
from corpus.card.figures import count
from corpus.card.markup import attribute, code, direction, escape, isolated

EXCERPT_CHARACTERS = 320
"""Characters of an example that are shown at most."""

EXCERPT_LINES = 9
"""Lines of an example that are shown at most."""

CONTEXT_WORDS = 8
"""Equal words that are shown on either side of a difference."""

COMPARED_WORDS = 400
"""Words of two copies that are compared at most."""

SHOWN_WORDS = 110
"""Words of one side of a comparison that are shown at most."""

_ELLIPSIS = " \N{HORIZONTAL ELLIPSIS} "


def cut(text: str, length: int) -> str:
    """The text up to the last whole word within `length` characters, with an ellipsis where something is left off.

    >>> cut("one two three", 9), cut("one", 9), cut("abcdefghij", 4)
    ('one two…', 'one', 'abcd…')
    """
    text = text.strip()
    if len(text) <= length:
        return text
    head = text[:length]
    if not text[length].isspace():
        words = re.match(r"(.*\S)\s", head, re.DOTALL)
        head = words[1] if words else head
    return head.rstrip() + "\N{HORIZONTAL ELLIPSIS}"


def excerpt(document: Document, length: int = EXCERPT_CHARACTERS) -> str:
    """The beginning of a text as a quotation, each of its lines set in the direction that most of its letters have."""
    language = document["language"] or "und"
    lines = [line for line in cut(document["text"], length).splitlines() if line.strip()]
    if len(lines) > EXCERPT_LINES:
        lines = [*lines[:EXCERPT_LINES], "\N{HORIZONTAL ELLIPSIS}"]
    return _quotation(lines, language)


def _quotation(lines: Sequence[str], language: str) -> str:
    base = _base_direction(language)
    shown = "".join(f'<p dir="{direction(line, base)}">{escape(line)}</p>' for line in lines)
    return f'<blockquote lang="{attribute(language)}" dir="{base}">{shown or "<p>(empty)</p>"}</blockquote>'


def card_line(document: Document) -> str:
    """Where an example comes from and how long it is."""
    return (
        f"{code(document['id'])} <span>{isolated(document['source'])}</span> "
        f"<span>{count(document['characters'])} characters</span>"
    )


def compare(kept: Document, dropped: Document) -> tuple[str, str, str]:
    """Both texts as quotations, words that only one of them has marked, and a sentence on what differs.

    Long equal passages are left out. Only the first `COMPARED_WORDS` words are compared.
    """
    left, right = (_words(document["text"]) for document in (kept, dropped))
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    operations = matcher.get_opcodes()
    sides = (
        _side(left, [(tag == "equal", start, end) for tag, start, end, _, _ in operations]),
        _side(right, [(tag == "equal", start, end) for tag, _, _, start, end in operations]),
    )
    marked = [
        _marked_quotation(words, document) for words, document in zip(sides, (kept, dropped), strict=True)
    ]
    return marked[0], marked[1], _summary(operations, max(len(left), len(right)))


def _words(text: str) -> list[str]:
    return text.split()[:COMPARED_WORDS]


def _side(words: list[str], spans: list[tuple[bool, int, int]]) -> list[tuple[bool, str]]:
    """Runs of words, each with whether the other side has them too; long equal runs are shortened."""
    runs: list[tuple[bool, str]] = []
    shown = 0
    for number, (equal, start, end) in enumerate(spans):
        if start == end:
            continue
        if shown >= SHOWN_WORDS:
            runs.append((True, _ELLIPSIS.strip()))
            break
        run = words[start:end]
        head = 0 if number == 0 and len(spans) > 1 else CONTEXT_WORDS
        tail = 0 if number == len(spans) - 1 and len(spans) > 1 else CONTEXT_WORDS
        if len(spans) == 1:
            text = " ".join(run[:40]) + (_ELLIPSIS.rstrip() if len(run) > 40 else "")
        elif equal and len(run) > head + tail + 2:
            text = (" ".join(run[:head]) + _ELLIPSIS + " ".join(run[len(run) - tail :])).strip()
        else:
            text = " ".join(run[:SHOWN_WORDS])
        shown += len(text.split())
        runs.append((equal, text))
    return runs


def _marked_quotation(runs: list[tuple[bool, str]], document: Document) -> str:
    language = document["language"] or "und"
    base = _base_direction(language)
    text = " ".join(escape(words) if equal else f"<mark>{escape(words)}</mark>" for equal, words in runs)
    way = direction(" ".join(words for _, words in runs), base)
    return f'<blockquote lang="{attribute(language)}" dir="{way}"><p dir="{way}">{text or "(empty)"}</p></blockquote>'


def _summary(operations: Sequence[tuple[str, int, int, int, int]], compared: int) -> str:
    changed = sum(max(b - a, d - c) for tag, a, b, c, d in operations if tag != "equal")
    reach = f"the first {count(compared)} words" if compared >= COMPARED_WORDS else f"{count(compared)} words"
    if changed == 0:
        return f"No word differs in {reach}."
    return f"{count(changed)} of {reach} differ{'s' if changed == 1 else ''}."


def _base_direction(language: str) -> str:
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"
