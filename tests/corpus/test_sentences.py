"""The sentence splitter: cases in both languages, and the promise that a text comes together again exactly."""

import textwrap
import time

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from corpus.sentences import join, split
from corpus.sentences.splitting import replaced
from corpus.sentences.wrapping import unwrapped

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
    ("```ls -l``` lists files. Try it.\n\nThe end.", ["```ls -l``` lists files.", "Try it.", "The end."]),
    ("```\na. B\n```python\nc. D\n```\nThe end.", ["The end."]),
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
    "text",
    ["A. " * 40_000, " " * 40_000 + "x", "\u00a0" * 40_000 + "x.", "." * 40_000 + "x"],
    ids=["A", " ", "nbsp", "."],
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


def plain_sentences(text: str) -> list[str]:
    return [segment.plain for segment in split(text) if segment.is_sentence]


WRAPPED = """\
Wrapped text
============

This paragraph was filled at a width of some fifty columns.
Its sentences go on from line to line, as those of a well-
known PEP or of a mail do. Others end within a line of it.

* An item of a list goes on in a second line, which is
  indented. It has two sentences.
* Another one.

    x = compute(1)
    y = compute(2)

| a | b |
|---|---|

Jane Roe
12 Long Street
Springfield
"""


def test_wrapped_prose_is_cut_into_whole_sentences_and_nothing_else_is_joined() -> None:
    assert plain_sentences(WRAPPED) == [
        "Wrapped text",
        "This paragraph was filled at a width of some fifty columns.",
        "Its sentences go on from line to line, as those of a well-known PEP or of a mail do.",
        "Others end within a line of it.",
        "An item of a list goes on in a second line, which is indented.",
        "It has two sentences.",
        "Another one.",
        "Jane Roe",
        "12 Long Street",
        "Springfield",
    ]
    assert join(split(WRAPPED)) == WRAPPED
    done = replaced(split(WRAPPED), map(str, range(10)))
    assert done.startswith("0\n============\n\n1 2 3\n\n* 4 5\n* 6\n\n    x = compute(1)\n")
    assert done.endswith("\n7\n8\n9\n")


ARABIC = (
    "كانت المدينة القديمة تقع على ضفة النهر، وكان أهلها يعملون في الزراعة والتجارة منذ قرون طويلة. ثم جاءت "
    "القوافل من الشرق والغرب، فازدهرت الأسواق واتسعت الطرق، وبنى الناس بيوتا من الحجر. ولما انقطعت "
    "القوافل هجر كثير من السكان بيوتهم، وبقيت الأسوار شاهدة على ما كان. واليوم يزور المدينة كثير من الناس."
)


@pytest.mark.parametrize("width", [50, 60, 66])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_wrapped_arabic_that_knows_no_small_letters(width: int, end: str) -> None:
    text = end.join(textwrap.wrap(ARABIC, width)) + end
    assert plain_sentences(text) == plain_sentences(ARABIC)
    assert join(split(text)) == text
    assert replaced(split(text), plain_sentences(ARABIC)) == ARABIC + end


