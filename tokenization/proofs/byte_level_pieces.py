"""Proofs that the vocabulary is laid out as claimed, and that text leads to every new piece."""

from tokenization.byte_level_base.alphabet import to_bytes
from tokenization.byte_level_base.arabic_bytes import is_admitted, split_tail
from tokenization.byte_level_base.expanded import is_reserve
from tokenization.proofs.byte_level_subject import Subject, ids_of
from tokenization.proofs.proof import Proof


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
    claims = {
        f"the id of {moved[:1]} moved": not moved,
        "merges of the base were changed": model["merges"][: len(old)] == old,
        "there is not one merge for each new piece": len(model["merges"])
        == len(old) + len(subject.additions),
        "specials were changed": subject.definition["added_tokens"] == base.definition["added_tokens"],
        "ids have gaps, or one id has two pieces": sorted(vocabulary.values())
        == list(range(size + subject.num_reserve)),
        "new pieces are not where they should be": all(
            numbers.get(n) == piece for n, piece in enumerate(subject.additions.pieces, base.size)
        ),
        "pieces after the new ones are not reserve": all(
            is_reserve(numbers.get(n, "")) for n in range(size, size + subject.num_reserve)
        ),
        "a new piece is not Arabic": all(
            is_admitted(to_bytes(piece) or b"") for piece in subject.additions.pieces
        ),
    }
    return Proof(
        name="ids and merges of the base stay, and no id is without a piece",
        passed=all(claims.values()),
        checked=f"{len(vocabulary):,} ids, {len(model['merges']):,} merges",
        detail=next((claim for claim, held in claims.items() if not held), ""),
    )


def prove_reachable(subject: Subject) -> Proof:
    """Each new piece's text, alone, is cut to it; one that ends inside a character is made on the way to whole ones."""
    first, texts = subject.base.size, subject.additions.texts
    whole = [n for n, text in enumerate(texts) if text is not None]
    cuts = ids_of(subject.new, [texts[n] or "" for n in whole])
    lost = [n for n, cut in zip(whole, cuts, strict=True) if cut != [first + n]]
    partial = [n for n, text in enumerate(texts) if text is None]
    lost += [n for n in partial if not _is_made(subject, n)]
    shown = ", ".join(repr(subject.additions.pieces[n]) for n in lost[:5])
    return Proof(
        name="text leads to every new piece",
        passed=not lost,
        checked=f"{len(whole):,} pieces by their text, {len(partial):,} as parts of whole characters",
        detail=f"{len(lost):,} are never made: {shown}" if lost else "",
    )


def _is_made(subject: Subject, number: int) -> bool:
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
    return any(wanted & set(cut) for cut in ids_of(subject.new, texts))


def _decoded(data: bytes) -> str | None:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None
