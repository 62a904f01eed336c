"""Word lists, with made-up words."""

import polars as pl
import pytest

from corpus.errors import CorpusError
from corpus.fold import fold
from corpus.quality import Toxicity, judge_toxicity, load_word_lists


@pytest.fixture
def word_lists(tmp_path):
    (tmp_path / "en.txt").write_text("blarg\nsnor fleek\nsnor\n\n!!\n", encoding="utf-8")
    (tmp_path / "ar.txt").write_text("زغنبوط\nقرمش الطرطوع\n", encoding="utf-8")
    return {"en": str(tmp_path / "en.txt"), "ar": str(tmp_path / "ar.txt")}


def judged(texts, languages, **settings):
    lists = load_word_lists(Toxicity(**settings))
    return judge_toxicity(fold(pl.Series(texts)), pl.Series(languages), lists).rows()


def test_share_and_count(word_lists):
    clean = "word " * 98
    assert judged([clean + "blarg x"], ["en"], word_lists=word_lists) == [(None, None)]
    assert judged([clean + "blarg BLARG!"], ["en"], word_lists=word_lists) == [
        ("toxic_words", "0.02 of words listed > 0.01")
    ]
    assert judged(
        ["blarg " * 3 + clean], ["en"], word_lists=word_lists, maximum_share=1.0, maximum_count=2
    ) == [("toxic_words", "3 listed words > 2")]


@pytest.mark.parametrize(
    ("text", "words"),
    [("xblarg blargs", 0), ("snor, fleek", 2), ("snor x fleek", 1), ("fleek snor", 1), ("snor snor fleek blarg", 4)],
)  # fmt: skip
def test_whole_words_and_longest_phrases(word_lists, text, words):
    total = len(text.replace(",", "").split())
    expected = (
        [("toxic_words", f"{round(words / total, 4)} of words listed > 0.0")] if words else [(None, None)]
    )
    assert judged([text], ["en"], word_lists=word_lists, maximum_share=0.0, maximum_count=99) == expected


def test_spelling_does_not_hide_a_word_and_each_language_has_its_list(word_lists):
    texts = ["زَغْنَبـُوط", "قَرمش الطّرطوع", "زغنبوط", "blarg", "والزغنبوط"]
    reasons = [row[0] for row in judged(texts, ["ar", "ar", "en", None, "ar"], word_lists=word_lists)]
    assert reasons == ["toxic_words", "toxic_words", None, None, None]


def test_nothing_listed():
    assert judged(["blarg"], ["en"]) == [(None, None)]


@pytest.mark.parametrize("content", [None, b"", b"\n!!\n", b"\xff\xfe\xff"])
def test_lists_that_cannot_be_used(tmp_path, content):
    path = tmp_path / "list.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CorpusError, match=r"list\.txt"):
        load_word_lists(Toxicity(word_lists={"en": str(path)}))


@pytest.mark.parametrize(("field", "value"), [("maximum_share", 1.1), ("maximum_count", -1)])
def test_settings_that_cannot_be(field, value):
    with pytest.raises(ValueError, match=field):
        Toxicity(**{field: value})
