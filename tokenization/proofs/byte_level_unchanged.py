"""Proof that what is not Arabic is cut as before, id for id."""

from typing import Any

import numpy as np
import numpy.typing as npt

from tokenization.proofs.byte_level_subject import ARABIC, Subject, ids_of, random_texts
from tokenization.proofs.proof import Proof

_IN_CONTEXT = 8  # one of so many mixed documents is also cut whole, for where each of its ids stands
_RANDOM = 4000


def prove_unchanged(subject: Subject) -> Proof:
    """Texts without Arabic, and Arabic-free lines of mixed ones, are cut exactly as by the base."""
    documents = lines = size = 0
    contradiction = ""
    for texts in subject.evidence.texts():
        free = [text for text in texts if not ARABIC.search(text)]
        mixed = [text for text in texts if ARABIC.search(text)]
        alone = [line for text in mixed for line in text.splitlines(keepends=True) if not ARABIC.search(line)]
        documents, lines = documents + len(free), lines + len(alone)
        size += sum(len(text.encode()) for text in (*free, *alone))
        contradiction = contradiction or _first_difference(subject, [*free, *alone])
    made_up = random_texts(subject.evidence.seed, _RANDOM, arabic=False)
    contradiction = contradiction or _first_difference(subject, made_up)
    return Proof(
        name="text without Arabic is cut exactly as by the base",
        passed=not contradiction,
        checked=(
            f"{documents:,} documents and {lines:,} lines of mixed ones, {size / 1e6:.1f} MB; "
            f"{len(made_up):,} random texts"
        ),
        detail=contradiction,
    )


def prove_unchanged_in_context(subject: Subject) -> Proof:
    """Arabic-free lines have the base's ids where they stand, between lines that hold Arabic."""
    lines = size = 0
    contradiction = ""
    made_up = random_texts(subject.evidence.seed + 1, _RANDOM, arabic=True)
    for texts in (*subject.sample(_IN_CONTEXT), made_up):
        mixed = [text for text in texts if ARABIC.search(text) and "\n" in text]
        for text, old, new in zip(
            mixed, _placed(subject.old, mixed), _placed(subject.new, mixed), strict=True
        ):
            free = _free_characters(text)
            lines += sum(not ARABIC.search(line) for line in text.splitlines())
            size += int(free.sum())
            if not np.array_equal(_inside(old, free), _inside(new, free)) and not contradiction:
                contradiction = f"a line without Arabic in {text[:80]!r}"
    return Proof(
        name="Arabic-free lines between Arabic ones are cut exactly as by the base",
        passed=not contradiction,
        checked=f"{lines:,} lines, {size / 1e6:.2f} million characters, random ones among them",
        detail=contradiction,
    )


def _first_difference(subject: Subject, texts: list[str]) -> str:
    for text, old, new in zip(texts, ids_of(subject.old, texts), ids_of(subject.new, texts), strict=True):
        if old != new:
            place = next(
                (n for n, pair in enumerate(zip(old, new, strict=False)) if len(set(pair)) > 1), len(old)
            )
            return f"{text[:60]!r}, from its id {place} on: {new[place : place + 3]}, not {old[place : place + 3]}"
    return ""


def _placed(tokenizer: Any, texts: list[str]) -> list[npt.NDArray[np.int64]]:
    """For each text int64[ids, 3]: id, first character, end."""
    return [
        np.column_stack([np.array(cut.ids, np.int64), np.array(cut.offsets, np.int64).reshape(-1, 2)])
        for cut in tokenizer.encode_batch(texts, add_special_tokens=False)
    ]


def _free_characters(text: str) -> npt.NDArray[np.bool_]:
    lines = text.splitlines(keepends=True)
    return np.repeat([not ARABIC.search(line) for line in lines], [len(line) for line in lines]).astype(
        np.bool_
    )


def _inside(placed: npt.NDArray[np.int64], free: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Those that stand in lines without Arabic from end to end."""
    spanning = placed[placed[:, 2] > placed[:, 1]]
    return spanning[free[spanning[:, 1]] & free[spanning[:, 2] - 1]]
