"""Old text is cut as before: every text without Arabic, and every line without Arabic in a mixed one."""

import re
from collections.abc import Collection, Sequence

import numpy as np

from tokenization.base import Encode, Evidence
from tokenization.proofs.proof import Proof
from tokenization.proofs.texts import NASTY, NASTY_ARABIC, has_arabic, random_texts
from tokenization.proofs.trial import Trial

_RANDOM = 2_000


def prove_unchanged(
    base: Encode,
    expanded: Encode,
    newlines: Collection[int],
    evidence: Evidence,
    old_pieces: Sequence[str] = (),
) -> Proof:
    """Compare ids, text by text and line by line, over all documents, the built-in texts and every old piece.

    `newlines` are the ids that stand for line ends and nothing else: there a mixed text can be parted, and its lines
    compared where they stand.
    """
    trial = Trial("text without Arabic is cut as by the base", "texts and lines")
    made_up = [*NASTY, *NASTY_ARABIC, *old_pieces, *random_texts(evidence.seed, _RANDOM)]
    made_up += [f"{foreign}\n{arabic}\n{foreign}" for foreign in NASTY for arabic in NASTY_ARABIC[:3]]
    _compare(trial, base, expanded, newlines, made_up)
    for texts in evidence.texts():
        _compare(trial, base, expanded, newlines, texts)
    return trial.proof()


def _compare(
    trial: Trial, base: Encode, expanded: Encode, newlines: Collection[int], texts: Sequence[str]
) -> None:
    for text, old, new in zip(texts, base(texts), expanded(texts), strict=True):
        if not has_arabic(text):
            trial.check_text(text, old == new)
            continue
        lines = re.split("\n+", text)
        old_lines, new_lines = part(old, newlines), part(new, newlines)
        if not len(lines) == len(old_lines) == len(new_lines):
            trial.check_text(text, False, "its lines are not where its newlines are")
            continue
        for line, old_line, new_line in zip(lines, old_lines, new_lines, strict=True):
            if not has_arabic(line):
                trial.check_text(line, np.array_equal(old_line, new_line), "a line of a mixed text")


def part(ids: Sequence[int], newlines: Collection[int]) -> list[np.ndarray]:
    """Ids between runs of newlines.

    >>> [line.tolist() for line in part([5, 13, 13, 6, 7], {13})]
    [[5], [6, 7]]
    """
    row = np.asarray(ids, np.int64)
    is_newline = np.isin(row, list(newlines))
    first = np.flatnonzero(is_newline & ~np.concatenate([[False], is_newline[:-1]]))
    pieces = np.split(row, first)
    return [pieces[0], *(piece[~np.isin(piece, list(newlines))] for piece in pieces[1:])]
