"""The sentence splitter: cases in both languages, and the promise that a text comes together again exactly."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.sentences import join, split
from corpus.sentences.splitting import replaced

CASES = [
    ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
    ("Dr. Smith met Mrs. Jones at 5 p.m. in St. Louis.", ["Dr. Smith met Mrs. Jones at 5 p.m. in St. Louis."]),
    ("J. R. R. Tolkien wrote it. Then he slept.", ["J. R. R. Tolkien wrote it.", "Then he slept."]),
    ("It costs 3.14 dollars. See https://a.org/x.y?z=1. Done.",
     ["It costs 3.14 dollars.", "See https://a.org/x.y?z=1.", "Done."]),
    ("He said \"Go.\" She went. (It rained.) We left.", ['He said "Go."', "She went.", "(It rained.)", "We left."]),
    ("See fig. 3 and no. 7. Fine.", ["See fig. 3 and no. 7.", "Fine."]),
    ("Wait... what? Yes.", ["Wait... what?", "Yes."]),
    ("Use e.g. Python 3.11. It works.", ["Use e.g. Python 3.11.", "It works."]),
    ("ذهب د. أحمد إلى السوق. هل عاد؟ نعم، عاد!", ["ذهب د. أحمد إلى السوق.", "هل عاد؟", "نعم، عاد!"]),
    ("قال: «كفى.» ثم خرج… وعاد في ٣.٥ ساعات.", ["قال: «كفى.»", "ثم خرج…", "وعاد في ٣.٥ ساعات."]),
    ("ولد عام ٥٠ ق.م. في مصر؛ ثم رحل.", ["ولد عام ٥٠ ق.م. في مصر؛ ثم رحل."]),
    ("- First item. More.\n- Second item", ["First item.", "More.", "Second item"]),
    ("1. Install it. Run it.\n2. Stop", ["Install it.", "Run it.", "Stop"]),
    ("# Title\n\nText here.", ["Title", "Text here."]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "sentences"), CASES)
def test_sentences(text: str, sentences: list[str]) -> None:
    assert [segment.text for segment in split(text) if segment.is_sentence] == sentences


NOT_PROSE = [
    "```python\nx = 1. Then\nprint(x)\n```\n",
    ">>> a.b(c). d\n",
    "| a. B | c |\n|---|---|\n| d | e |\n",
    "a\tb. C\td\n",
    "-----\n",
    "def f(x):\n    return x. y\n",
    "x = compute(a, b)\n",
    "$ pip install x. Y\n",
    ".. note:: here\n",
    'stmt   ::= (target "=")+\n         | subscription. Other\n',
]


@pytest.mark.parametrize("block", NOT_PROSE)
def test_code_and_tables_are_never_cut(block: str) -> None:
    segments = split(f"A sentence. Another.\n\n{block}\nThe end.\n")
    assert [segment.text for segment in segments if segment.is_sentence] == [
        "A sentence.",
        "Another.",
        "The end.",
    ]
    assert any(block in segment.text for segment in segments if not segment.is_sentence)


@pytest.mark.parametrize(
    "text", ["A. " * 40_000, " " * 40_000 + "x", "\u00a0" * 40_000 + "x."], ids=["A", " ", "nbsp"]
)
def test_long_lines_take_no_square_of_their_length(text: str) -> None:
    started = time.process_time()
    assert join(split(text)) == text
    assert time.process_time() - started < 3  # it took 5 to 44 seconds


def test_prose_with_a_few_signs_is_prose() -> None:
    text = "The price (in dollars) is a = b in this case; really.\nReturn to the house for dinner.\nFrom here we go on"
    assert sum(segment.is_sentence for segment in split(text)) == 3


def test_other_sentences_take_the_places() -> None:
    text = "# Title\n\nOne. Two!\n\n```\ncode\n```\n* Three\n"
    done = replaced(split(text), ["عنوان", "واحد.", "اثنان!", "ثلاثة"])
    assert done == "# عنوان\n\nواحد. اثنان!\n\n```\ncode\n```\n* ثلاثة\n"


PIECES = st.sampled_from(
    ["Dr. ", "A. ", "x. y", "…", "؟ ", "! ", "\n", "\n\n", "\r\n", "```\n", "    ", "| a |", "\t", ". ", "3.5 ", "نص ",
     "سؤال؟ ", "- ", "1. ", "\u2028", "\x0b", " ", "e.g. ", "http://a.b/c. ", "(", ")", '"', "»", "x = f(y)\n"]
)  # fmt: skip


@given(st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=25).map("".join)))
def test_a_text_comes_together_again(text: str) -> None:
    segments = split(text)
    assert join(segments) == text
    assert all(segment.text for segment in segments)
    assert replaced(segments, [each.text for each in segments if each.is_sentence]) == text
    assert not any(segment.is_sentence and segment.text != segment.text.strip() for segment in segments)
    assert not any(segment.is_sentence and "\n" in segment.text for segment in segments)
