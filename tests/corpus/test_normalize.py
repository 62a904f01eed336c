"""Normalization of the text that stays: case tables, the plain twin, and properties."""

import time

import polars as pl
import pytest
from camel_tools.utils.normalize import normalize_unicode
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.normalize import Normalization, normalize, normalize_text, steps
from corpus.normalize.characters import ARABIC_BLOCKS, PHRASES
from corpus.normalize.scan import scan
from corpus.normalize.splice import splice
from corpus.text_buffers import from_buffers, to_buffers

DEFAULT = Normalization()
OFF = dict.fromkeys(
    ["encoding", "controls", "html", "invisible", "forms", "phrases", "tatweel", "spaces", "punctuation"],
    "off",
)


def only(**where):
    return Normalization(**(OFF | where))


ALPHABET = st.sampled_from(
    [
        *"ابهةىيءلوﻻﺷﷲﷺـًَُِّٰٕٓٔ،؛؟«»کیطظعﹷﹶ",
        *"abX 1.:!,()[]<>&;/#\n\t\réا²😀Ø§\U0001ee00\u0301",
        *"\u00a0\u200b\u200c\u200d\u200f\ufeff\x00\x1c\x85\u2028",
        *["&amp;", "&nbsp;", "<br>", "</p>", "&lt;", "www.", "://", "هـ", "ال"],
    ]
)
TEXTS = st.lists(ALPHABET, max_size=24).map("".join)

CASES = [
    ("encoding", "Ø§Ù„Ø³Ù„Ø§Ù…", "السلام", 1),
    ("encoding", "السلام عليكم".encode().decode("cp1256"), "السلام عليكم", 1),
    ("encoding", "ماذا، طعام؟ ظ؟", "ماذا، طعام؟ ظ؟", 0),
    ("encoding", "naïve café Ünder", "naïve café Ünder", 0),
    ("controls", "a\r\nb\x00c\x0bd", "a\nbc\nd", 3),
    ("controls", "\ta\u2028b", "\ta\nb", 1),
    ("html", "قال &#1575;&amp; <b class=x>زيد</b>", "قال ا& زيد", 4),
    ("html", "سطر<br/>آخر</p>", "سطر\nآخر", 2),
    ("html", "List<String> و <ب>", "List<String> و <ب>", 0),
    ("html", "سلام &nosuch; &x", "سلام &nosuch; &x", 0),
    ("html", "<b>bold</b> &amp;", "<b>bold</b> &amp;", 0),
    ("invisible", "سلا\u200bم\u200f \ufeff", "سلام ", 3),
    ("invisible", "من\u200cهنا", "منهنا", 1),
    ("invisible", "می\u200cخواهم", "می\u200cخواهم", 0),
    ("invisible", "سنة 1432ه\u200d", "سنة 1432هـ", 1),
    ("invisible", "عائلة 👨\u200d👩", "عائلة 👨\u200d👩", 0),
    ("invisible", "zero\u200bwidth", "zero\u200bwidth", 0),
    ("forms", "ﻻ ﷲ x² ½", "لا الله x² ½", 2),
    ("forms", "ا\u0654ب", "أب", 1),
    ("forms", "قال ﷺ", "قال ﷺ", 0),
    ("forms", "x² ﬁ", "x² ﬁ", 0),
    ("phrases", "ﷺ", "صلى الله عليه وسلم", 1),
    ("tatweel", "جميـــل", "جميل", 3),
    ("tatweel", "سنة 1432هـ أو بـ50 والـ BBC", "سنة 1432هـ أو بـ50 والـ BBC", 0),
    ("tatweel", "ا هـــ", "ا هـ", 2),
    ("tatweel", "ه\u0640\u0670ذا", "ه\u0640\u0670ذا", 0),
    ("tatweel", "كلمة ـ كلمة", "كلمة ـ كلمة", 0),
    ("spaces", "  نعم \u00a0 لا\t \tلا  ", "  نعم لا\tلا", 4),
    ("spaces", "abc  = defg # نص", "abc  = defg # نص", 0),
    ("punctuation", "نعم ،لا ( ربما ) ؟", "نعم، لا (ربما)؟", 5),
    ("punctuation", "في 12:30 و3.14 و١٬٠٠٠ ...", "في 12:30 و3.14 و١٬٠٠٠ ...", 0),
    ("punctuation", "انتهى الكلام.وبدأ العمل", "انتهى الكلام. وبدأ العمل", 1),
    ("punctuation", "أ.د.محمد ق.م http://موقع.كوم", "أ.د.محمد ق.م http://موقع.كوم", 0),
]


@pytest.mark.parametrize(("step", "text", "expected", "count"), CASES)
def test_each_step_by_itself(step, text, expected, count):
    where = "everywhere" if step in {"encoding", "controls"} else "arabic"
    result = normalize(pl.Series([text]), only(**{step: where}))
    assert result.texts.to_list() == [expected]
    assert result.counts == {step: count}


@pytest.mark.parametrize("step", sorted(OFF))
def test_a_step_that_is_off_changes_nothing(step):
    texts = pl.Series([text for name, text, *_ in CASES if name == step])
    assert normalize(texts, only()).texts.to_list() == texts.to_list()
    assert normalize(texts, only(**{step: "everywhere"})).texts.to_list() != texts.to_list()


def test_everything_off_counts_nothing():
    assert normalize(pl.Series(["ﻻ  \x00"]), only()).counts == {}


