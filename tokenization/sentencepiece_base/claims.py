"""All that is claimed of an expanded SentencePiece tokenizer, tried on the files as they were written."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tokenization.arabic_script import is_arabic
from tokenization.base import Additions, Encode, Evidence
from tokenization.proofs.agreement import prove_agreement
from tokenization.proofs.proof import Proof
from tokenization.proofs.reachable import prove_reachable
from tokenization.proofs.round_trip import prove_round_trip
from tokenization.proofs.specials import prove_specials_are_text
from tokenization.proofs.trial import Trial
from tokenization.proofs.unchanged import prove_unchanged
from tokenization.sentencepiece_base.model import (
    BYTE,
    CONTROL,
    NORMAL,
    SENTINEL,
    SPACE,
    UNKNOWN,
    SentencePieceBase,
)
from tokenization.sentencepiece_base.proto import parse


def prove(
    base: SentencePieceBase, additions: Additions, num_reserve: int, directory: Path, evidence: Evidence
) -> list[Proof]:
    """Every proof, the quick ones first."""
    proto = parse((directory / "tokenizer.model").read_bytes())
    forms = load_forms(directory)
    sentencepiece = forms["sentencepiece"]
    texts = [text or "" for text in additions.texts]
    old = [piece.piece.replace(SPACE, " ") for piece in base.proto.pieces if piece.type == NORMAL]
    return [
        prove_old_untouched(base, proto),
        prove_new_in_order(base, proto, additions, num_reserve),
        prove_reachable(sentencepiece, texts, base.size),
        prove_specials(proto, forms),
        prove_unchanged(base.encode, sentencepiece, newline_ids(proto), evidence, old),
        prove_round_trip(sentencepiece, decoder(directory), evidence, texts),
        prove_agreement(forms, evidence, texts),
    ]


def prove_from_scratch(proto: Any, directory: Path, evidence: Evidence) -> list[Proof]:
    """What is claimed of a tokenizer without a base."""
    forms = load_forms(directory)
    texts = [piece.piece.replace(SPACE, " ") for piece in proto.pieces if piece.type == NORMAL]
    return [
        prove_specials(proto, forms),
        prove_round_trip(forms["sentencepiece"], decoder(directory), evidence, texts),
        prove_agreement(forms, evidence, texts),
    ]


def prove_old_untouched(base: SentencePieceBase, proto: Any) -> Proof:
    """Old pieces have their ids, scores and types, and the settings of the model are the base's."""
    trial = Trial("ids, scores and types of the base are untouched", "pieces")
    for number, old in enumerate(base.proto.pieces):
        new = proto.pieces[number] if number < len(proto.pieces) else None
        trial.check(old == new, f"piece {number}, {old.piece!a}")
    trial.check(base.proto.normalizer_spec == proto.normalizer_spec, "the normalizer")
    trial.check(base.proto.denormalizer_spec == proto.denormalizer_spec, "the denormalizer")
    return trial.proof()


def prove_new_in_order(base: SentencePieceBase, proto: Any, additions: Additions, num_reserve: int) -> Proof:
    """New pieces are Arabic, there once, in the order of falling float32 scores below the base's; reserve is control.

    And each is made of two earlier pieces, so that no join between is missing. Phrases, pieces with a space inside,
    are made of pieces that begin with a space, and come last.
    """
    trial = Trial("new pieces are Arabic, distinct, and below the base in strictly falling scores", "pieces")
    seen = {piece.piece for piece in proto.pieces[: base.size]}
    phrases = False
    last = np.float32(min((p.score for p in proto.pieces[: base.size] if _is_merge(p)), default=0.0))
    for piece in proto.pieces[base.size :][: len(additions)]:
        score = np.float32(piece.score)
        is_new = piece.type == NORMAL and piece.piece not in seen
        words = piece.piece.removeprefix(SPACE).split(SPACE)
        arabic = all(word and all(map(is_arabic, word)) for word in words)
        in_place = len(words) > 1 or not phrases
        phrases |= len(words) > 1
        holds = is_new and arabic and in_place and _is_made_of(piece.piece, seen) and score < last
        trial.check(bool(holds), f"{piece.piece!a}, score {score}")
        seen.add(piece.piece)
        last = score
    reserve = list(proto.pieces[base.size + len(additions) :])
    trial.check(len(reserve) == num_reserve, f"{len(reserve)} reserve pieces, not {num_reserve}")
    for piece in reserve:
        trial.check(piece.type == CONTROL and piece.piece not in seen, f"reserve piece {piece.piece!a}")
        seen.add(piece.piece)
    return trial.proof()


def prove_specials(proto: Any, forms: dict[str, Encode]) -> Proof:
    """Names of control, unknown and byte pieces in a text stay text."""
    kinds = (CONTROL, UNKNOWN, BYTE)
    names = [piece.piece for piece in proto.pieces if piece.type in kinds]
    control = [number for number, piece in enumerate(proto.pieces) if piece.type in (CONTROL, UNKNOWN)]
    return prove_specials_are_text(forms, names, control)


def load_forms(directory: Path) -> dict[str, Encode]:
    """The tokenizer as sentencepiece, tokenizers and transformers read it from a directory."""
    from sentencepiece import SentencePieceProcessor
    from tokenizers import Tokenizer
    from transformers import AutoTokenizer

    processor = SentencePieceProcessor(model_file=str(directory / "tokenizer.model"))
    fast = Tokenizer.from_file(str(directory / "tokenizer.json"))
    auto = AutoTokenizer.from_pretrained(str(directory))

    def encode_fast(texts: Sequence[str]) -> list[list[int]]:
        return [encoding.ids for encoding in fast.encode_batch_fast(list(texts), add_special_tokens=False)]

    def encode_auto(texts: Sequence[str]) -> list[list[int]]:
        encoded: list[list[int]] = auto(list(texts), add_special_tokens=False)["input_ids"] if texts else []
        return encoded

    return {
        "sentencepiece": lambda texts: processor.encode(list(texts)),
        "tokenizers": encode_fast,
        "transformers": encode_auto,
    }


def decoder(directory: Path) -> Any:
    """How sentencepiece decodes."""
    from sentencepiece import SentencePieceProcessor

    return SentencePieceProcessor(model_file=str(directory / "tokenizer.model")).decode


def newline_ids(proto: Any) -> list[int]:
    """Ids that stand for line ends and nothing else."""
    return [
        number
        for number, piece in enumerate(proto.pieces)
        if (piece.type == BYTE and piece.piece == "<0x0A>") or (piece.piece and not piece.piece.strip("\n"))
    ]


def _is_made_of(piece: str, seen: Collection[str]) -> bool:
    """Whether a piece is one character or two earlier pieces; a phrase two that begin with a space."""
    is_phrase = SPACE in piece[1:]
    halves = ((piece[:cut], piece[cut:]) for cut in range(1, len(piece)))
    return len(piece) == 1 or any(
        left in seen and right in seen and (not is_phrase or left[0] == right[0] == SPACE)
        for left, right in halves
    )


def _is_merge(piece: Any) -> bool:
    return bool(piece.type == NORMAL and piece.score > SENTINEL)
