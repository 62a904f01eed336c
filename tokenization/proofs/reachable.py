"""Every new piece is what its own text becomes."""

from collections.abc import Sequence

from tokenization.base import Encode
from tokenization.proofs.proof import Proof
from tokenization.proofs.trial import Trial


def prove_reachable(expanded: Encode, texts: Sequence[str], first_id: int, before: str = "\n") -> Proof:
    """Encode each new piece's text alone, at the beginning of a line (`before` is what the line break is).

    At the beginning of a text SentencePiece would put a space before it, and so make another piece.
    """
    trial = Trial("every new piece is reachable", "pieces")
    prefix = expanded([before])[0]
    cuts = expanded([before + text for text in texts])
    for position, (text, cut) in enumerate(zip(texts, cuts, strict=True)):
        number = first_id + position
        trial.check(cut == [*prefix, number], f"{text!a} ({number}) is cut into {cut[len(prefix) :]}")
    return trial.proof()
