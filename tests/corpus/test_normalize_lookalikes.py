"""Persian and Urdu letters in Arabic documents: case tables and a slow twin of the final-yeh rule."""

import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.normalize import Normalization, normalize, resolve_lookalikes
from corpus.normalize.lookalikes import COUNTS

STEPS = ("encoding", "controls", "html", "invisible", "forms", "phrases", "tatweel", "spaces", "punctuation")
DEFAULT = Normalization(**dict.fromkeys(STEPS, "off"))  # the look-alikes alone


@pytest.mark.parametrize(
    ("text", "expected", "branches"),
    [
        ("کتاب", "كتاب", {"letters": 1}),
        ("ہذا ھذا مدرسۃ", "هذا هذا مدرسة", {"letters": 3}),
        ("بیت", "بيت", {"yeh_inside": 1}),
        ("علی", "على", {"maksura_by_word": 1}),
        ("وإلی، والمستشفی", "وإلى، والمستشفى", {"maksura_by_word": 2}),
        ("بالموسیقی للمستشفی سیتولی", "بالموسيقى للمستشفى سيتولى", {"maksura_by_word": 3, "yeh_inside": 2}),
        ("السوری کتابی فی", "السوري كتابي في", {"letters": 1, "yeh_by_default": 3}),
        ("عَلَی فِی", "عَلَى فِي", {"maksura_by_mark": 1, "yeh_by_mark": 1}),
        ("حَتَّی", "حَتَّى", {"maksura_by_mark": 1}),
        ("عليَّ مُوسَیٰ هدیً", "عليَّ مُوسَىٰ هدىً", {"maksura_by_mark": 2}),
        ("عَلَیَّ", "عَلَيَّ", {"yeh_by_mark": 1}),
        ("علی\u200cهذا", "علي\u200cهذا", {"yeh_inside": 1}),
        ("ی", "ي", {"yeh_by_default": 1}),
        ("گول پپسي چاي ڤيلا ۱۲", "گول پپسي چاي ڤيلا ۱۲", {}),
        ("plain English, 3.14 😀", "plain English, 3.14 😀", {}),
    ],
)
def test_each_branch(text, expected, branches):
    result = resolve_lookalikes(pl.Series([text]), DEFAULT)
    assert result.texts.to_list() == [expected]
    assert result.counts == {f"lookalikes_{name}": branches.get(name, 0) for name in COUNTS}


def test_switches():
    column = pl.Series(["علی ۱۲"])
    assert resolve_lookalikes(column, Normalization(final_yeh="yeh")).texts[0] == "علي ۱۲"
    assert resolve_lookalikes(column, Normalization(final_yeh="keep")).texts[0] == "علی ۱۲"
    assert resolve_lookalikes(column, Normalization(persian_digits="arabic")).texts[0] == "على ١٢"
    assert resolve_lookalikes(column, Normalization(lookalikes=False)).texts.to_list() == column.to_list()


TEXTS = st.text(
    st.sampled_from("یکہھےابعلىوفيس\u064e\u0650\u0651\u0652\u0670\u064bـ ,x\u200c😀"), max_size=20
)


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXTS, max_size=4))
def test_nothing_else_changes_and_a_second_time_changes_nothing(texts):
    once = resolve_lookalikes(pl.Series(texts, dtype=pl.String), DEFAULT)
    pairs = [
        (a, b) for text, new in zip(texts, once.texts, strict=True) for a, b in zip(text, new, strict=True)
    ]
    assert {b for a, b in pairs if a == "ی"} <= set("يى")
    assert all(a == b for a, b in pairs if a not in "یکہھے")
    assert sum(once.counts.values()) == sum(a != b for a, b in pairs)
    assert resolve_lookalikes(once.texts, DEFAULT).texts.to_list() == once.texts.to_list()


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_the_rule_by_marks_equals_a_slow_twin(text):
    """Words whose deciding mark is written; the regexes follow the docstring, not the kernel."""
    result = resolve_lookalikes(pl.Series([text]), DEFAULT).texts[0]
    letter, mark = r"[\u0621-\u063a\u0641-\u064a\u06a9-\u06d2]", r"[\u064b-\u0652\u0670ـ\u200c]"
    for match in re.finditer(rf"{letter}([\u064e\u0650\u0652])\u0651?ی(?!{mark}*{letter}|{mark})", text):
        assert result[match.end() - 1] == ("ى" if match[1] == "\u064e" else "ي")


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXTS | st.text(st.sampled_from("یہا\u0654\u0653\u200cـ "), max_size=9), max_size=4))
def test_both_together_are_idempotent(texts):
    once = _both(pl.Series(texts, dtype=pl.String))
    assert _both(once).to_list() == once.to_list()
    assert normalize(once, Normalization()).texts.to_list() == once.to_list()


def test_a_hamza_on_a_resolved_yeh_composes():
    assert _both(pl.Series(["شی\u0654ا"])).to_list() == ["شئا"]


def _both(texts):
    return resolve_lookalikes(normalize(texts, Normalization()).texts, Normalization()).texts
