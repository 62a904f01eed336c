"""Proofs that the vocabulary is laid out as claimed, and that text leads to every new piece."""

from typing import Any

from tokenization.byte_level_base.alphabet import to_bytes
from tokenization.byte_level_base.arabic_bytes import is_admitted, split_tail
from tokenization.byte_level_base.encoding import build_tokenizer
from tokenization.byte_level_base.expanded import is_reserve
from tokenization.proofs.byte_level_subject import Subject, ids_of
from tokenization.proofs.proof import Proof
from tokenization.proofs.trial import Trial


def prove_layout(subject: Subject) -> Proof:
    """Base ids, merges and their order stay; new pieces follow, then reserve pieces; ids have no gap."""
    model, base = subject.definition["model"], subject.base
    vocabulary, size = model["vocab"], base.size + len(subject.additions)
    numbers = {number: piece for piece, number in vocabulary.items()}
    old = base.definition["model"]["merges"]
    moved = [
        piece
        for piece, number in (base.vocabulary | base.specials).items()
        if vocabulary.get(piece) != number
    ]
    trial = Trial("ids and merges of the base stay, and no id is without a piece", "claims")
    trial.check(not moved, f"the id of {moved[:1]} moved")
    trial.check(model["merges"][: len(old)] == old, "merges of the base were changed")
    trial.check(
        len(model["merges"]) == len(old) + len(subject.additions), "there is not one merge for each new piece"
    )
    trial.check(
        subject.definition["added_tokens"] == base.definition["added_tokens"],
        "the base's specials were changed",
    )
    trial.check(
        sorted(vocabulary.values()) == list(range(size + subject.num_reserve)),
        "ids have gaps or are given twice",
    )
    for number, piece in enumerate(subject.additions.pieces, base.size):
        trial.check(numbers.get(number) == piece, f"{piece!r} has not id {number}")
        trial.check(is_admitted(to_bytes(piece) or b""), f"{piece!r} ({number}) is not Arabic")
    for number in range(size, size + subject.num_reserve):
        trial.check(is_reserve(numbers.get(number, "")), f"the piece of id {number} is not named as reserve")
    return trial.proof()


def prove_reachable(subject: Subject) -> Proof:
    """Each new piece's text, alone, is cut to it; one that ends inside a character is made on the way to whole ones.

    By merges, also where the tokenizer looks up whole words: inside a word nothing else makes a piece.
    """
    merging = build_tokenizer(
        subject.definition | {"model": subject.definition["model"] | {"ignore_merges": False}}
    )
    trial = Trial("every new piece is reachable", "pieces")
    first, texts = subject.base.size, subject.additions.texts
    whole = [(number, text) for number, text in enumerate(texts) if text is not None]
    for (number, text), cut in zip(whole, ids_of(merging, [text for _, text in whole]), strict=True):
        trial.check(cut == [first + number], f"{text!a} ({first + number}) is cut into {cut}")
    for number, piece in enumerate(subject.additions.pieces):
        if texts[number] is None:
            trial.check(_is_made(subject, merging, number), f"{piece!r} ({first + number}) is never made")
    return trial.proof()


def _is_made(subject: Subject, merging: Any, number: int) -> bool:
    """Whether some character that begins with the piece's cut-off end leads to it or to a piece built on it."""
    wanted = {subject.base.size + number}
    for later, parts in enumerate(subject.additions.parts[number + 1 :], subject.base.size + number + 1):
        if wanted & set(parts):
            wanted.add(later)
    data = to_bytes(subject.additions.pieces[number]) or b""
    tail = split_tail(data)[1]
    missing = (2 if tail[0] < 0xE0 else 3 if tail[0] < 0xF0 else 4) - len(tail)
    endings = [bytes([last]) for last in range(0x80, 0xC0)]
    if missing == 2:
        endings = [left + right for left in endings for right in endings]
    texts = [text for text in (_decoded(data + ending) for ending in endings) if text is not None]
    return any(wanted & set(cut) for cut in ids_of(merging, texts))


def _decoded(data: bytes) -> str | None:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None