NOT_WRAPPED = {
    "verse": "Shall I compare thee to a summer's day?\nThou art more lovely and more temperate:\n"
    "Rough winds do shake the darling buds of May,\nAnd summer's lease hath all too short a date;\n"
    "Sometime too hot the eye of heaven shines,\nAnd often is his gold complexion dimm'd;\n",
    "long verse": "Once upon a midnight dreary, while I pondered, weak and weary,\n"
    "Over many a quaint and curious volume of forgotten lore\n"
    "While I nodded, nearly napping, suddenly there came a tapping,\n"
    "As of some one gently rapping, rapping at my chamber door.\n",
    "arabic verse": "عَلى قَدرِ أَهلِ العَزمِ تَأتي العَزائِمُ وَتَأتي عَلى قَدرِ الكِرامِ المَكارِمُ\n"
    "وَتَعظُمُ في عَينِ الصَغيرِ صِغارُها وَتَصغُرُ في عَينِ العَظيمِ العَظائِمُ\n"
    "يُكَلِّفُ سَيفُ الدَولَةِ الجَيشَ هَمَّهُ وَقَد عَجَزَت عَنهُ الجُيوشُ الخَضارِمُ\n"
    "وَيَطلُبُ عِندَ الناسِ ما عِندَ نَفسِهِ وَذَلِكَ ما لا تَدَّعيهِ الضَراغِمُ\n"
    "يُفَدّي أَتَمُّ الطَيرِ عُمراً سِلاحُهُ نُسورُ المَلا أَحداثُها وَالقَشاعِمُ\n",
    "list": "flour, two cups and a little more for the table\nbutter\nsugar, brown\n"
    "the juice of a lemon, and its peel\nsalt\n",
    "address": "Springfield Public Library, Department of Loans\n1600 Long Street\nSpringfield\nUSA\n",
    "columns": "Name of the person in question        city and country of birth\n"
    "Jane Roe who lives in the town        springfield, and its region\n"
    "John Doe who lives in the west        springfield, and its region\n",
    "sentences": "The first sentence stands on a line of its own.\nSo does the second one, which is longer than it.\n"
    "And the third.\nThe fourth is again a sentence of about that length.\n",
    "links": "http://www.example.org/a/long/address/of/a/page/index.html\nhttp://www.example.org/another/one.html\n",
    "breaks": "This line ends with two blanks, which is a break  \nin the language of many pages, and so is that  \n"
    "of the line above, so it stays as it is.\n",
}


@pytest.mark.parametrize("kind", NOT_WRAPPED)
def test_lines_that_are_meant_are_kept(kind: str) -> None:
    text = NOT_WRAPPED[kind]
    assert not any(segment.is_wrapped for segment in split(text))
    # Neither do they change where they stand in a document that is wrapped.
    prose = "\n".join(textwrap.wrap(WRAPPED.split("\n\n")[1] * 3, 72))
    around = f"{prose}\n\n{text}\n{prose}\n"
    lines = text.splitlines(keepends=True)
    assert not any(
        segment.is_wrapped and any(line in segment.text for line in lines) for segment in split(around)
    )
    assert join(split(around)) == around


WORDS = st.sampled_from("the of and river letter school market wandering extraordinary on to it book".split())
SENTENCES = st.lists(WORDS, min_size=4, max_size=25).map(lambda words: " ".join(words).capitalize() + ".")
PARAGRAPHS = st.lists(SENTENCES, min_size=5, max_size=9).map(" ".join)


@hypothesis_settings(max_examples=60)
@given(st.lists(PARAGRAPHS, min_size=2, max_size=4), st.integers(56, 100), st.sampled_from(["", "  "]))
def test_wrapping_at_any_width_is_seen(paragraphs: list[str], width: int, indent: str) -> None:
    wrapped = "\n\n".join(
        textwrap.fill(each, width, initial_indent=indent, subsequent_indent=indent) for each in paragraphs
    )
    assert plain_sentences(wrapped) == [
        each for paragraph in paragraphs for each in plain_sentences(paragraph)
    ]
    segments = split(wrapped)
    assert join(segments) == wrapped
    # Put in place again, the paragraphs are each on a line of their own.
    assert replaced(segments, plain_sentences(wrapped)) == "\n\n".join(indent + each for each in paragraphs)


@given(
    st.lists(
        st.tuples(st.text("aZ.! -\u0628\u060c", max_size=90), st.sampled_from(["\n", "\r\n", "\n\n"])),
        max_size=9,
    )
)
def test_any_lines_come_together_again(lines: list[tuple[str, str]]) -> None:
    text = "".join(line + end for line, end in lines)
    segments = split(text)
    assert join(segments) == text
    assert not any(segment.is_sentence and "\n" in segment.plain for segment in segments)
    assert not any(segment.is_sentence and segment.text != segment.text.strip() for segment in segments)
    assert not any(segment.is_wrapped and "\n" not in segment.text for segment in segments)


def test_a_wrapped_text_on_one_line() -> None:
    assert unwrapped("a\r\n  b-\nc -\nd  \n") == "a b-c - d "
    assert unwrapped("\n   ") == " "
