"""The fast chain equals camel-tools: every code point, real names, and adversarial sequences of marks."""

import sys
import unicodedata

import polars as pl
from babel import Locale
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.normalize.camel import _PLANES, camel_chain, camel_chain_text


def test_every_code_point_of_arabic_latin_and_marks():
    codes = [
        *range(0x800),
        *range(0x870, 0x1000),
        *range(0x1100, 0x1200),
        *range(0x1E00, 0x3400),
        *range(0xA640, 0xA700),
    ]
    codes += [*range(0xF900, 0x10000), *range(0x1D100, 0x1D200), *range(0x1EE00, 0x1EF00)]
    texts = [f"ب{chr(code)}\u064e\u0654{chr(code)}" for code in codes] + [chr(code) for code in codes]
    assert camel_chain(pl.Series(texts)).to_list() == [camel_chain_text(text) for text in texts]


def test_no_code_point_beyond_the_table_is_changed_by_nfkc():
    rest = "".join(map(chr, range(_PLANES, sys.maxunicode + 1)))
    assert unicodedata.is_normalized("NFKC", rest)
    assert not any(map(unicodedata.combining, rest))


def test_names_of_the_world():
    names = [
        name
        for code in ("ar", "fa", "ur", "vi", "ko", "hi")
        for name in Locale.parse(code).languages.values()
    ]
    assert len(names) > 1000
    assert camel_chain(pl.Series(names)).to_list() == [camel_chain_text(name) for name in names]


MIXED = st.text(
    st.sampled_from(
        "اأإآٱىةوي ۀہےﻻﷲﷺ﷼﷽ﱞﹶ\u064b\u064e\u0650\u0651\u0652\u0653\u0654\u0655\u0656\u0657\u0670\u06e1\u06d6"
    )
    | st.sampled_from("aeé\u0301\u0323\u0327 ,\n\u1100\u1161\u11a8가각½ﬁ²Å\u0340\u0344\u09c7\u09be😀𝐀ｶﾞ"),
    max_size=16,
)


@settings(max_examples=600, deadline=None)
@given(st.lists(MIXED, max_size=4))
def test_sequences_of_marks(texts):
    assert camel_chain(pl.Series(texts, dtype=pl.String)).to_list() == [
        camel_chain_text(text) for text in texts
    ]


def test_nulls_slices_and_growth():
    assert camel_chain(pl.Series(["x", None, "ﷺ" * 999])[1:]).to_list() == ["", camel_chain_text("ﷺ" * 999)]
