"""Documents made of pairs: their texts by hand, what is balanced, what may not be prompted, and the mixture of it."""

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.errors import CorpusError
from corpus.mixture.plan import describe
from corpus.mixture.settings import Mixture
from corpus.mixture.sizes import measure
from corpus.pair_documents.balance import choose, coins, draws
from corpus.pair_documents.bundles import bundled, pairs_of
from corpus.pair_documents.formats import instruction_lines, make
from corpus.pair_documents.making import make_documents
from corpus.pair_documents.settings import PairDocuments
from corpus.pair_documents.word_switching import given as given_words
from corpus.pair_documents.word_switching import learned, switched, switches, word_pairs
from corpus.schema import SHARD_COLUMNS


def settings(**given_settings: object) -> PairDocuments:
    return PairDocuments(**({"corpus": "in", "output_dir": "out"} | given_settings))  # type: ignore[arg-type]


PAIRS = pl.DataFrame(
    {
        "bundle": [0, 0, 1, 1],
        "pair": ["a", "b", "c", "d"],
        "en": ["One.", "Two.", "three", "four"],
        "ar": ["واحد.", "اثنان.", "ثلاثة", "أربعة"],
    }
)
CHOICES = pl.DataFrame({"bundle": [0, 1], "number": [0, 1]})


def test_translation_has_an_instruction_line_in_the_direction_of_its_number() -> None:
    first, second = make("translation", PAIRS, CHOICES, settings()).rows(named=True)
    assert first["text"] == ("Translate the following text into Arabic:\nOne.\nواحد.\n\nTwo.\nاثنان.")
    assert (first["direction"], first["language"]) == ("en-ar", "mul")
    assert second["text"] == ("Translate the following text into English:\nثلاثة\nthree\n\nأربعة\nfour")


def test_translation_is_cut_after_so_many_pairs_and_labels_stand_before_texts() -> None:
    rows = make(
        "translation", PAIRS, CHOICES.with_columns(number=pl.Series([2, 20])), settings(translation_pairs=1)
    )
    assert rows["part"].to_list() == [0, 1, 0, 1]
    assert rows["direction"].to_list() == ["en-ar", "ar-en"] * 2
    assert rows["text"][0] == "Translate from English into Arabic.\nEnglish: One.\nArabic: واحد."
    assert rows["text"][3].startswith("انقل هذا النص إلى الإنجليزية:\n")


def test_interleaved_and_document_pairs_by_hand() -> None:
    interleaved = make("interleaved", PAIRS, CHOICES, settings())
    assert interleaved["text"].to_list() == ["One.\nواحد.\nTwo.\nاثنان.", "ثلاثة\nthree\nأربعة\nfour"]
    whole = make("document_pairs", PAIRS, CHOICES, settings())
    assert whole["text"].to_list() == ["One.\nTwo.\n\nواحد.\nاثنان.", "ثلاثة\nأربعة\n\nthree\nfour"]
    alone = make("monolingual", PAIRS, CHOICES, settings())
    assert alone.filter(pl.col("bundle") == 0).select("language", "text").rows() == [
        ("en", "One.\nTwo."),
        ("ar", "واحد.\nاثنان."),
    ]


def test_code_switched_says_everything_once_and_holds_both_languages() -> None:
    sentences = 40
    pairs = pl.DataFrame(
        {
            "bundle": [0] * sentences,
            "pair": [str(i) for i in range(sentences)],
            "en": [f"e{i}." for i in range(sentences)],
            "ar": [f"ع{i}." for i in range(sentences)],
        }
    )
    (text,) = make("code_switched", pairs, CHOICES.head(1), settings())["text"]
    words = text.split(" ")  # all units end as sentences do, so they are running text
    assert [word[1:] for word in words] == [f"{i}." for i in range(sentences)]
    assert [word[0] for word in words[:2]] == ["e", "ع"]
    assert 10 <= sum(word[0] == "e" for word in words) <= 30
    lines = make("code_switched", PAIRS, CHOICES, settings())["text"].to_list()
    assert lines == ["One. اثنان.", "ثلاثة\nfour"]


def test_lines_are_units_only_where_both_sides_have_as_many() -> None:
    pairs = pl.DataFrame({"bundle": [0, 0], "pair": ["a", "b"], "en": ["x\ny", "p\nq"], "ar": ["س\nص", "ف"]})
    (text,) = make("interleaved", pairs, CHOICES.head(1), settings())["text"]
    assert text == "x\nس\ny\nص\np\nq\nف"


