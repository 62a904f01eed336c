"""Whether a translation of a sentence can be right, told without a reference."""

import re
from collections.abc import Sequence
from typing import Any

import polars as pl

from corpus.clean_pairs.judging import judge
from corpus.errors import CorpusError, cause_of
from corpus.model_files import model_directory
from corpus.translate.settings import Checks


def check(pairs: pl.DataFrame, checks: Checks) -> pl.DataFrame:
    """Verdicts (`reason`, `detail`) of sentences `en` and their translations `ar`, or the other way round."""
    verdicts = judge(pairs.select("en", "ar"), checks.rules)
    looped = has_loop(pairs["en"], checks.maximum_repeats) | has_loop(pairs["ar"], checks.maximum_repeats)
    detail = f"a phrase comes more than {checks.maximum_repeats} times in a row"
    first = verdicts["reason"].is_null() & looped
    return verdicts.with_columns(
        reason=pl.when(first).then(pl.lit("repetition")).otherwise("reason"),
        detail=pl.when(first).then(pl.lit(detail)).otherwise("detail"),
    )


def has_loop(texts: pl.Series, most: int) -> pl.Series:
    """Whether one to eight words come more than `most` times one after the other.

    A regular expression that refers back is beyond the columns' engine, so each text is asked in turn.

    >>> has_loop(pl.Series(["no no no no", "a b a b a b a b", "a b a b"]), 3).to_list()
    [True, True, False]
    """
    loop = re.compile(rf"(?<!\S)(\S+(?: \S+){{0,7}}?)(?: \1){{{most},}}(?!\S)")
    return pl.Series([bool(loop.search(text or "")) for text in texts], dtype=pl.Boolean)


def round_trip_scores(sentences: Sequence[str], back: Sequence[str]) -> list[float]:
    """Sentence chrF (sacrebleu's, 0 to 100) of what came back against what was sent."""
    from sacrebleu.metrics.chrf import CHRF

    metric = CHRF()
    return [metric.sentence_score(came, [sent]).score for sent, came in zip(sentences, back, strict=True)]


def quality_scores(
    directory: str, sources: Sequence[str], translations: Sequence[str], device: str
) -> list[float]:
    """Outputs of a quality-estimation model on sentences and their translations.

    Raises:
        CorpusError: The directory holds no classifier with one output, or none that can be loaded.
    """
    model_directory(directory)
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(directory)
        model: Any = AutoModelForSequenceClassification.from_pretrained(directory).to(device).eval()
    except Exception as error:  # the library raises anything for odd files
        reason = cause_of(error)
        raise CorpusError(f"{directory}: no quality model can be loaded ({reason})") from error
    if model.config.num_labels != 1:
        raise CorpusError(f"{directory}: has {model.config.num_labels} outputs: a quality model has one")
    scores: list[float] = []
    for start in range(0, len(sources), 32):
        some = slice(start, start + 32)
        inputs = tokenizer(
            list(sources[some]), list(translations[some]), padding=True, truncation=True, return_tensors="pt"
        ).to(device)
        with torch.inference_mode():
            scores += model(**inputs).logits[:, 0].float().tolist()
    return scores
