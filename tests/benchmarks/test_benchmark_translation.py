"""Translation scores against hand-made values and sacrebleu's own functions."""

import math
from collections import Counter

import pytest
import sacrebleu

from benchmarks.errors import BenchmarkError
from benchmarks.translation import normalize_for_scoring, score_translations


def bleu_by_hand(hypothesis, reference):
    """BLEU of one sentence (Papineni et al. 2002) with 1- to 4-gram precisions, none of which is 0."""
    logs = []
    for size in range(1, 5):
        grams = [
            Counter(tuple(text[n : n + size]) for n in range(len(text) - size + 1))
            for text in (hypothesis, reference)
        ]
        logs.append(math.log((grams[0] & grams[1]).total() / grams[0].total()))
    penalty = min(0.0, 1 - len(reference) / len(hypothesis))
    return 100 * math.exp(sum(logs) / 4 + penalty)


def test_bleu_by_hand():
    hypothesis, reference = "the cat sat on the mat today", "the cat sat on the mat here today"
    scores = {score.metric: score for score in score_translations([hypothesis], [reference], "en")}
    assert scores["BLEU"].value == pytest.approx(bleu_by_hand(hypothesis.split(), reference.split()))
    assert scores["TER"].value == pytest.approx(100 / 8)  # one word is missing out of eight
    assert scores["chrF++"].value == pytest.approx(
        sacrebleu.corpus_chrf([hypothesis], [[reference]], word_order=2).score
    )


def test_every_score_has_its_signature():
    scores = score_translations(["a b c d e"], ["a b c d e"], "en")
    assert [score.value for score in scores] == pytest.approx([100, 100, 0])
    assert all(f"version:{sacrebleu.__version__}" in score.signature for score in scores)
    assert "nw:2" in scores[1].signature


def test_arabic_is_scored_as_it_is_and_normalized():
    hypothesis, reference = "ذهب احمد الى المدرسه اليوم", "ذهب أحمد إلى المدرسةِ اليوم"
    scores = score_translations([hypothesis], [reference], "ar")
    assert [score.normalized for score in scores] == [False] * 3 + [True] * 3
    assert scores[2].value == pytest.approx(60)  # three words of five are spelled otherwise
    assert [score.value for score in scores[3:]] == pytest.approx([100, 100, 0])
    assert all(score.signature.endswith("|arabic:normalized") for score in scores[3:])


def test_normalization_keeps_punctuation():
    assert normalize_for_scoring("إلى المدرسةِ، نعـم!") == "الي المدرسه، نعم!"


def test_intervals_come_from_resampling():
    hypotheses = ["the cat sat on the mat", "a dog ran over the old bridge", "we saw the sea"] * 5
    references = ["the cat sat on a mat", "the dog ran over an old bridge", "we saw the sea"] * 5
    scores = score_translations(hypotheses, references, "en", resamples=50)
    assert all(score.plus_minus is not None and score.plus_minus > 0 for score in scores)


def test_missing_translations_are_refused():
    with pytest.raises(BenchmarkError, match="1 translations for 2 references"):
        score_translations(["a"], ["a", "b"], "en")
