"""Literal specials in a text are text: no text can make a control id."""

from collections.abc import Collection, Mapping, Sequence

from tokenization.base import Encode
from tokenization.proofs.proof import Proof
from tokenization.proofs.texts import NASTY_ARABIC
from tokenization.proofs.trial import Trial


def prove_specials_are_text(
    forms: Mapping[str, Encode], names: Sequence[str], control_ids: Collection[int]
) -> Proof:
    """Write the name of every special into texts, and look for control ids in what each form makes of them."""
    trial = Trial("literal specials are text, never a control id", "texts")
    word = NASTY_ARABIC[0]
    texts = [
        text
        for name in names
        for text in (name, f" {name}", f"a{name}b", f"{word} {name} {word}", f"{name}{name}\n")
    ]
    control = set(control_ids)
    for form, encode in forms.items():
        for text, ids in zip(texts, encode(texts), strict=True):
            trial.check_text(text, control.isdisjoint(ids), f"{form} gives a control id")
    return trial.proof()
