"""Cutting a text into sentences, with all that stands between them, so that it can be put together again exactly."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from corpus.sentences.abbreviations import ABBREVIATIONS, BEFORE_NUMBERS
from corpus.sentences.blocks import lines_of
from corpus.sentences.wrapping import LEAD, soft_ends, unwrapped


class Segment(NamedTuple):
    """A piece of a text: a sentence (`is_sentence`), or what is to be kept as it stands.

    `is_wrapped` tells of line ends within that are only where the text was wrapped at a width.
    """

    text: str
    is_sentence: bool
    is_wrapped: bool = False

    @property
    def plain(self) -> str:
        """The text without such line ends."""
        return unwrapped(self.text) if self.is_wrapped else self.text


_TERMINALS = ".!?\N{ARABIC QUESTION MARK}\N{ARABIC FULL STOP}\N{HORIZONTAL ELLIPSIS}"
_CLOSERS = "\"')\\]}\u00bb\u201d\u2019\u203a"
_OPENERS = "\"'(\\[{\u00ab\u201c\u2018\u2039\u00bf\u00a1"
_BOUNDARY = re.compile(
    rf"(?<![{_TERMINALS}])(?P<mark>[{_TERMINALS}]++)(?P<close>[{_CLOSERS}]*+)(?P<space>[^\S\n]+)(?=\S)"
)
_NEXT = re.compile(rf"^[{_OPENERS}]*(\S)")
_LAST_WORD = re.compile(r"(\S+)$")
_NEAR = 100
"""Characters before and after a mark that are looked at: long lines must not be read again at each mark."""
_INITIAL = re.compile(rf"^[{_OPENERS}]*(?:[^\W\d_]\.)*[^\W\d_]$")


def split(text: str) -> list[Segment]:
    """Segments whose texts, one after the other, are the text.

    A line end ends a sentence, unless the text was wrapped there (see `wrapping`). Code, tables, rules, bullets and
    white space are segments of their own that are no sentences. Abbreviations, initials, numbers, decimals, URLs and
    file names are not cut; a mark ends a sentence only where white space follows, and a full stop only where no small
    letter comes next.

    >>> [segment.text for segment in split("Dr. Amin came. So did J. R. Smith!") if segment.is_sentence]
    ['Dr. Amin came.', 'So did J. R. Smith!']
    """
    lines = list(lines_of(text))
    soft = soft_ends([line for line, _ in lines], [prose for _, prose in lines])
    segments: list[Segment] = []
    run = ""
    for (line, prose), goes_on in zip(lines, soft, strict=True):
        run += line
        if goes_on:
            continue
        if prose:
            segments.extend(_split_run(run))
        elif segments and not segments[-1].is_sentence:
            segments[-1] = segments[-1]._replace(text=segments[-1].text + run)
        else:
            segments.append(Segment(run, is_sentence=False))
        run = ""
    return segments


def join(segments: Iterable[Segment]) -> str:
    """The text of segments."""
    return "".join(segment.text for segment in segments)


def replaced(segments: Sequence[Segment], sentences: Iterable[str]) -> str:
    """The text with other sentences in the places of its own, in order; all else stays, but for what was wrapped.

    >>> replaced(split("# One. Two."), ["1.", "2."])
    '# 1. 2.'
    """
    others = iter(sentences)
    return "".join(next(others) if segment.is_sentence else segment.plain for segment in segments)


def _split_run(run: str) -> Iterator[Segment]:
    """Segments of a line, or of lines that were wrapped: their line ends are blanks to what looks for sentences."""
    content = run.rstrip("\r\n")
    start = 0
    for piece in _split_line(content.replace("\r\n", "  ").replace("\n", " ") + run[len(content) :]):
        own = run[start : start + len(piece.text)]
        start += len(own)
        yield Segment(own, piece.is_sentence, is_wrapped=own != piece.text)


def _split_line(line: str) -> list[Segment]:
    content = line.rstrip()
    lead = LEAD.match(content)
    start = lead.end() if lead else 0
    found: list[Segment] = []
    if start:
        found.append(Segment(content[:start], is_sentence=False))
    for boundary in _BOUNDARY.finditer(content, start):
        before = content[max(start, boundary.start() - _NEAR) : boundary.start()]
        after = content[boundary.end() : boundary.end() + _NEAR]
        if not _ends(before, boundary["mark"], boundary["close"], after):
            continue
        end = boundary.start("space")
        found.append(Segment(content[start:end], is_sentence=True))
        found.append(Segment(boundary["space"], is_sentence=False))
        start = boundary.end()
    if content[start:]:
        found.append(Segment(content[start:], is_sentence=True))
    if line[len(content) :]:
        found.append(Segment(line[len(content) :], is_sentence=False))
    return found


def _ends(before: str, mark: str, closers: str, after: str) -> bool:
    """Whether a mark between two pieces of a line ends a sentence."""
    following = _NEXT.match(after)
    first = following[1] if following else ""
    if mark != ".":
        # An ellipsis, or a question within a sentence, goes on with a small letter.
        return not first.islower()
    if first.islower():
        return False
    word_match = _LAST_WORD.search(before)
    word = word_match[1] if word_match else ""
    bare = word.lstrip("\"'([{\u00ab\u201c\u2018").casefold()
    if closers and not word.endswith("."):
        return True
    if bare in ABBREVIATIONS or (bare in BEFORE_NUMBERS and first.isdigit()):
        return False
    if _INITIAL.match(word) and not bare.startswith("i"):
        return False
    # "3." at the head of a line numbers what follows.
    return not (bare.isdigit() and before.strip() == word)