@settings(max_examples=400, deadline=None)
@given(st.lists(TEXTS, max_size=5))
def test_columns_equal_the_definition_and_are_idempotent(texts):
    once = normalize(pl.Series(texts, dtype=pl.String), DEFAULT)
    assert once.texts.to_list() == [normalize_text(text, DEFAULT) for text in texts]
    twice = normalize(once.texts, DEFAULT)
    assert twice.texts.to_list() == once.texts.to_list()


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.sampled_from(sorted(OFF)))
def test_flags_never_miss_a_line_for_any_single_step(text, step):
    chosen = only(**{step: "everywhere"})
    assert normalize(pl.Series([text]), chosen).texts[0] == normalize_text(text, chosen)


@given(
    st.text(
        st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"], max_codepoint=0xBF), max_size=60
    )
)
def test_text_without_arabic_stays_byte_for_byte(text):
    assert normalize_text(text, DEFAULT) == text


def test_code_and_english_stay_byte_for_byte():
    code = "def f(x):\n\treturn [ x ,  y ]  \n\n\n# 'naïve' &amp; <br> ﬁ x²\nprint( 'سلام' ,  end = '' )\n"
    assert normalize(pl.Series([code]), DEFAULT).texts.to_list() == [code]


def test_long_lines_take_no_square_of_their_length():
    text = "ﻻ – " + "a plain stretch, " * 12_000
    started = time.process_time()
    assert steps.forms(text) == ("لا – " + "a plain stretch, " * 12_000, 1)
    assert time.process_time() - started < 2  # it took minutes


def test_line_structure_and_tashkeel_stay():
    text = "  قَالَ\n\n\nنَعَمْ ،\n- بَلَى\n"
    assert normalize_text(text, DEFAULT) == "  قَالَ\n\n\nنَعَمْ،\n- بَلَى\n"


def test_an_entity_cut_by_a_zero_width_space_is_resolved_in_a_second_round():
    assert normalize_text("سلام &am\u200bp;lt; سلام", DEFAULT) == "سلام < سلام"


def test_forms_equal_camel_tools_over_every_code_point():
    chosen = only(forms="everywhere")
    codes = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000 and code != 0x0A]
    texts = pl.Series([chr(code) for code in codes])
    results = normalize(texts, chosen).texts.to_list()
    for code, text, result in zip(codes, texts.to_list(), results, strict=True):
        treated = any(first <= code <= last for first, last in ARABIC_BLOCKS) and text not in PHRASES
        assert result == (normalize_unicode(text) if treated else text), hex(code)


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("ابوي ىۀہےلﻻﺂﷲﹶﱞًَِّْٰٕٓٔۖۡ ab1"), max_size=30))
def test_forms_equal_camel_tools_on_arabic_text(text):
    assert normalize_text(text, only(forms="everywhere")) == normalize_unicode(text)


def test_phrases_equal_camel_tools():
    for phrase in sorted(PHRASES):
        assert normalize_text(phrase, only(phrases="everywhere")) == normalize_unicode(phrase)


def test_forms_equal_camel_tools_on_names_of_the_world():
    babel = pytest.importorskip("babel")
    names = [name for locale in ("ar", "ar_EG") for name in babel.Locale.parse(locale).territories.values()]
    assert len(names) > 400
    expected = [normalize_unicode(name) for name in names]
    assert normalize(pl.Series(names), only(forms="arabic")).texts.to_list() == expected


def test_nulls_slices_and_empty_columns():
    column = pl.Series(["x", None, "ﻻ", ""])[1:]
    assert normalize(column, DEFAULT).texts.to_list() == ["", "لا", ""]
    assert normalize(pl.Series([], dtype=pl.String), DEFAULT).texts.to_list() == []


def test_lines_are_counted_with_their_letters():
    lines = scan(to_buffers(pl.Series(["ab ج\n", "é1ﻻ"])))
    assert lines.starts.tolist() == [0, 6, 6]
    assert lines.ends.tolist() == [5, 6, 12]
    assert (lines.arabic_letters.tolist(), lines.other_letters.tolist()) == ([1, 0, 1], [2, 0, 1])


@given(
    st.lists(
        st.lists(st.tuples(st.text(max_size=4), st.text(max_size=3) | st.none()), max_size=4), max_size=4
    )
)
def test_splice_equals_joining_strings(texts):
    pieces = [[(old, new) for old, new in text if old] for text in texts]
    column = pl.Series(["".join(old for old, _ in text) for text in pieces], dtype=pl.String)
    starts, ends, replacements, position = [], [], [], 0
    for old, new in (piece for text in pieces for piece in text):
        if new is not None:
            starts.append(position)
            ends.append(position + len(old.encode()))
            replacements.append(new.encode())
        position += len(old.encode())
    spliced = splice(
        to_buffers(column),
        pl.Series(starts, dtype=pl.Int64).to_numpy(),
        pl.Series(ends, dtype=pl.Int64).to_numpy(),
        replacements,
    )
    assert from_buffers(spliced).to_list() == [
        "".join(o if n is None else n for o, n in text) for text in pieces
    ]


def test_settings_name_field_rule_and_value():
    with pytest.raises(ValueError, match="tatweel must be one of off, arabic, everywhere, got 'yes'"):
        Normalization(tatweel="yes")
    with pytest.raises(ValueError, match="final_yeh must be one of rule, yeh, keep, got 'x'"):
        Normalization(final_yeh="x")
    with pytest.raises(ValueError, match="lookalikes must be true or false, got 'on'"):
        Normalization(lookalikes="on")
