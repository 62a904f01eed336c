import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from corpus.text_buffers import from_buffers, to_buffers
from corpus.text_measures import measure_texts

texts = st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=8)


@given(texts)
def test_words_and_characters_are_those_of_python(given_texts: list[str]) -> None:
    measured = measure_texts(pl.Series(given_texts, dtype=pl.String))
    assert measured["characters"].to_list() == [len(text) for text in given_texts]
    # Python also splits at the four information separators, which Unicode does not call white space.
    split = [len(text.translate(dict.fromkeys(range(0x1C, 0x20), "x")).split()) for text in given_texts]
    assert measured["words"].to_list() == split


def test_vocalized_share_by_hand() -> None:
    # muḥammadun: 4 letters; damma, fatha, shadda+fatha, dammatan = 5 marks; tatweel and digits are no letters
    measured = measure_texts(pl.Series(["مُحَمَّدٌ", "محمد", "مـحـمد ٣", "hello"]))
    assert measured["vocalized"].to_list() == [5 / 4, 0, 0, 0]


@given(texts)
def test_buffers_round_trip(given_texts: list[str]) -> None:
    series = pl.Series(given_texts, dtype=pl.String)
    assert from_buffers(to_buffers(series)).to_list() == given_texts
    assert from_buffers(to_buffers(series.slice(1))).to_list() == given_texts[1:] if given_texts else True
