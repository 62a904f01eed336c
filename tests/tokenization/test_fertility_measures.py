"""Measures against hand-derived values, slow twins and other libraries."""

import re
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tokenization.loading import Encoded, Tokenizer, open_tokenizer
from tokenization.measures.bootstrap import interval, ratio, resampled_sums
from tokenization.measures.boundaries import agree, count, cuts_of_words
from tokenization.measures.conllu import GoldWord, read_words
from tokenization.measures.cutting import as_given, cut, take
from tokenization.measures.renyi import efficiency, influence, resampled_efficiency
from tokenization.measures.round_trip import round_trip
from tokenization.measures.slices import make_slices
from tokenization.measures.sums import id_counts, piece_sums, text_sums, weighted_by_document
from tokenization.measures.tashkeel import fixed_words, try_marks
from tokenization.measures.units import split
from tokenization.measures.words import bare_words, distribution, growth, letters, word_times

WORDS = st.sampled_from(["كتاب", "وَلَد", "ab", "cd", "3,", "—"])
SPACES = st.sampled_from([" ", " ", " ", "  ", "\n", " \n\n", "\t"])


@st.composite
def documents(draw: st.DrawFn) -> list[str]:
    """Texts of words and spaces of all kinds, as they come in after stripping."""

    def text() -> str:
        words = draw(st.lists(WORDS, min_size=1, max_size=8))
        return "".join(word + draw(SPACES) for word in words).strip()

    return [text() for _ in range(draw(st.integers(1, 4)))]


def write_ranks(path: Path, *merges: bytes) -> Tokenizer:
    import base64

    pieces = [bytes([byte]) for byte in range(256)] + list(merges)
    path.write_bytes(b"".join(b"%s %d\n" % (base64.b64encode(p), i) for i, p in enumerate(pieces)))
    return open_tokenizer(str(path), "bytes", r" ?\S+|\s+")


