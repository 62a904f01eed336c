"""Proofs that text comes back as it was, and that vocalized words stay whole."""

from itertools import chain

from tokenization.byte_level_base.patterns import is_mark, load_pre_tokenizer
from tokenization.proofs.byte_level_subject import WORD, Subject, ids_of
from tokenization.proofs.proof import Proof
from tokenization.proofs.texts import NASTY, NASTY_ARABIC, random_texts
from tokenization.proofs.trial import Trial

_SHARE = 4  # one of so many documents makes the way there and back
_RANDOM = 4_000


def prove_lossless(subject: Subject) -> Proof:
    """Encoding and decoding gives the text back.

    Two things are the base's own and stay: what its normalizer changes (Qwen's composes letters and orders marks),
    and characters that it has no bytes for (SmolLM2 lacks six control characters and planes that hold none).
    """
    trial = Trial(f"decoding gives the text back{_exceptions(subject)}", "texts")
    new_pieces = [text for text in subject.additions.texts if text is not None]
    made_up = [*NASTY, *NASTY_ARABIC, *new_pieces, *random_texts(subject.evidence.seed + 2, _RANDOM)]
    for texts in chain(subject.sample(_SHARE).texts(), [made_up]):
        kept = [subject.lost.sub("", text) for text in texts] if subject.lost else texts
        normalizer = subject.old.normalizer
        wanted = [normalizer.normalize_str(text) for text in kept] if normalizer else kept
        back = subject.new.decode_batch(ids_of(subject.new, kept), skip_special_tokens=False)
        for text, other in zip(wanted, back, strict=True):
            trial.check_text(text, text == other, f"comes back as {other[:60]!a}")
    return trial.proof()


def prove_words_whole(subject: Subject) -> Proof:
    """Words with Arabic marks are taken as one before merging, the space before them included."""
    trial = Trial("words with harakat are not cut at them before merging", "words")
    pre_tokenizer = load_pre_tokenizer(subject.definition["pre_tokenizer"])
    words: set[str] = set()
    for texts in chain(subject.sample(_SHARE).texts(), [list(NASTY_ARABIC)]):
        for text in texts:
            words.update(word for word in WORD.findall(text) if any(map(is_mark, word)))
    for word in sorted(words):
        trial.check_text(word, len(pre_tokenizer.pre_tokenize_str(f" {word}")) == 1)
    return trial.proof()


def _exceptions(subject: Subject) -> str:
    named = []
    if subject.lost:
        named.append(f"characters that the base has no bytes for ({subject.lost.pattern!a})")
    if subject.old.normalizer:
        named.append("what the base's own normalizer changes")
    return f", apart from {' and '.join(named)}" if named else ""