def test_instruction_lines_pair_up_across_directions_and_use_both_languages_alike() -> None:
    lines = instruction_lines()
    assert lines.group_by("direction").len()["len"].unique().to_list() == [16]
    arabic = pl.col("line").str.contains(r"\p{Arabic}")
    assert lines.group_by("direction").agg(arabic.sum())["line"].to_list() == [8, 8]
    assert lines["line"].n_unique() == lines.height


@given(
    st.lists(st.tuples(st.integers(1, 40), st.integers(1, 5)), min_size=40, max_size=80), st.integers(0, 99)
)
def test_words_follow_the_shares_and_directions_take_turns(sizes: list, seed: int) -> None:
    words, units = (list(column) for column in zip(*sizes, strict=True))
    frame = pl.DataFrame(
        {
            "bundle": range(len(words)),
            "num_pairs": units,
            "num_units": [each + 1 for each in units],
            "words": words,
        }
    )
    shares = {"translation": 0.5, "interleaved": 0.3, "code_switched": 0.2}
    rows = choose(frame, shares, every=False, translation_pairs=2, seed=seed)
    assert rows["row"].to_list() == list(range(len(words)))
    got = frame.with_columns(rows["format"]).group_by("format").agg(pl.col("words").sum())
    for name, total in got.rows():
        assert abs(total - shares[name] * sum(words)) <= max(words)
    own = (
        rows.filter(pl.col("format") == "translation")
        .with_columns(
            documents=-(
                -pl.Series(units)[pl.Series(rows.filter(pl.col("format") == "translation")["row"])] // 2
            )
        )
        .sort("number")
    )
    starts = own["documents"].cum_sum() - own["documents"]
    assert own["number"].to_list() == starts.to_list()  # no number twice, none left out


def test_a_bundle_of_one_sentence_is_never_code_switched() -> None:
    sizes = pl.DataFrame({"bundle": [0, 1], "num_pairs": [1, 1], "num_units": [1, 1], "words": [5, 5]})
    once = choose(sizes, {"code_switched": 1.0}, every=False, translation_pairs=4, seed=1)
    assert once["format"].to_list() == ["document_pairs"] * 2
    every = choose(sizes, {"code_switched": 1, "interleaved": 1}, every=True, translation_pairs=4, seed=1)
    assert every["format"].to_list() == ["interleaved"] * 2


def test_coins_are_fair_and_fixed() -> None:
    keys = pl.Series(range(4000))
    tossed = coins(1, keys, keys % 7)
    assert abs(int(tossed.sum()) - 2000) < 120  # 3.8 standard deviations
    assert (coins(2, keys, keys % 7) != tossed).any()
    assert coins(1, keys, keys % 7).tolist() == tossed.tolist()


def test_bundles_end_at_their_words_and_at_another_domain() -> None:
    pairs = pl.DataFrame(
        {
            "pair": list("abcde"),
            "words": [6, 6, 6, 50, 6],
            "domain": ["news"] * 4 + ["web"],
            "kind": "parallel",
            "license": "x",
        }
    )
    # Words before each: 0, 6, 12, 18 of 10 a bundle; the last is of another domain.
    assert bundled(pairs, 10)["bundle"].to_list() == [0, 0, 1, 1, 2]


def shard_of(source: str, texts: list[tuple[str, str]]) -> pl.DataFrame:
    rows = [
        {"id": f"{source}/{i}#{language}", "text": text, "language": language, "source": source, "domain": "news",
         "kind": "parallel", "words": len(text.split()), "characters": len(text), "pair": f"{source}/{i}"}
        for i, pair in enumerate(texts)
        for language, text in zip(("en", "ar"), pair, strict=True)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=SHARD_COLUMNS)


