"""What goes in comes out: encode, decode, compare."""

from collections.abc import Callable, Sequence

from tokenization.base import Encode, Evidence
from tokenization.proofs.proof import Proof
from tokenization.proofs.texts import LOSSY, NASTY, NASTY_ARABIC, random_texts
from tokenization.proofs.trial import Trial

Decode = Callable[[list[list[int]]], list[str]]

_RANDOM = 4_000


def prove_round_trip(encode: Encode, decode: Decode, evidence: Evidence, pieces: Sequence[str] = ()) -> Proof:
    """All documents, the built-in texts, random ones and every new piece, texts with U+2581 or NUL apart."""
    trial = Trial("decoding gives the text back", "texts")
    made_up = [*NASTY, *NASTY_ARABIC, *pieces, *random_texts(evidence.seed + 1, _RANDOM)]
    _try(trial, encode, decode, made_up)
    for texts in evidence.texts():
        _try(trial, encode, decode, texts)
    return trial.proof()


def _try(trial: Trial, encode: Encode, decode: Decode, texts: Sequence[str]) -> None:
    promised = [text for text in texts if not LOSSY.search(text)]
    for text, decoded in zip(promised, decode(encode(promised)), strict=True):
        trial.check_text(text, text == decoded, f"comes back as {decoded[:60]!a}")
