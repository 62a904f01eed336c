"""All proofs of a byte-level expansion, one after the other."""

from collections.abc import Callable

from tqdm import tqdm

from tokenization.proofs.byte_level_agreement import prove_same_ids, prove_specials
from tokenization.proofs.byte_level_pieces import prove_layout, prove_reachable
from tokenization.proofs.byte_level_round_trip import prove_lossless, prove_words_whole
from tokenization.proofs.byte_level_subject import Subject
from tokenization.proofs.byte_level_unchanged import prove_unchanged, prove_unchanged_in_context
from tokenization.proofs.proof import Proof

PROOFS: tuple[Callable[[Subject], Proof], ...] = (
    prove_layout,
    prove_unchanged,
    prove_unchanged_in_context,
    prove_reachable,
    prove_words_whole,
    prove_lossless,
    prove_specials,
    prove_same_ids,
)


def prove_byte_level(subject: Subject) -> list[Proof]:
    """Try every claim."""
    return [prove(subject) for prove in tqdm(PROOFS, desc="proofs", unit="proof", leave=False)]
