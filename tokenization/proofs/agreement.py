"""All forms of the tokenizer give the same ids."""

import random
from collections.abc import Mapping, Sequence

from tokenization.base import Encode, Evidence
from tokenization.proofs.proof import Proof
from tokenization.proofs.texts import NASTY, NASTY_ARABIC, random_texts
from tokenization.proofs.trial import Trial

_RANDOM = 3_000
_RUN = 70


def prove_agreement(forms: Mapping[str, Encode], evidence: Evidence, pieces: Sequence[str] = ()) -> Proof:
    """Compare every form with the first, id for id: all documents, built-in and random texts, every new piece."""
    names = list(forms)
    made_up = [*NASTY, *NASTY_ARABIC, *pieces, *random_texts(evidence.seed + 2, _RANDOM), *spaced()]
    trial = Trial(f"same ids from {', '.join(names[:-1])} and {names[-1]}", "texts")
    _compare(trial, forms, [*made_up, *parted(pieces), *joined(pieces, evidence.seed + 3, _RANDOM)])
    for texts in evidence.texts():
        _compare(trial, forms, texts)
    return trial.proof()


def joined(pieces: Sequence[str], seed: int, number: int) -> list[str]:
    """Pieces in chance order, run together, so that their ends meet as they never do in words."""
    chance = random.Random(seed)  # noqa: S311
    return ["".join(chance.choices(pieces, k=chance.randrange(2, 9))) for _ in range(number if pieces else 0)]


def parted(pieces: Sequence[str]) -> list[str]:
    r"""Pieces that join words, with more between the words than the one space.

    >>> parted(["ab", " ab", " a b"])[::3]
    ['  a  b', '\na\nb']
    """
    between = ("  ", "   ", " " * 16, "\n", "\n ")
    return [piece.replace(" ", gap) for piece in pieces if " " in piece[1:] for gap in between]


def spaced() -> list[str]:
    """Runs of up to 70 spaces, alone, before, between and after words, Arabic and other."""
    word = NASTY_ARABIC[0]
    runs = [" " * length for length in range(1, _RUN + 1)]
    around = (
        ("", ""),
        ("", "a"),
        ("a", ""),
        ("a", "b"),
        ("", word),
        (word, word),
        ("\n", "x"),
        ("\n", word),
        ("1", "("),
    )
    return [before + run + after for run in runs for before, after in around]


def _compare(trial: Trial, forms: Mapping[str, Encode], texts: Sequence[str]) -> None:
    (first, encode), *others = forms.items()
    expected = encode(texts)
    for name, other in others:
        for text, want, got in zip(texts, expected, other(texts), strict=True):
            trial.check_text(text, want == got, f"{first} and {name} differ")
