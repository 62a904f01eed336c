"""Normalization of columns: the lines that need it go through the steps, all others are copied."""

import itertools
import re
from collections import Counter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from corpus.normalize import scan as flag
from corpus.normalize import steps
from corpus.normalize.rewrite import NATIVE, rewrite
from corpus.normalize.scan import Lines, scan
from corpus.normalize.settings import Normalization
from corpus.normalize.splice import splice
from corpus.text_buffers import TextBuffers, from_buffers, to_buffers

_STEPS: dict[str, tuple[steps.Step, bool, int]] = {  # the step, whether it treats layout, and its flags
    "encoding": (steps.encoding, False, flag.ENCODING),
    "controls": (steps.controls, False, flag.CONTROLS | flag.RETURN),
    "html": (steps.markup, False, flag.HTML),
    "invisible": (steps.invisible, False, flag.INVISIBLE),
    "phrases": (steps.phrases, False, flag.PHRASES),
    "forms": (steps.forms, False, flag.FORMS | flag.MARKS),
    "tatweel": (steps.tatweel, False, flag.TATWEEL),
    "spaces": (steps.spaces, True, flag.SPACES),
    "punctuation": (steps.punctuation, True, flag.PUNCTUATION),
}

_MAX_ROUNDS = 8
"""A line is mended until nothing changes: one step may uncover work for an earlier one (an entity that a
tatweel cut in two). Two rounds are the rule; the bound keeps hostile input from going on, e.g.
"&amp;amp;amp;...;lt;"."""


class Normalized(NamedTuple):
    """The texts after normalization, and how many replacements each step made."""

    texts: pl.Series
    counts: dict[str, int]


def normalize(texts: pl.Series, settings: Normalization) -> Normalized:
    r"""Mend the text that stays, by the steps that are switched on; a null becomes the empty text.

    Texts are cut at newlines and every line is mended by itself, over and over until it stays (8 rounds at
    most); so the result is what `normalize_text` makes of each text, and normalizing it again changes
    nothing.

    >>> normalize(pl.Series(["سلام  عليكم ،\nx  = 1"]), Normalization()).texts.to_list()
    ['سلام عليكم،\nx  = 1']
    """
    counts: Counter[str] = Counter({name: 0 for name in _STEPS if getattr(settings, name) != "off"})
    buffers = _settle(to_buffers(texts), settings, counts, _MAX_ROUNDS)
    return Normalized(from_buffers(buffers).alias(texts.name), dict(counts))


def normalize_text(text: str, settings: Normalization) -> str:
    """Mend one text: the plain definition of `normalize`, which gives the same text, faster over columns."""
    counts: Counter[str] = Counter()
    for _ in range(_MAX_ROUNDS):
        lines = text.split("\n")
        letters = np.array([_count_letters(line) for line in lines])
        allowed = _allowed(letters[:, 0], letters[:, 1], settings).tolist()
        before, text = (
            text,
            "\n".join(_mend(line, mask, mask, counts) for line, mask in zip(lines, allowed, strict=True)),
        )
        if text == before:
            break
    return text


def _settle(buffers: TextBuffers, settings: Normalization, counts: Counter[str], rounds: int) -> TextBuffers:
    lines = scan(buffers)
    allowed = _allowed(lines.arabic_letters, lines.other_letters, settings)
    active = lines.flags & allowed
    by_kernel = np.flatnonzero((active > 0) & (active & ~np.uint16(NATIVE) == 0))
    rewritten, which, found = rewrite(
        buffers.data, lines.starts[by_kernel], lines.ends[by_kernel], active[by_kernel], allowed[by_kernel]
    )
    counts.update({name: count for name, count in found.items() if count})
    by_hand, mended = _mend_lines(buffers, lines, active, allowed, counts)
    changed = np.concatenate([by_kernel[which], by_hand])
    if not len(changed):
        return buffers
    order = np.argsort(changed)
    changed = changed[order]
    replacements = to_buffers(pl.concat([from_buffers(rewritten), mended]).gather(order))
    if rounds > 1:
        replacements = _settle(replacements, settings, counts, rounds - 1)
    view, cuts = replacements.data.data, replacements.offsets.tolist()
    pieces = [view[start:end] for start, end in itertools.pairwise(cuts)]
    return splice(buffers, lines.starts[changed], lines.ends[changed], pieces)


def _mend_lines(
    buffers: TextBuffers,
    lines: Lines,
    active: npt.NDArray[np.uint16],
    allowed: npt.NDArray[np.uint16],
    counts: Counter[str],
) -> tuple[npt.NDArray[np.int64], pl.Series]:
    """Mend by the steps themselves the lines that the kernel leaves: which changed, and into what."""
    chosen = np.flatnonzero(active & ~np.uint16(NATIVE))
    changed: list[int] = []
    mended: list[str] = []
    data = np.ascontiguousarray(buffers.data).data
    columns = (lines.starts, lines.ends, active, allowed)
    rows = zip(chosen.tolist(), *(column[chosen].tolist() for column in columns), strict=True)
    for index, start, end, flags, mask in rows:  # irregular rewriting, of few lines
        line = str(data[start:end], "utf-8")
        result = _mend(line, flags, mask, counts)
        if result != line:
            changed.append(index)
            mended.append(result)
    return np.array(changed, np.int64), pl.Series(mended, dtype=pl.String)


def _allowed(
    arabic: npt.NDArray[np.int64], other: npt.NDArray[np.int64], settings: Normalization
) -> npt.NDArray[np.uint16]:
    """The flags of the steps that may run on each line, by its letters."""
    holds_arabic = arabic > 0
    mostly_arabic = holds_arabic & (arabic >= other)
    allowed = np.zeros(len(arabic), np.uint16)
    for name, (_, layout, flags) in _STEPS.items():
        where = getattr(settings, name)
        if where == "everywhere":
            allowed |= np.uint16(flags)
        elif where == "arabic":
            allowed |= np.where(mostly_arabic if layout else holds_arabic, np.uint16(flags), np.uint16(0))
    return allowed


def _mend(line: str, flags: int, allowed: int, counts: Counter[str]) -> str:
    """One round over one line, or over the lines that a step made of it.

    What one step changes may be work for those after it: from then on all that are allowed run.
    """
    for name, (step, _, mask) in _STEPS.items():
        if flags & allowed & mask:
            mended, count = step(line)
            counts[name] += count
            flags = allowed if mended != line else flags
            line = mended
    return line


_ARABIC_LETTER = re.compile(f"[{steps.LETTER}]")


def _count_letters(line: str) -> tuple[int, int]:
    """Arabic letters, and other letters of the Basic Multilingual Plane."""
    arabic = len(_ARABIC_LETTER.findall(line))
    alphabetic = sum(
        character.isalpha() for character in _ARABIC_LETTER.sub("", line) if character < "\U00010000"
    )
    return arabic, alphabetic
