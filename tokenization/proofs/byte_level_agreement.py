"""Proofs that every library which opens the tokenizer cuts alike, and treats specials' names as the base does."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tokenization.base import Encode
from tokenization.byte_level_base.alphabet import to_bytes
from tokenization.byte_level_base.arabic_bytes import is_whole
from tokenization.byte_level_base.base_definition import ByteLevelBase
from tokenization.byte_level_base.encoding import build_tokenizer, encoder_of
from tokenization.byte_level_base.expanded import is_reserve
from tokenization.byte_level_base.words import cut_words
from tokenization.proofs.agreement import prove_agreement
from tokenization.proofs.byte_level_subject import Subject, ids_of
from tokenization.proofs.proof import Proof
from tokenization.proofs.trial import Trial

_SHARE = 16  # one of so many documents is cut by the other libraries too


def prove_same_ids(subject: Subject) -> Proof:
    """AutoTokenizer on the directory, and tiktoken on the expanded ranks of a base of ranks, give the same ids.

    A base may hold Arabic pieces that none of its merges make and only whole words look up, as 25 of Llama-3's. With
    new pieces for neighbors tiktoken would join what makes one of these, at a rank before all new merges, which no
    order of merges can say: such a base has no tiktoken form.
    """
    forms: dict[str, Encode] = {
        "tokenizers": encoder_of(build_tokenizer(subject.definition, specials=True)),
        "transformers": _transformers(subject),
    }
    pattern = _single_pattern(subject.definition["pre_tokenizer"])
    if subject.base.kind in ("tiktoken", "tekken") and pattern is not None and _merges_make_all(subject.base):
        forms["tiktoken"] = _tiktoken(subject, pattern)
    pieces = [text for text in subject.additions.texts if text is not None]
    return prove_agreement(forms, subject.sample(_SHARE), pieces)


def prove_specials(subject: Subject) -> Proof:
    """Names of specials in text are what they are for the base; names of reserve pieces are text, always.

    As with the base, the tokenizers library and transformers find specials in text, and with `split_special_tokens`
    they do not; where everything is text, as in the corpus, names are cut as all text is.
    """
    trial = Trial("specials' names in text are cut as by the base, reserve pieces never match", "texts")
    vocabulary = subject.definition["model"]["vocab"]
    reserve = {piece: number for piece, number in vocabulary.items() if is_reserve(piece)}
    texts = [
        text
        for name in (*subject.base.specials, *reserve)
        for text in (name, f"x {name}y", f" {name}{name}\n")
    ]
    _compare(trial, texts, subject.old, subject.new, set(reserve.values()))
    for split in (False, True):
        old, new = (
            build_tokenizer(each, specials=True) for each in (subject.base.definition, subject.definition)
        )
        old.encode_special_tokens = new.encode_special_tokens = split
        _compare(trial, texts, old, new, set(reserve.values()))
    return trial.proof()


def _compare(trial: Trial, texts: Sequence[str], old: Any, new: Any, forbidden: set[int]) -> None:
    for text, wanted, cut in zip(texts, ids_of(old, texts), ids_of(new, texts), strict=True):
        trial.check_text(text, wanted == cut and forbidden.isdisjoint(cut), f"{cut[:8]}, not {wanted[:8]}")


def _transformers(subject: Subject) -> Encode:
    from transformers import AutoTokenizer

    loaded = AutoTokenizer.from_pretrained(str(subject.directory))

    def encode(texts: Sequence[str]) -> list[list[int]]:
        cuts: list[list[int]] = loaded(list(texts), add_special_tokens=False)["input_ids"] if texts else []
        return cuts

    return encode


def _tiktoken(subject: Subject, pattern: str) -> Encode:
    import tiktoken

    specials = subject.base.specials
    ranks = {
        data: number
        for piece, number in subject.definition["model"]["vocab"].items()
        if piece not in specials and (data := to_bytes(piece)) is not None
    }
    encoding = tiktoken.Encoding("expanded", pat_str=pattern, mergeable_ranks=ranks, special_tokens=specials)

    def encode(texts: Sequence[str]) -> list[list[int]]:
        # specials are found in text, as the other forms find them: documents may hold "<unk>" literally
        return encoding.encode_batch(list(texts), num_threads=2, allowed_special="all")

    return encode


def _merges_make_all(base: ByteLevelBase) -> bool:
    """Whether the base's merges lead to all of its Arabic pieces."""
    pieces = [piece.decode() for piece in base.bytes_of if piece and is_whole(piece)]
    merging = dict(base.definition) | {"model": base.definition["model"] | {"ignore_merges": False}}
    return len(cut_words(merging, pieces, np.ones(len(pieces))).symbols) == len(pieces)


def _single_pattern(pre_tokenizer: dict[str, Any]) -> str | None:
    parts = pre_tokenizer.get("pretokenizers", [pre_tokenizer])
    patterns = [
        part["pattern"]["Regex"] for part in parts if part["type"] == "Split" and "Regex" in part["pattern"]
    ]
    return patterns[0] if len(patterns) == 1 and len(parts) == 2 else None
