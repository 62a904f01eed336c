"""All proofs of a byte-level expansion, one after the other."""

import dataclasses
import time
from collections.abc import Callable

from tqdm import tqdm

from tokenization.proofs.byte_level_agreement import (
    prove_specials,
    prove_tiktoken_agrees,
    prove_transformers_agrees,
)
from tokenization.proofs.byte_level_pieces import prove_layout, prove_reachable
from tokenization.proofs.byte_level_round_trip import prove_lossless, prove_words_whole
from tokenization.proofs.byte_level_subject import Subject
from tokenization.proofs.byte_level_unchanged import prove_unchanged, prove_unchanged_in_context
from tokenization.proofs.proof import Proof

PROOFS: tuple[Callable[[Subject], Proof | None], ...] = (
    prove_layout,
    prove_unchanged,
    prove_unchanged_in_context,
    prove_reachable,
    prove_words_whole,
    prove_lossless,
    prove_specials,
    prove_transformers_agrees,
    prove_tiktoken_agrees,
)


def prove_byte_level(subject: Subject) -> list[Proof]:
    """Try every claim; those that do not apply to the base are left out."""
    proofs = []
    for prove in tqdm(PROOFS, desc="proofs", unit="proof", leave=False):
        begun = time.perf_counter()
        proof = prove(subject)
        if proof is not None:
            proofs.append(dataclasses.replace(proof, seconds=time.perf_counter() - begun))
    return proofs
