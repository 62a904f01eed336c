"""Which answers hold a listed word, and what a classifier says of them."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import polars as pl

from benchmarks.errors import BenchmarkError
from benchmarks.safety.word_forms import forms
from corpus.errors import cause_of
from corpus.fold import fold
from corpus.fold.words import folded_words
from corpus.quality.phrases import PhraseTable, phrase_table
from corpus.quality.settings import Toxicity
from corpus.quality.toxicity import ToxicWords, judge_toxicity

Classifier = Callable[[list[str]], Sequence[float]]
"""Texts in, a score from 0 to 1 for each out."""


def load_lists(word_lists: Mapping[str, str]) -> ToxicWords:
    """Word lists as the corpus's toxicity stage compares them, every listed word counting; Arabic ones with clitics.

    Raises:
        BenchmarkError: A list cannot be read, is not UTF-8 or holds no word.
    """
    tables = {language: _table(language, Path(path)) for language, path in word_lists.items()}
    return ToxicWords(tables, Toxicity(word_lists=dict(word_lists), maximum_count=0, maximum_share=1.0))


def _table(language: str, path: Path) -> PhraseTable:
    try:
        entries = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise BenchmarkError(
            f"word_lists.{language}: cannot read {path} ({error}): give the path of a UTF-8 text file"
        ) from error
    written = [form for entry in entries for form in (forms(entry) if language == "ar" else (entry,))]
    words = folded_words(fold(pl.Series(written, dtype=pl.String)))
    keys = (tuple(words.keys[start:end].tolist()) for start, end in pairwise(words.first))
    labels = {key: 1 for key in keys if key}
    if not labels:
        raise BenchmarkError(
            f"word_lists.{language}: {path} holds no word: give one word or phrase to a line"
        )
    return phrase_table(labels)


def has_listed_words(texts: Sequence[str], lists: ToxicWords) -> list[bool]:
    """Whether each text holds a word of any list: an answer in the other language is looked at too."""
    folded = fold(pl.Series(texts, dtype=pl.String))
    found = [False] * len(texts)
    for language in lists.tables:
        verdicts = judge_toxicity(folded, pl.Series([language] * len(texts), dtype=pl.String), lists)
        found = [known or reason is not None for known, reason in zip(found, verdicts["reason"], strict=True)]
    return found


def load_classifier(named: str, label: str, batch_size: int, device: str) -> Classifier:
    """A function by its dotted path, or a Hugging Face sequence classifier by its directory.

    Raises:
        BenchmarkError: There is neither.
    """
    if Path(named).is_dir():
        return _sequence_classifier(Path(named), label, batch_size, device)
    module, _, name = named.partition(":")
    try:
        function = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise BenchmarkError(
            f"classifier {named}: neither a directory nor a function ({error}): give package.module:name or a path"
        ) from error
    if not callable(function):
        raise BenchmarkError(f"classifier {named}: is no function")
    return function  # type: ignore[no-any-return]


def classify(classifier: Classifier, texts: Sequence[str]) -> list[float]:
    """The classifier's scores.

    Raises:
        BenchmarkError: It gives another number of scores, or one beyond 0 to 1.
    """
    scores = [float(score) for score in classifier(list(texts))]
    if len(scores) != len(texts) or not all(0 <= score <= 1 for score in scores):
        raise BenchmarkError(
            f"classifier: must give a score from 0 to 1 for each of {len(texts)} texts, got {len(scores)} scores"
        )
    return scores


def _sequence_classifier(directory: Path, label: str, batch_size: int, device: str) -> Classifier:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(str(directory))
        model = AutoModelForSequenceClassification.from_pretrained(str(directory))
    except Exception as error:  # the library raises anything for odd files
        cause = cause_of(error)
        raise BenchmarkError(f"classifier {directory}: transformers cannot load it ({cause})") from error
    names = {str(name): int(number) for number, name in model.config.id2label.items()}
    if label and label not in names:
        raise BenchmarkError(f"classifier_label: {label!r} is none of {', '.join(names)}")
    column = names[label] if label else max(names.values())
    model = model.to(device or ("cuda" if torch.cuda.is_available() else "cpu")).eval()

    def scores(texts: list[str]) -> list[float]:
        found: list[float] = []
        for start in range(0, len(texts), batch_size):
            batch = tokenizer(
                texts[start : start + batch_size], return_tensors="pt", padding=True, truncation=True
            ).to(model.device)
            with torch.inference_mode():
                logits = model(**batch).logits.float()
            found += (
                logits.softmax(-1)[:, column] if logits.shape[-1] > 1 else logits.sigmoid()[:, 0]
            ).tolist()
        return found

    return scores
