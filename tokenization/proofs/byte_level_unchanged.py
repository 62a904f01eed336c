"""Proofs that what is not Arabic is cut as before, id for id."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from tokenization.proofs.byte_level_subject import Subject, ids_of
from tokenization.proofs.proof import Proof
from tokenization.proofs.texts import ARABIC, NASTY, NASTY_ARABIC, has_arabic, random_texts
from tokenization.proofs.trial import Trial

_SHARE = 8  # one of so many documents is also cut whole, for where each of its ids stands
_RANDOM = 4_000


def prove_unchanged(subject: Subject) -> Proof:
    """Texts without Arabic, and Arabic-free lines of mixed ones, are cut exactly as by the base."""
    trial = Trial("text without Arabic is cut as by the base", "texts and lines")
    old_pieces = [_text(piece) for piece in subject.base.bytes_of if piece]
    made_up = [ARABIC.sub("", text) for text in random_texts(subject.evidence.seed, _RANDOM)]
    for texts in chain(subject.evidence.texts(), [[*NASTY, *old_pieces, *made_up]]):
        free = [text for text in texts if not has_arabic(text)]
        mixed = [text for text in texts if has_arabic(text)]
        free += [line for text in mixed for line in text.splitlines(keepends=True) if not has_arabic(line)]
        for text, old, new in zip(free, ids_of(subject.old, free), ids_of(subject.new, free), strict=True):
            trial.check_text(text, old == new)
    return trial.proof()


def prove_unchanged_in_context(subject: Subject) -> Proof:
    """Arabic-free lines have the base's ids where they stand, between lines that hold Arabic."""
    trial = Trial("Arabic-free lines between Arabic ones are cut as by the base", "mixed texts")
    made_up = [f"{foreign}\n{arabic}\n\n{foreign}" for foreign in NASTY for arabic in NASTY_ARABIC]
    made_up += random_texts(subject.evidence.seed + 1, _RANDOM)
    for texts in chain(subject.sample(_SHARE).texts(), [made_up]):
        mixed = [text for text in texts if has_arabic(text) and "\n" in text]
        olds, news = _placed(subject.old, mixed), _placed(subject.new, mixed)
        for text, old, new in zip(mixed, olds, news, strict=True):
            free = _free_characters(text)
            same = np.array_equal(_inside(old, free), _inside(new, free))
            trial.check_text(text, same, "one of its lines without Arabic is cut otherwise")
    return trial.proof()


def _placed(tokenizer: Any, texts: Sequence[str]) -> list[npt.NDArray[np.int64]]:
    """For each text int64[ids, 3]: id, first character, end."""
    return [
        np.column_stack([np.array(cut.ids, np.int64), np.array(cut.offsets, np.int64).reshape(-1, 2)])
        for cut in tokenizer.encode_batch(list(texts), add_special_tokens=False)
    ]


def _free_characters(text: str) -> npt.NDArray[np.bool_]:
    """Whether each character stands in a line without Arabic."""
    lines = text.splitlines(keepends=True)
    free = np.array([not has_arabic(line) for line in lines], np.bool_)
    return np.repeat(free, [len(line) for line in lines])


def _inside(placed: npt.NDArray[np.int64], free: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Those ids that stand in lines without Arabic from end to end."""
    spanning = placed[placed[:, 2] > placed[:, 1]]
    kept: npt.NDArray[np.int64] = spanning[free[spanning[:, 1]] & free[spanning[:, 2] - 1]]
    return kept


def _text(piece: bytes) -> str:
    return piece.decode(errors="replace")
