"""Which lines end only because the text was wrapped at a width, as in mails, plain-text books and PEPs.

A program that fills lines ends each where the next word would not have fit. So in wrapped text one width explains
nearly all line ends: no line is longer, and no first word of the next line would have fit. Verse, lists, addresses and
one sentence a line are explained by no width, unless by chance; what chance could explain is left as it is.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

LEAD = re.compile(r"^\s*(?:(?:[-*+\u2022\u2013\u2014]|#{1,6}|>+|\(?\d{1,3}[.)]|[a-z]\))[^\S\n]+)?")
"""Indentation, and what marks an item, a heading or a quotation."""

LEAST_WIDTH, MOST_WIDTH = 45, 130
"""Columns that texts are wrapped at: verse is mostly narrower, paragraphs on one line are wider."""
LEAST_WIDTH_OF_TWO = 60
"""The same for two lines that stand alone: the longer of two items of a list is as wide as itself."""
EXPLAINED = 0.65
"""Least share of line ends that the width of a document explains."""
FULL = 0.7
"""Least share of a block's line ends that come where its width makes them come."""
SLACK, LOOSE_SLACK = 6, 12
"""Columns that a line which was edited by hand may be short by: of the document's width, of the block's own."""
SURE_ENDS = 2
"""Line ends that are evidence enough where small letters after them say that a sentence goes on."""
SURE_ENDS_WITHOUT_CASE = 4

_SPACED = re.compile(r"\S(?: {3,}|\t)\S|\*{3}")
_UNFINISHED = re.compile(r"[^.!?:\N{ARABIC QUESTION MARK}\N{ARABIC FULL STOP}\N{HORIZONTAL ELLIPSIS}]$")
_INNER_MARK = re.compile(r"[.,;:!?\u060C\u061B\u061F\u06D4][\"'\u00BB\u201D)\]]*\s+\S")


_BROKEN_WORD = re.compile(r"\w-$")


class _End(NamedTuple):
    """The end of a line that prose follows: `length` of the line, and of it with the next word (`longer`)."""

    row: int
    length: int
    longer: int
    unfinished: bool
    goes_on: bool  # the next line starts with a small letter
    capital: bool


def soft_ends(lines: Sequence[str], prose: Sequence[bool]) -> list[bool]:
    """For each line (with its end), whether the end is only where the text was wrapped.

    A line end is hard in any case before a marked item or a line that is indented more, between columns, after a single
    word, where the line says so with two blanks or a backslash, and where the next line is no prose.
    """
    soft = [False] * len(lines)
    blocks = [block for block in _blocks(lines, prose) if block]
    ends = [end for block in blocks for end in block]
    width = _width(ends)
    if not _is_sure(ends, width, lines):
        width = 0
    for block in blocks:
        own = max(end.length for end in block)
        full = [width - SLACK < end.longer and end.length <= width for end in block]
        if not width or sum(full) < FULL * len(block):
            full = [own - LOOSE_SLACK < end.longer for end in block]
            if sum(full) < FULL * len(block) or not _goes_on(block, own):
                continue
        if not _is_verse(block):
            for end, is_full in zip(block, full, strict=True):
                soft[end.row] = is_full or (end.unfinished and not end.capital)
    return soft


def unwrapped(text: str) -> str:
    r"""Wrapped text on one line; a hyphen at a line's end stays, without a blank.

    >>> unwrapped("a well-\nknown\n  text")
    'a well-known text'
    """
    first, *others = text.split("\n")
    pieces = [first.rstrip()]
    for line in map(str.strip, others):
        broken = _BROKEN_WORD.search(pieces[-1]) and line[:1].isalnum()
        pieces.append(line if broken else f" {line}")
    return "".join(pieces)


def _blocks(lines: Sequence[str], prose: Sequence[bool]) -> list[list[_End]]:
    """Runs of line ends that wrapping may have made."""
    blocks: list[list[_End]] = [[]]
    for row in range(len(lines) - 1):
        if prose[row] and prose[row + 1] and _may_go_on(lines[row], lines[row + 1]):
            blocks[-1].append(_end(row, lines[row], lines[row + 1]))
        elif blocks[-1]:
            blocks.append([])
    return blocks


def _may_go_on(line: str, following: str) -> bool:
    content = line.rstrip("\r\n")
    if not line.endswith("\n") or content.endswith(("  ", "\\")) or len(content.split(maxsplit=1)) < 2:
        return False
    lead = LEAD.match(following)
    assert lead is not None
    if lead[0].strip() or _SPACED.search(content) or _SPACED.search(following):
        return False
    own = LEAD.match(content)
    assert own is not None
    return len(lead[0]) <= len(own[0])


def _end(row: int, line: str, following: str) -> _End:
    content = line.expandtabs().rstrip()
    words = following.split(maxsplit=1)
    first = next((letter for letter in words[0] if letter.isalpha()), "")
    return _End(
        row,
        len(content),
        len(content) + 1 + len(words[0]),
        unfinished=bool(_UNFINISHED.search(content.rstrip("\"')]}\u00bb\u201d\u2019"))),
        goes_on=first.islower(),
        capital=first.isupper(),
    )


def _width(ends: Sequence[_End]) -> int:
    """The width that explains most line ends, or 0 where none explains enough of them."""
    changes = dict.fromkeys(range(LEAST_WIDTH, MOST_WIDTH + 2), 0)
    for end in ends:
        lowest, highest = max(LEAST_WIDTH, end.length), min(MOST_WIDTH, end.longer - 1)
        if lowest <= highest:
            changes[lowest] += 1
            changes[highest + 1] -= 1
    best, most, now = 0, 0, 0
    for width, change in changes.items():
        now += change
        if now > most:
            best, most = width, now
    long = sum(end.longer > LEAST_WIDTH for end in ends)  # short lines are of addresses and lists
    return best if most and most >= EXPLAINED * long else 0


def _is_sure(ends: Sequence[_End], width: int, lines: Sequence[str]) -> bool:
    """Whether there is more evidence than chance gives: small letters, or enough ends and marks within lines."""
    explained = [end for end in ends if end.length <= width < end.longer]
    cased = [end for end in explained if end.goes_on or end.capital]
    if 2 * len(cased) >= len(explained):
        return len(explained) >= SURE_ENDS and sum(map(_continues, cased)) >= 0.3 * len(cased)
    marks = sum(bool(_INNER_MARK.search(lines[end.row])) for end in explained)
    return len(explained) >= SURE_ENDS_WITHOUT_CASE and 3 * marks >= len(explained)


def _continues(end: _End) -> bool:
    return end.unfinished and end.goes_on


def _goes_on(block: Sequence[_End], longest: int) -> bool:
    """Whether sentences go on with a small letter at most ends of a block that is as wide as wrapped text is."""
    least = LEAST_WIDTH if len(block) >= SURE_ENDS else LEAST_WIDTH_OF_TWO
    return least <= longest <= MOST_WIDTH and 2 * sum(map(_continues, block)) >= len(block)


def _is_verse(block: Sequence[_End]) -> bool:
    """Whether each line starts with a capital, though sentences go on there."""
    unfinished = [end for end in block if end.unfinished]
    return len(unfinished) >= 2 and all(end.capital for end in unfinished)