def write_corpus(directory: Path, shards: dict[str, pl.DataFrame], closed: str = "") -> Path:
    listed = []
    (directory / "shards").mkdir(parents=True)
    for source, frame in shards.items():
        path = f"shards/{source}-00000.parquet"
        frame.write_parquet(directory / path)
        words = int(frame["words"].sum())
        listed.append({"path": path, "source": source, "documents": frame.height, "words": words})
    sources = [{"name": name, "examples": name != closed} for name in shards]
    (directory / "manifest.json").write_text(json.dumps({"config": {"sources": sources}, "shards": listed}))
    return directory


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    pairs = [(f"The sentence number {i} is here.", f"هذه هي الجملة رقم {i} هنا.") for i in range(60)]
    plain = shard_of("plain", [("left", "يسار")]).with_columns(
        pair=pl.lit(None, pl.String), kind=pl.lit("natural")
    )
    shards = {"news": shard_of("news", pairs), "book": shard_of("book", pairs[:20]), "plain": plain}
    return write_corpus(tmp_path / "in", shards, closed="book")


def test_pairs_without_both_sides_are_left_out() -> None:
    frame = shard_of("news", [("a", "ا"), ("b", "ب")])
    assert pairs_of(frame.head(3))["pair"].to_list() == ["news/0"]


def test_a_corpus_becomes_documents_and_its_mixture_gives_each_format_a_budget(
    corpus: Path, tmp_path: Path
) -> None:
    given_settings = settings(
        corpus=str(corpus), output_dir=str(tmp_path / "out"), document_words=40, use="every"
    )
    manifest = make_documents(given_settings)
    assert (tmp_path / "out/shards/plain-00000.parquet").samefile(corpus / "shards/plain-00000.parquet")
    components, _ = measure(tmp_path / "out")
    assert {(each.format, each.language) for each in components if each.source.startswith("news")} == {
        (name, "mul") for name in ("translation", "interleaved", "code_switched", "document_pairs")
    }
    mixture = Mixture(
        corpus="x", total_tokens=1000, missing="renormalize",
        shares={"english": 0.2, "arabic": 0.2, "bilingual": 0.6},
        format_shares={"translation": 0.5, "interleaved": 0.25, "document_pairs": 0.25},
    )  # fmt: skip
    plan = describe(components, mixture)
    assert plan["formats"] == {
        "translation": 300, "interleaved": 150, "document_pairs": 150, "code_switched": 0
    }  # fmt: skip
    with pytest.raises(CorpusError, match="format_shares gives 'poems' a share"):
        describe(components, Mixture(**(vars(mixture) | {"format_shares": {"poems": 1.0}})))
    assert {row["format"] for row in manifest["formats"] if row["source"].startswith("book")} == {
        "document_pairs"
    }


