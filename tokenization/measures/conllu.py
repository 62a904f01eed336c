"""Gold words from CoNLL-U: written words and the places where clitics join.

A written word is a range line (`3-4`) with its parts, or a run of syntactic words joined by `SpaceAfter=No`.
Punctuation and symbols are no part of a word. The parts must spell the word as it is
written; where they do not (contractions), the word has no places and is left out.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from tokenization.arabic_script import is_arabic

_OUTSIDE = frozenset({"PUNCT", "SYM"})


class GoldWord(NamedTuple):
    """A written word, the sentence it stands in, and after how many characters its parts end, the last one apart."""

    word: str
    sentence: int
    borders: tuple[int, ...]

    @property
    def parts(self) -> list[str]:
        """The word's parts."""
        places = (0, *self.borders, len(self.word))
        return [self.word[a:b] for a, b in pairwise(places)]


class _Token(NamedTuple):
    form: str
    outside: bool
    joined: bool  # no space after it
    parts: tuple[str, ...]


def read_words(lines: Iterable[str]) -> list[GoldWord]:
    """Written Arabic words of all sentences, in order.

    Raises:
        ValueError: A line that is no CoNLL-U, with its number.
    """
    found: list[GoldWord] = []
    for number, tokens in enumerate(_sentences(lines)):
        for run in _runs(tokens):
            parts = [part for token in run for part in token.parts]
            word = "".join(token.form for token in run)
            if "".join(parts) == word and any(is_arabic(letter) and letter.isalpha() for letter in word):
                ends = [sum(map(len, parts[: i + 1])) for i in range(len(parts) - 1)]
                found.append(GoldWord(word, number, tuple(ends)))
    return found


def _sentences(lines: Iterable[str]) -> Iterator[list[_Token]]:
    tokens: list[_Token] = []
    covered = 0
    parts: list[str] = []
    for number, line in enumerate(lines, 1):
        text = line.rstrip("\n")
        if not text:
            if tokens:
                yield tokens
            tokens, covered = [], 0
            continue
        if text.startswith("#"):
            continue
        fields = text.split("\t")
        if len(fields) != 10:
            raise ValueError(f"line {number} has {len(fields)} columns, CoNLL-U has 10")
        first, _, last = fields[0].partition("-")
        if "." in fields[0]:
            continue
        if last:
            covered, parts = int(last), []
            tokens.append(_Token(fields[1], outside=False, joined="SpaceAfter=No" in fields[9], parts=()))
        elif int(first) <= covered:
            parts.append(fields[1])
            tokens[-1] = tokens[-1]._replace(parts=tuple(parts))
        else:
            tokens.append(
                _Token(fields[1], fields[3] in _OUTSIDE, "SpaceAfter=No" in fields[9], (fields[1],))
            )
    if tokens:
        yield tokens


def _runs(tokens: Sequence[_Token]) -> Iterator[list[_Token]]:
    """Tokens that are written together, what stands outside words apart."""
    run: list[_Token] = []
    for token in tokens:
        if token.outside:
            if run:
                yield run
            run = []
            continue
        run.append(token)
        if not token.joined:
            yield run
            run = []
    if run:
        yield run