@pytest.fixture(scope="module")
def by_bytes(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    """Bytes, and the pieces ` a`, ` ab` and alef: what a text comes to can be worked out by hand."""
    return write_ranks(tmp_path_factory.mktemp("ranks") / "r.tiktoken", b" a", b" ab", "ا".encode())


@pytest.fixture(scope="module")
def mistral() -> Tokenizer:
    return open_tokenizer("mistral-v1", "v1")


def sums_of(tokenizer: Tokenizer, texts: list[str]) -> dict[str, list[float]]:
    units = split(pl.Series(texts))
    own = cut(tokenizer, units, texts, np.arange(len(texts)))
    sums = text_sums(texts, units) | piece_sums(own, units, tokenizer.pieces, tokenizer.unknown_id)
    return {name: column.tolist() for name, column in sums.items()}


def test_sums_by_hand(by_bytes: Tokenizer) -> None:
    # "cd ab": c, d, " ab". "ab ا": a, b, " ", alef; each word stands after a space when it is looked at alone.
    assert sums_of(by_bytes, ["cd ab", "ab ا", "ب"]) == {
        "words": [2, 2, 1],
        "characters": [5, 4, 1],
        "bytes": [5, 5, 2],
        "pieces": [3, 4, 2],
        "partial": [0, 0, 2],  # the two bytes of beh
        "unknown": [0, 0, 0],
        "whole": [1, 2, 0],  # " ab"; " ab" and the space apart from alef
        "continued": [1, 1, 1],  # " cd" in three; " ا" in two; " ب" in three
    }


@given(texts=documents())
def test_units_make_the_text_and_words_are_what_stands_between_spaces(texts: list[str]) -> None:
    units = split(pl.Series(texts))
    for i, text in enumerate(texts):
        own = units.units[units.unit_offsets[i] : units.unit_offsets[i + 1]]
        assert "".join(units.different[number] for number in own) == text
        running = units.running[units.word_offsets[i] : units.word_offsets[i + 1]]
        assert [units.words[number] for number in running] == text.split()
    assert [units.different[number] for number in units.word_units] == [f" {word}" for word in units.words]
    assert len(set(units.different)) == len(units.different)


@given(texts=documents())
def test_sums_against_the_slow_twin(mistral: Tokenizer, by_bytes: Tokenizer, texts: list[str]) -> None:
    """One document, one word at a time, straight from the tokenizer."""
    for tokenizer, bare in ((mistral, True), (by_bytes, False)):
        sums = sums_of(tokenizer, texts)
        for i, text in enumerate(texts):
            assert sums["pieces"][i] == len(tokenizer.encode_batch([text]).ids)
            words = [as_given([f" {word}"], bare=bare) for word in text.split()]
            cuts = [tokenizer.encode_batch(word).ids.tolist() for word in words]
            spelled = [[tokenizer.pieces.contents[number] for number in own] for own in cuts]
            assert sums["continued"][i] == sum(len(own) > 1 for own in cuts)
            assert sums["whole"][i] == sum(
                len(own) == 1 or (len(own) == 2 and own[0] == b" ") for own in spelled
            )


def test_tokenizer_that_joins_across_spaces_takes_whole_documents(tmp_path: Path) -> None:
    ranks = write_ranks(tmp_path / "r.tiktoken", b"b ", b"b c")
    joining = open_tokenizer(ranks.path, "joining", r"[\s\S]+")
    texts = ["ab cd", "cd"]
    units = split(pl.Series(texts))
    own = cut(joining, units, texts, np.array([0]))
    assert not own.independent
    assert piece_sums(own, units, joining.pieces, -1)["pieces"].tolist() == [3, 2]  # a, "b c", d; c, d
    assert id_counts(own, np.array([0]), joining.size)[257] == 1
    assert cut(ranks, units, texts, np.array([0, 1])).independent


def test_id_counts_are_of_the_documents_asked_for(by_bytes: Tokenizer) -> None:
    texts = ["ab ab", "cd ab ab", "ا"]
    own = cut(by_bytes, split(pl.Series(texts)), texts, np.arange(3))
    for rows in ([0], [1, 2], [0, 1, 2]):
        expected = Counter(by_bytes.encode_batch([texts[i] for i in rows]).ids.tolist())
        found = id_counts(own, np.array(rows), by_bytes.size)
        assert {int(i): int(found[i]) for i in np.flatnonzero(found)} == expected


def test_take_reorders_texts() -> None:
    encoded = Encoded(np.array([1, 2, 3, 4], np.int32), np.array([0, 1, 1, 4]))
    taken = take(encoded, np.array([2, 1, 2, 0], np.int32))
    assert taken.ids.tolist() == [2, 3, 4, 2, 3, 4, 1]
    assert taken.offsets.tolist() == [0, 3, 3, 6, 7]


# Intervals.


def test_interval_against_scipy() -> None:
    generator = np.random.default_rng(5)
    words = generator.integers(20, 200, 120).astype(float)
    pieces = words * generator.normal(2, 0.4, 120)
    sums = resampled_sums(np.column_stack([pieces, words]), 4000, 0)
    ours = interval(pieces.sum() / words.sum(), ratio(*sums.T), 120)
    theirs = stats.bootstrap(
        (pieces, words), lambda p, w, axis: p.sum(axis=axis) / w.sum(axis=axis), paired=True, vectorized=True,
        method="percentile", n_resamples=4000, random_state=np.random.default_rng(1),
    ).confidence_interval  # fmt: skip
    width = theirs.high - theirs.low
    assert ours.low == pytest.approx(theirs.low, abs=0.06 * width)
    assert ours.high == pytest.approx(theirs.high, abs=0.06 * width)
    assert ours.low < ours.value < ours.high


def test_resamples_draw_as_many_as_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    import tokenization.measures.bootstrap as module

    columns = np.column_stack([np.ones(7), np.arange(7.0)])
    whole = resampled_sums(columns, 200, 3)
    assert set(whole[:, 0]) == {7.0}
    assert whole.tolist() == resampled_sums(columns, 200, 3).tolist()
    assert whole.tolist() != resampled_sums(columns, 200, 4).tolist()
    monkeypatch.setattr(module, "_BLOCK_DRAWS", 70)
    assert resampled_sums(columns, 200, 3).tolist() == whole.tolist()


def test_one_document_has_no_interval() -> None:
    assert np.isnan(interval(2.0, np.full(10, 2.0), 1)[1:]).all()


# Renyi efficiency.


def test_renyi_by_hand() -> None:
    # p = 1/2, 1/4, 1/4: sum p^2 = 3/8, so H = log(8/3) and the efficiency log(8/3) / log 3.
    assert efficiency(np.array([2, 1, 0, 1]), 2.0) == pytest.approx(np.log(8 / 3) / np.log(3))
    assert efficiency(np.array([7, 7, 7]), 2.5) == pytest.approx(1.0)
    assert np.isnan(efficiency(np.array([5, 0]), 2.5))


def test_renyi_interval_near_the_exact_one() -> None:
    """Linear in the frequencies, against counting all ids again in every resample."""
    generator = np.random.default_rng(2)
    table = generator.poisson(generator.gamma(0.5, 2, 40)[None, :] * generator.gamma(3, 1, 150)[:, None])
    counts, alpha = table.sum(axis=0), 2.5
    weighted = table @ influence(counts, alpha)
    sums = resampled_sums(np.column_stack([weighted, table.sum(axis=1)]).astype(float), 2000, 0)
    quick = interval(0.5, resampled_efficiency(sums[:, 0], sums[:, 1], counts, alpha), 150)
    again = resampled_sums(table.astype(float), 2000, 0)
    seen = np.count_nonzero(counts)
    power = ((again / again.sum(axis=1, keepdims=True)) ** alpha).sum(axis=1)
    exact = np.percentile(np.log(power) / (1 - alpha) / np.log(seen), [2.5, 97.5])
    assert quick.low == pytest.approx(exact[0], abs=0.1 * (exact[1] - exact[0]))
    assert quick.high == pytest.approx(exact[1], abs=0.1 * (exact[1] - exact[0]))
    mean = resampled_efficiency(weighted.sum(keepdims=True), table.sum(keepdims=True).ravel(), counts, alpha)
    assert mean[0] == pytest.approx(efficiency(counts, alpha))


def test_influence_adds_up_to_the_power_sum(by_bytes: Tokenizer) -> None:
    texts = ["ab ab cd", "ا cd"]
    own = cut(by_bytes, split(pl.Series(texts)), texts, np.arange(2))
    counts = id_counts(own, np.arange(2), by_bytes.size)
    shares = counts[counts > 0] / counts.sum()
    summed = weighted_by_document(influence(counts, 2.5), own).sum() / counts.sum()
    assert summed == pytest.approx(np.sum(shares**2.5))


# Words.


def test_distribution_and_growth_by_hand() -> None:
    counts, times, lengths = np.array([1, 3, 8, 2]), np.array([5, 2, 1, 2]), np.array([2, 2, 14, 99])
    assert distribution(counts, times) == [0.5, 0.2, 0.2, 0, 0, 0, 0.1]
    grown = growth(counts, times, lengths)
    assert len(grown) == 14
    assert grown[1] == pytest.approx((5 * 1 + 2 * 3) / 7)
    assert grown[13] == 8
    assert grown[0] is None


def test_letters_do_not_count_marks() -> None:
    assert letters(["كَتَبَ", "كـتب", "ab3,", "—"]).tolist() == [3, 3, 2, 0]


def test_bare_words_lose_their_punctuation() -> None:
    units = split(pl.Series(["«كتاب» كتاب، (وَلَدٌ) 3 a1 –", "كتاب"]))
    assert bare_words(units, word_times(units, np.array([0, 1]))).rows() == [("كتاب", 3), ("وَلَدٌ", 1)]
    assert bare_words(units, word_times(units, np.array([1]))).rows() == [("كتاب", 1)]


def test_slices_by_hand() -> None:
    frame = pl.DataFrame(
        {
            "text": ["نص طويل جدا", "نص", "text"], "language": ["ar", "ar", "en"], "dialect": ["", "arz", ""],
            "genre": ["news", "news", "web"], "source": ["a", "b", "a"], "vocalization": ["none", "none", ""],
            "showable": [True] * 3,
        }
    )  # fmt: skip
    slices = make_slices(frame)
    assert [(each.name, each.rows.tolist()) for each in slices] == [
        ("ar", [0, 1]),
        ("ar/dialect=", [0]),
        ("ar/dialect=arz", [1]),
        ("ar/source=a", [0]),
        ("ar/source=b", [1]),
        ("en", [2]),
    ]


# Round trip and tashkeel.


class Forgetful:
    """Loses every fatha on the way back."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    def __getattr__(self, name: str) -> object:
        return getattr(self._tokenizer, name)

    def decode(self, ids: list[int]) -> str:
        return self._tokenizer.decode(ids).replace("\N{ARABIC FATHA}", "")


def test_round_trip_says_where_it_went_wrong(by_bytes: Tokenizer) -> None:
    texts = ["ab", "كَ", "ا"]
    assert round_trip(by_bytes, texts) == (3, 3, "")
    trip = round_trip(Forgetful(by_bytes), texts)  # type: ignore[arg-type]
    assert (trip.same, trip.passed, trip.fault) == (2, False, "U+064E became nothing")


def test_tashkeel_by_hand(tmp_path: Path) -> None:
    kaf_fatha = "كَ".encode()
    tokenizer = write_ranks(
        tmp_path / "r.tiktoken", "ك".encode(), "\N{ARABIC FATHA}".encode(), kaf_fatha, "ت".encode(),
        "\N{ARABIC SHADDA}".encode(),
    )  # fmt: skip
    # كَ is one piece; in تَ the mark is a piece of its own; in بّ neither is: four bytes, the mark is cut in two.
    words = ["كَتَ", "كَ"]
    found = try_marks(tokenizer, words, [f" {word}" for word in words], 100, 0)
    assert (found.words, found.marks, found.survived) == (2, 3, 2)
    assert found.joined.value == pytest.approx(2 / 3)
    assert not found.passed
    assert try_marks(tokenizer, ["كَ"], [" كَ"], 100, 0).passed
    lost = try_marks(Forgetful(tokenizer), words, words, 100, 0)  # type: ignore[arg-type]
    assert (lost.survived, lost.passed) == (0, False)


def test_fixed_words_are_vocalized() -> None:
    assert len(fixed_words()) >= 30
    assert all(re.search("[\u064b-\u0652\u0670]", word) for word in fixed_words())


# Morphology.

CONLLU = """# sent_id = 1
1\tو\tو\tCCONJ\t_\t_\t0\troot\t_\tSpaceAfter=No
2\tكتاب\tكتاب\tNOUN\t_\t_\t1\tdep\t_\tSpaceAfter=No
3\tها\tهو\tPRON\t_\t_\t2\tdep\t_\tSpaceAfter=No
4\t،\t،\tPUNCT\t_\t_\t2\tpunct\t_\t_
5\tفي\tفي\tADP\t_\t_\t2\tcase\t_\t_
6\tUN\tUN\tX\t_\t_\t2\tdep\t_\t_

# sent_id = 2
1-2\tبيتي\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No
1\tبيت\tبيت\tNOUN\t_\t_\t0\troot\t_\t_
2\tي\tهو\tPRON\t_\t_\t1\tdep\t_\t_
3\t.\t.\tPUNCT\t_\t_\t1\tpunct\t_\t_
3.1\tشيء\t_\t_\t_\t_\t_\t_\t_\t_
4-5\tللبيت\t_\t_\t_\t_\t_\t_\t_\t_
4\tل\tل\tADP\t_\t_\t1\tcase\t_\t_
5\tالبيت\tبيت\tNOUN\t_\t_\t1\tdep\t_\t_
"""


def test_conllu_by_hand() -> None:
    words = read_words(CONLLU.splitlines(keepends=True))
    assert words == [
        GoldWord("وكتابها", 0, (1, 5)),
        GoldWord("في", 0, ()),
        GoldWord("بيتي", 1, (3,)),  # a range; للبيت is left out, for its parts do not spell it
    ]
    assert words[0].parts == ["و", "كتاب", "ها"]


def test_conllu_refuses_other_files() -> None:
    with pytest.raises(ValueError, match="line 2 has 1 columns"):
        read_words(["# text\n", "plain text\n"])


def test_agreement_by_hand() -> None:
    words = [GoldWord("وكتابها", 0, (1, 5)), GoldWord("بيتي", 1, (3,)), GoldWord("في", 1, ())]
    # و|كتاب|ها right twice; بي|تي wrong, and one cut inside a letter; a piece for the space before في is no cut.
    cuts = [(2, 10), (3, 4), (0,)]
    counts = count(words, cuts)
    assert counts.tolist() == [[2, 2, 2, 3], [0, 2, 1, 3], [0, 0, 0, 2]]
    everything = agree(words, counts, 500, 0, clitics_only=False)
    assert (everything.words, everything.places) == (3, 3)
    assert everything.precision.value == pytest.approx(2 / 4)
    assert everything.recall.value == pytest.approx(2 / 3)
    assert everything.f1.value == pytest.approx(2 * 2 / (4 + 3))
    assert everything.fertility.value == pytest.approx(8 / 3)
    bearing = agree(words, counts, 500, 0, clitics_only=True)
    assert (bearing.words, bearing.fertility.value) == (2, 3.0)
    assert (bearing.f1.low, bearing.f1.high) == (0.0, 1.0)  # two sentences: all right, or nothing


def test_cuts_leave_the_space_out(by_bytes: Tokenizer) -> None:
    located = by_bytes.locate([" abc", " ab", " ا", " ب"])
    assert cuts_of_words(located, 1) == [(4,), (), (0,), (0, 1)]
