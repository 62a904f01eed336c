"""Proofs that every library which opens the tokenizer cuts alike, and treats specials' names as the base does."""

from collections.abc import Iterator
from typing import Any

from tokenization.byte_level_base.alphabet import to_bytes
from tokenization.byte_level_base.encoding import build_tokenizer
from tokenization.byte_level_base.expanded import is_reserve
from tokenization.proofs.byte_level_round_trip import made_up_texts
from tokenization.proofs.byte_level_subject import Subject, ids_of, random_texts
from tokenization.proofs.proof import Proof

_SHARE = 16  # one of so many documents is cut by the other libraries too
_RANDOM = 2000


def prove_transformers_agrees(subject: Subject) -> Proof:
    """AutoTokenizer on the directory gives the ids of the tokenizers library, specials found in text or not."""
    from transformers import AutoTokenizer

    loaded = AutoTokenizer.from_pretrained(str(subject.directory))
    apart = AutoTokenizer.from_pretrained(str(subject.directory), split_special_tokens=True)
    ours = build_tokenizer(subject.definition, specials=True)
    texts_apart = build_tokenizer(subject.definition, specials=True)
    texts_apart.encode_special_tokens = True
    documents = size = 0
    contradiction = (
        "" if len(loaded) == len(subject.definition["model"]["vocab"]) else f"it has {len(loaded):,} ids"
    )
    literal = [f"a {name}{name} b\n{name}" for name in subject.base.specials]
    for texts in (*_some(subject), literal):
        documents, size = documents + len(texts), size + sum(len(text.encode()) for text in texts)
        for theirs, tokenizer in ((loaded, ours), (apart, texts_apart)):
            cuts = theirs(texts, add_special_tokens=False)["input_ids"] if texts else []
            contradiction = contradiction or _difference(texts, ids_of(tokenizer, texts), cuts)
    return Proof(
        name="transformers' AutoTokenizer gives the same ids as the tokenizers library",
        passed=not contradiction,
        checked=f"{documents:,} texts, {size / 1e6:.1f} MB, with and without split_special_tokens",
        detail=contradiction,
    )


def prove_tiktoken_agrees(subject: Subject) -> Proof | None:
    """A tiktoken encoding of the expanded ranks gives the same ids; None where the base has no ranks."""
    pattern = _single_pattern(subject.definition["pre_tokenizer"])
    if subject.base.kind not in ("tiktoken", "tekken") or pattern is None:
        return None
    import tiktoken

    specials = subject.base.specials
    ranks = {
        data: number
        for piece, number in subject.definition["model"]["vocab"].items()
        if piece not in specials and (data := to_bytes(piece)) is not None
    }
    encoding = tiktoken.Encoding("expanded", pat_str=pattern, mergeable_ranks=ranks, special_tokens=specials)
    documents = size = 0
    contradiction = ""
    for texts in _some(subject):
        documents, size = documents + len(texts), size + sum(len(text.encode()) for text in texts)
        cuts = encoding.encode_ordinary_batch(texts)
        contradiction = contradiction or _difference(texts, ids_of(subject.new, texts), cuts)
    return Proof(
        name="tiktoken gives the same ids",
        passed=not contradiction,
        checked=f"{documents:,} texts, {size / 1e6:.1f} MB",
        detail=contradiction,
    )


def prove_specials(subject: Subject) -> Proof:
    """Names of specials in text are what they are for the base; names of reserve pieces are text, always.

    As with the base, a tokenizer loaded by the tokenizers library or transformers finds specials in text, and with
    `split_special_tokens` it does not; where everything is text, as in the corpus, they are cut as all text is.
    """
    reserve = [piece for piece in subject.definition["model"]["vocab"] if is_reserve(piece)]
    names = [*subject.base.specials, *reserve]
    texts = [text for name in names for text in (name, f"x {name}y", f" {name}{name}\n")]
    forbidden = {subject.definition["model"]["vocab"][piece] for piece in reserve}
    contradiction = _difference(texts, ids_of(subject.old, texts), ids_of(subject.new, texts))
    for split in (False, True):
        old, new = (
            build_tokenizer(each, specials=True) for each in (subject.base.definition, subject.definition)
        )
        old.encode_special_tokens = new.encode_special_tokens = split
        contradiction = contradiction or _difference(texts, ids_of(old, texts), ids_of(new, texts))
        caught = [text for text, cut in zip(texts, ids_of(new, texts), strict=True) if forbidden & set(cut)]
        contradiction = contradiction or (f"{caught[0]!r} is cut to a reserve piece" if caught else "")
    return Proof(
        name="specials' names in text are cut as by the base, reserve pieces never match",
        passed=not contradiction,
        checked=f"{len(subject.base.specials):,} specials and {len(reserve):,} reserve pieces, three ways each",
        detail=contradiction,
    )


def _some(subject: Subject) -> Iterator[list[str]]:
    yield from subject.sample(_SHARE)
    yield made_up_texts()
    yield random_texts(subject.evidence.seed + 3, _RANDOM, arabic=True)


def _difference(texts: list[str], ours: list[list[int]], theirs: list[list[int]]) -> str:
    for text, left, right in zip(texts, ours, theirs, strict=True):
        if left != right:
            return f"{text[:60]!r}: {right[:8]}, not {left[:8]}"
    return ""


def _single_pattern(pre_tokenizer: dict[str, Any]) -> str | None:
    parts = pre_tokenizer.get("pretokenizers", [pre_tokenizer])
    patterns = [
        part["pattern"]["Regex"] for part in parts if part["type"] == "Split" and "Regex" in part["pattern"]
    ]
    return patterns[0] if len(patterns) == 1 and len(parts) == 2 else None
