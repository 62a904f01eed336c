"""Proofs that text comes back as it was, and that vocalized words stay whole."""

from tokenization.byte_level_base.patterns import is_mark, load_pre_tokenizer
from tokenization.proofs.byte_level_subject import WORD, Subject, ids_of, random_texts
from tokenization.proofs.proof import Proof

_SHARE = 4  # one of so many documents makes the way there and back
_RANDOM = 4000


def prove_lossless(subject: Subject) -> Proof:
    """Encoding and decoding gives the text back, as the base's own normalizer has it."""
    documents = size = 0
    contradiction = ""
    for texts in (
        *subject.evidence.texts(),
        made_up_texts(),
        random_texts(subject.evidence.seed + 2, _RANDOM, arabic=True),
    ):
        kept = [subject.lost.sub("", text) for text in texts] if subject.lost else texts
        documents, size = documents + len(kept), size + sum(len(text.encode()) for text in kept)
        wanted = (
            [subject.new.normalizer.normalize_str(text) for text in kept] if subject.new.normalizer else kept
        )
        back = subject.new.decode_batch(ids_of(subject.new, kept), skip_special_tokens=False)
        for text, other in zip(wanted, back, strict=True):
            if text != other and not contradiction:
                place = next(
                    (n for n, pair in enumerate(zip(text, other, strict=False)) if len(set(pair)) > 1), 0
                )
                contradiction = f"{text[place : place + 40]!r} comes back as {other[place : place + 40]!r}"
    return Proof(
        name="decoding gives back what was encoded",
        passed=not contradiction,
        checked=f"{documents:,} texts, {size / 1e6:.1f} MB{_exceptions(subject)}",
        detail=contradiction,
    )


def prove_words_whole(subject: Subject) -> Proof:
    """Words with Arabic marks are cut from their neighbors as one, spaces before them included."""
    pre_tokenizer = load_pre_tokenizer(subject.definition["pre_tokenizer"])
    words: set[str] = set()
    for texts in (*subject.sample(8), made_up_texts()):
        for text in texts:
            words.update(word for word in WORD.findall(text) if any(map(is_mark, word)))
    broken = [word for word in sorted(words) if len(pre_tokenizer.pre_tokenize_str(f" {word}")) != 1]
    return Proof(
        name="words with harakat are not cut at them before merging",
        passed=not broken,
        checked=f"{len(words):,} words",
        detail=f"{len(broken):,} are cut, such as {broken[0]!r}" if broken else "",
    )


def made_up_texts() -> list[str]:
    """Arabic as it comes: vocalized, stretched, in presentation forms, with bidi marks, emoji, other languages."""
    beh, alef, lam = "\N{ARABIC LETTER BEH}", "\N{ARABIC LETTER ALEF}", "\N{ARABIC LETTER LAM}"
    tatweel, comma, question = "\N{ARABIC TATWEEL}", "\N{ARABIC COMMA}", "\N{ARABIC QUESTION MARK}"
    marks = [chr(code) for code in (*range(0x64B, 0x660), 0x670, *range(0x610, 0x61B), *range(0x8E3, 0x900))]
    controls = (
        "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c\ufeff"
    )
    forms = [
        chr(code) for first, last in ((0xFB50, 0xFDFF), (0xFE70, 0xFEFC)) for code in range(first, last + 1)
    ]
    return [
        *(f"{beh}{mark}{alef}{mark}\N{ARABIC SHADDA}{lam} {mark} {beh}{mark}\n" for mark in marks),
        *(f"{beh}{control}{alef} {control} {lam}" for control in controls),
        *("".join(forms[first : first + 16]) for first in range(0, len(forms), 16)),
        *(f"{beh}{tatweel * number}{alef}" for number in (1, 2, 3, 10, 100)),
        *(f"{' ' * number}{lam}{alef}{' ' * number}{beh}{' ' * number}" for number in range(9)),
        f"{alef}{comma}{lam}{comma} {beh}{question}\t{beh}\r\n\r\n{lam}\n  \n{alef}",
        "\N{ARABIC-INDIC DIGIT ONE}\N{ARABIC-INDIC DIGIT TWO}\N{ARABIC DECIMAL SEPARATOR}\N{ARABIC-INDIC DIGIT FIVE}",
        "\N{ARABIC LETTER TCHEH}\N{ARABIC LETTER GAF} \N{ARABIC LETTER PEH}\N{ARABIC LETTER VEH}",
        f"\U0001f1f8\U0001f1e6 \U0001f469\u200d\U0001f4bb {beh}\U0001f60d{alef} caf\N{LATIN SMALL LETTER E WITH ACUTE}",
        "",
        " ",
        "\n",
    ]


def _exceptions(subject: Subject) -> str:
    named = []
    if subject.lost:
        named.append(f"characters that the base has no bytes for ({subject.lost.pattern!a})")
    if subject.new.normalizer:
        named.append("what the base's own normalizer changes")
    return f"; apart from {' and '.join(named)}" if named else ""