def test_closed_sources_are_never_prompted(corpus: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    manifest = make_documents(
        settings(corpus=str(corpus), output_dir=str(output), formats={"translation": 1.0})
    )
    book = pl.read_parquet(output / "shards/book.document_pairs-00000.parquet")
    assert not any(
        book["text"].str.contains(line, literal=True).any() for line in instruction_lines()["line"]
    )
    assert [
        each["examples"] for each in manifest["config"]["sources"] if each["name"].startswith("book")
    ] == [False]
    assert manifest["notes"] == ["pairs of book became plain document pairs: its source says examples: false"]
    left_out = settings(corpus=str(corpus), output_dir=str(tmp_path / "other"), closed_sources="leave_out")
    sources = {row["source"] for row in make_documents(left_out)["formats"]}
    assert not any(source.startswith("book") for source in sources)


def test_a_bundle_is_one_pair_in_all_formats_so_that_a_validation_split_cannot_leak(
    corpus: Path, tmp_path: Path
) -> None:
    make_documents(
        settings(corpus=str(corpus), output_dir=str(tmp_path / "out"), use="every", document_words=40)
    )
    by_format = {
        path.name.split(".")[1].split("-")[0]: pl.read_parquet(path)
        for path in (tmp_path / "out/shards").glob("news.*")
    }
    bundles = {name: set(frame["pair"]) for name, frame in by_format.items()}
    assert bundles["translation"] == bundles["interleaved"] == bundles["document_pairs"]
    translated = by_format["translation"]
    assert translated["id"].n_unique() == translated.height
    assert translated["pairs"].explode().to_list() == [f"news/{i}" for i in range(60)]
    directions = translated["direction"].value_counts()["count"].to_list()
    assert abs(directions[0] - directions[1]) <= 1


def test_a_run_is_repeated_exactly_and_goes_on_where_it_stopped(corpus: Path, tmp_path: Path) -> None:
    first = make_documents(settings(corpus=str(corpus), output_dir=str(tmp_path / "a")))
    again = settings(corpus=str(corpus), output_dir=str(tmp_path / "b"))
    make_documents(again)
    (tmp_path / "b/manifest.json").unlink()
    next((tmp_path / "b/work").glob("news.*.json")).unlink()
    second = make_documents(again)
    assert [shard.get("sha256") for shard in first["shards"]] == [
        shard.get("sha256") for shard in second["shards"]
    ]
    other = settings(corpus=str(corpus), output_dir=str(tmp_path / "b"), seed=2)
    with pytest.raises(CorpusError, match="holds documents of another corpus or other settings"):
        make_documents(other)


def test_what_cannot_be_done_is_said(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"formats must add up to 1, got 0\.5"):
        settings(formats={"interleaved": 0.5})
    with pytest.raises(ValueError, match="formats must name formats out of"):
        settings(formats={"poems": 1.0})
    with pytest.raises(CorpusError, match="give the directory of a finished corpus"):
        make_documents(settings(corpus=str(tmp_path), output_dir=str(tmp_path / "out")))
    with pytest.raises(CorpusError, match="sources names 'nws'"):
        make_documents(settings(corpus=str(corpus), output_dir=str(tmp_path / "o"), sources=["nws"]))
    plain = write_corpus(
        tmp_path / "plain", {"plain": pl.read_parquet(corpus / "shards/plain-00000.parquet")}
    )
    with pytest.raises(CorpusError, match="holds no pairs of Arabic and English"):
        make_documents(settings(corpus=str(plain), output_dir=str(tmp_path / "out")))


WORDS = word_pairs(
    pl.DataFrame(
        {
            "left": ["book", "schoo", "river", "book"],
            "right": ["كتاب", "مدرسه", "نهر", "سفر"],
            "weight": [0.9, 0.8, 0.7, 0.3],
        }
    )
)
"""Stems, as a lexicon has them."""


def test_words_change_places_only_where_both_stand_and_marks_stay() -> None:
    units = pl.DataFrame(
        {
            "en": ["(The book), a school and the book.", "No river here.", "a  river!", ""],
            "ar": ["الكتاب والمدرسة.", "لا شيء.", "«النهر» طويل", "كتاب"],
            "in_first": [True, True, False, True],
        }
    )
    found = switches(units, WORDS)
    # The second "book" has no partner left; wal-madrasa would lose its "and"; the Arabic of the second has no river.
    assert found.rows() == [(0, 1, 0), (2, 2, 0)]
    assert switched(units, found).to_list() == [
        "(The الكتاب), a school and the book.",
        "No river here.",
        "«river» طويل",
        "",
    ]
    assert switched(units, found.head(0)).to_list() == [*units["en"].head(2), units["ar"][2], ""]


@given(
    st.lists(
        st.tuples(*(st.lists(st.sampled_from(words), max_size=8).map(" ".join) for words in (
            ["book", "Book,", "a", "school.", "x\ny", "", "river's"], ["الكتاب", "نهر", "و", "كتاب،", "", "بالمدرسة"]
        )), st.booleans()),
        max_size=6,
    )
)  # fmt: skip
def test_each_word_is_exchanged_once_and_nothing_else_changes(rows: list[tuple[str, str, bool]]) -> None:
    units = pl.DataFrame(
        rows, schema={"en": pl.String, "ar": pl.String, "in_first": pl.Boolean}, orient="row"
    )
    found = switches(units, WORDS)
    for place in ("place", "other"):
        assert not found.select("unit", place).is_duplicated().any()
    for number, text in enumerate(switched(units, found)):
        own, other = (
            units[number, side] for side in (("en", "ar") if units[number, "in_first"] else ("ar", "en"))
        )
        before, after = own.split(" "), text.split(" ")
        assert len(before) == len(after)
        changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
        assert len(changed) == found.filter(pl.col("unit") == number).height
        assert all(any(new.strip(",.،") in word for word in other.split(" ")) for _, new in changed)


def test_a_lexicon_learned_from_pairs_exchanges_their_words() -> None:
    left = ["red house", "red river", "old house", "old river", "red school", "old school"] * 3
    right = ["بيت أحمر", "نهر أحمر", "بيت قديم", "نهر قديم", "مدرسة حمراء أحمر", "مدرسة قديم"] * 3
    words = learned(pl.Series(left), pl.Series(right))
    pairs = set(words.table.select("left", "right").rows())
    assert {("house", "بيت"), ("river", "نهر"), ("old", "قديم")} <= pairs
    assert ("house", "نهر") not in pairs
    assert words.version == learned(pl.Series(left), pl.Series(right)).version


def test_a_given_lexicon_is_read_and_its_mistakes_are_told(tmp_path: Path) -> None:
    path = tmp_path / "words.tsv"
    path.write_text("Books\tالكتب\n\nof course\tطبعا\n", encoding="utf-8")
    assert given_words(str(path)).table.select("left", "right").rows() == [("books", "كتب")]
    path.write_text("book\tكتاب\nriver\n", encoding="utf-8")
    with pytest.raises(CorpusError, match="line 2 must be an English word, a tab and an Arabic word"):
        given_words(str(path))
    path.write_text("of course\tطبعا\n", encoding="utf-8")
    with pytest.raises(CorpusError, match="holds no pairs of single words"):
        given_words(str(path))
    with pytest.raises(CorpusError, match="the lexicon cannot be read"):
        given_words(str(tmp_path / "none"))
    with pytest.raises(ValueError, match="switched_words must be above 0"):
        settings(switched_words=0)


def test_word_switched_documents_are_drawn_balanced_and_have_their_budget(
    corpus: Path, tmp_path: Path
) -> None:
    (tmp_path / "words.tsv").write_text("sentence\tالجملة\nnumber\tرقم\n", encoding="utf-8")
    shares = {"word_switched": 0.5, "interleaved": 0.5}
    asked = {
        "corpus": str(corpus),
        "formats": shares,
        "document_words": 24,
        "lexicon": str(tmp_path / "words.tsv"),
    }
    made = {}
    for name, share, seed in (("a", 0.5, 1), ("b", 0.5, 1), ("c", 0.5, 2), ("all", 1.0, 1)):
        output = tmp_path / name
        manifest = make_documents(settings(output_dir=str(output), switched_words=share, seed=seed, **asked))
        made[name] = pl.read_parquet(output / "shards/news.word_switched-00000.parquet")
        assert manifest["word_pairs"]["pairs"] == 2
    assert made["a"].equals(made["b"])
    assert not made["a"].equals(made["c"])
    whole = made["all"]
    for text, direction in whole.select("text", "direction").rows():
        if direction == "en-ar":
            assert "sentence" not in text
            assert text.startswith("The الجملة رقم ")
        else:
            assert text.startswith("هذه هي sentence number ")
    assert set(whole["direction"]) == {"en-ar", "ar-en"}
    assert set(whole["language"]) == {"mul"}
    exchanged = (
        made["a"]["text"].str.count_matches("الجملة").sum()
    )  # by half of the coins, in either language
    assert 0 < exchanged < made["a"]["text"].str.count_matches("الجملة|sentence").sum()
    components, _ = measure(tmp_path / "all")
    mixture = Mixture(
        corpus="x", total_tokens=1000, missing="renormalize",
        shares={"english": 0.2, "arabic": 0.2, "bilingual": 0.6},
        format_shares={"word_switched": 0.75, "interleaved": 0.25},
    )  # fmt: skip
    plan = describe([each for each in components if each.source != "book.document_pairs"], mixture)
    assert plan["formats"] == {"word_switched": 450, "interleaved": 150}
    other = settings(output_dir=str(tmp_path / "a"), **(asked | {"lexicon": ""}))
    with pytest.raises(CorpusError, match="holds documents of another corpus or other settings"):
        make_documents(other)


def test_a_text_without_known_words_stays_in_its_language() -> None:
    made = make("word_switched", PAIRS, CHOICES, settings(), WORDS)
    assert made["text"].to_list() == ["One. Two.", "ثلاثة\nأربعة"]
    assert made.select("language", "direction").rows() == [("en", "en"), ("ar", "ar")]


def test_draws_are_even_and_the_coins_are_theirs() -> None:
    keys = pl.Series(range(4000))
    drawn = draws(1, keys, keys % 7)
    assert ((drawn >= 0) & (drawn < 1)).all()
    assert abs(float(drawn.mean()) - 0.5) < 0.018  # 4 standard deviations
    assert ((drawn >= 0.5) == coins(1, keys, keys % 7)).all()
