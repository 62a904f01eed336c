"""The fold: its definition by cases, the kernel against it over every code point, the shipped table."""

import unicodedata

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.fold import fold, fold_text
from corpus.fold.table import UNASSIGNED, expand, load_table, make_table
from corpus.text_buffers import from_buffers, to_buffers

ARABIC_TEXT = st.text(
    st.one_of(
        st.characters(min_codepoint=0x0600, max_codepoint=0x06FF),
        st.sampled_from("abZ \n\u200c\u200fßİﷺﷻﷲﻻﻼﹶ½①é,.٣۴४e\u0301가🙂𝔄\u0640\u2028"),
        st.characters(exclude_categories=["Cs"]),
    )
)


def folded(*texts: str | None) -> list[str]:
    return from_buffers(fold(pl.Series(texts, dtype=pl.String))).to_list()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        (" \n\t", ""),
        ("…!؟،", ""),
        ("كِتَابٌ", "كتاب"),
        ("كتــــاب", "كتاب"),
        ("أإآٱا", "ااااا"),
        ("المدرسة", "المدرسه"),
        ("مستشفى", "مستشفي"),
        ("کی", "كي"),  # Persian keyboard
        ("ہ ۃ ھ ے ە", "ه ه ه ي ه"),
        ("ڢڧ", "فق"),  # Maghrebi
        ("هٰذا", "هذا"),
        ("سؤال مسئول", "سوال مسيول"),
        ("و\u0654", "و"),  # decomposed as composed
        ("ﻻ", "لا"),
        ("مﹶن", "من"),  # isolated tashkeel of a legacy font, within a word
        ("ﷺ", "صلي الله عليه وسلم"),
        ("قالﷺثم", "قالصلي الله عليه وسلمثم"),
        ("١٢٣ ۴۵۶ 789", "123 456 789"),
        ("Straße CAFÉ e\u0301", "strasse cafe e"),
        ("İstanbul", "istanbul"),
        ("x²", "x2"),
        ("½", "1 2"),
        ("a\u200cb\u00adc", "abc"),
        ("a,b", "a b"),
        ("(a)", "a"),
        ("\x00a\x00", "a"),
    ],
)
def test_cases(text: str, expected: str) -> None:
    assert fold_text(text) == expected
    assert folded(text) == [expected]


def test_kernel_equals_definition_over_every_code_point() -> None:
    actions = expand(load_table())
    known = [
        chr(code)
        for code in range(0x110000)
        if unicodedata.category(chr(code)) not in ("Cn", "Cs") and actions[code] != UNASSIGNED
    ]
    # Private use and the regular ideographs are 9 of 10 code points; every 16th of them is enough for a
    # quick test.
    rare = [
        c
        for c in known
        if unicodedata.category(c) != "Co" and not 0x3400 <= ord(c) <= 0x9FFF and ord(c) < 0x17000
    ]
    sample = rare + [c for c in known if ord(c) >= 0x17000 or 0x3400 <= ord(c) <= 0x9FFF][::16]
    assert len(sample) > 25_000
    for pattern in ("{}", "ب{}a", " {}{} ب"):
        texts = [pattern.replace("{}", c) for c in sample]
        wrong = [
            (hex(ord(c)), got, want)
            for c, got, want in zip(sample, folded(*texts), map(fold_text, texts), strict=True)
            if got != want
        ]
        assert wrong == []


def test_shipped_table_is_what_the_definition_makes() -> None:
    shipped, made = load_table(), make_table()
    assigned_in_both = (expand(shipped) != UNASSIGNED) & (expand(made) != UNASSIGNED)
    assert assigned_in_both.sum() > 280_000

    def outcomes(table):  # type: ignore[no-untyped-def]
        pool = bytes(table.replacements)
        texts = [None] * 4 + [
            pool[a:b] for a, b in zip(table.starts[:-1].tolist(), table.starts[1:].tolist(), strict=True)
        ]
        return [texts[action] or action for action in expand(table)[assigned_in_both].tolist()]

    assert outcomes(shipped) == outcomes(made)


@settings(max_examples=300, deadline=None)
@given(st.lists(ARABIC_TEXT, max_size=6))
def test_kernel_equals_definition_over_texts(texts: list[str]) -> None:
    actions = expand(load_table())
    texts = ["".join(c for c in text if actions[ord(c)] != UNASSIGNED) for text in texts]
    assert folded(*texts) == [fold_text(text) for text in texts]


@settings(max_examples=200, deadline=None)
@given(ARABIC_TEXT)
def test_folding_is_idempotent_and_blind_to_composition(text: str) -> None:
    [once] = folded(text)
    assert folded(once) == [once]
    assert once == " ".join(once.split())
    assert folded(*(unicodedata.normalize(form, text) for form in ("NFC", "NFD"))) == [once, once]


def test_nulls_and_slices() -> None:
    texts = pl.Series(["Dropped", "A b", None, "C"])
    assert from_buffers(fold(texts[1:])).to_list() == ["a b", "", "c"]
    assert len(fold(texts[:0])) == 0


def test_long_replacements_make_room() -> None:
    # 3 bytes become 33: the output outgrows the input many times.
    honorific = "ﷺ " * 5_000
    assert folded("a", honorific, "b") == ["a", fold_text(honorific), "b"]


def test_buffers_hold_nothing_but_the_text() -> None:
    buffers = fold(pl.Series(["a!", "", "b c"]))
    assert bytes(buffers.data) == b"ab c"
    assert buffers.offsets.tolist() == [0, 1, 1, 4]
    assert np.array_equal(to_buffers(from_buffers(buffers)).data, buffers.data)
