"""The kernel of the frequent steps equals the steps: the same lines, dense in what they treat."""

from collections import Counter

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.normalize import Normalization, normalize, normalize_text, steps
from corpus.normalize.characters import arabic

STEPS = ("encoding", "controls", "html", "invisible", "forms", "phrases", "tatweel", "spaces", "punctuation")

WORDS = st.text(st.sampled_from("اأآبهلوفكيسةی" + "ـ\u064e\u0651\u0654\u0655\u0653\u0670"), max_size=5)
BETWEEN = st.text(st.sampled_from("  \t\u00a0\u2003\r،؛؟.:!,()[]«»-1aw\u0301ﷺ😀"), max_size=4)
DENSE = st.lists(
    WORDS | BETWEEN | st.sampled_from(["://", "www.", "ال", "وبال", "لل", "\r\n", "\n"]), max_size=16
)


@settings(max_examples=500, deadline=None)
@given(st.lists(DENSE.map("".join), max_size=4))
def test_dense_lines_equal_the_definition(texts):
    expected = [normalize_text(text, Normalization()) for text in texts]
    assert normalize(pl.Series(texts, dtype=pl.String), Normalization()).texts.to_list() == expected


@pytest.mark.parametrize(
    ("name", "step", "alphabet"),
    [
        ("controls", steps.controls, "ب \r"),
        (
            "forms",
            steps.forms,
            "اأآإیۀۂےa\u0301\u064b\u064e\u0651\u0653\u0654\u0655\u0656\u0670\u06e1\u06d6\u08f0",
        ),
        ("tatweel", steps.tatweel, "ـالوبهم\u0651\u0654\u0670 1-"),
        ("spaces", steps.spaces, "بa \t\u00a0\u3000"),
        ("punctuation", steps.punctuation, "بم  ،؟.!([)»:/w1\t\u00a0\u064e"),
    ],
)
@settings(max_examples=250, deadline=None)
@given(data=st.data())
def test_one_round_makes_the_same_text_and_the_same_count(name, step, alphabet, data):
    text = data.draw(st.text(st.sampled_from(alphabet), max_size=14))
    chosen = Normalization(**(dict.fromkeys(STEPS, "off") | {name: "everywhere"}))
    counts: Counter[str] = Counter()
    expected = text
    for _ in range(8):  # line by line, until it stays
        mended = [step(line) for line in expected.split("\n")]
        counts[name] += sum(count for _, count in mended)
        before, expected = expected, "\n".join(line for line, _ in mended)
        if expected == before:
            break
    result = normalize(pl.Series([text]), chosen)
    assert result.texts.to_list() == [expected]
    assert result.counts == counts


def test_every_letter_with_every_pair_of_marks_that_compose():
    letters = [chr(code) for code in arabic().letters if code < 0x0900]
    pairs = [
        "\u0653\u0654",
        "\u0654\u0653",
        "\u0655\u0654",
        "\u0654\u0655",
        "\u064e\u0654\u0651",
        "\u06e1\u0655",
    ]
    texts = [letter + pair for letter in letters for pair in pairs]
    chosen = Normalization(**(dict.fromkeys(STEPS, "off") | {"forms": "everywhere"}))
    assert normalize(pl.Series(texts), chosen).texts.to_list() == [steps.forms(text)[0] for text in texts]


def test_a_line_whose_spaces_all_go_and_one_that_grows():
    texts = pl.Series(["\r", "   ", "نعم،لا؛ثم؟أو", "ب" * 5000 + " ،"])
    chosen = Normalization(spaces="everywhere")
    assert normalize(texts, chosen).texts.to_list() == ["", "", "نعم، لا؛ ثم؟ أو", "ب" * 5000 + "،"]
