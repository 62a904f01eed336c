"""The sample against counts made by hand and by a slow twin; the rule for held-out documents; the curve."""

import random
import re
import resource
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import xxhash

from tokenization.arabic_script import character_class, word_class
from tokenization.base import Additions
from tokenization.expand_config import Choice, Sampling
from tokenization.expansion.curve import ALL, choose, measure_curve, taken_under
from tokenization.expansion.manifest import fertility_rows
from tokenization.held_out import HELD_OUT_SEED, is_held_out, rest_of
from tokenization.load_base import load_base
from tokenization.sample import (
    count_words,
    find_shards,
    held_out_documents,
    read_documents,
    sample_words,
    sampled_documents,
    weighted_documents,
)

AR = ["ar"]


def python_class(polars_class: str) -> str:
    return re.sub(r"\\x\{([0-9A-F]+)\}", lambda match: chr(int(match[1], 16)), polars_class)


def test_words_of_a_line() -> None:
    documents = pl.DataFrame({"text": ["في المَدِينة،  (كتـاب) abcمن ٢٠\nهو"], "stratum": [0]})
    counted = dict(count_words(documents, starts_with_space=True).select("word", "count").iter_rows())
    assert counted == {" في": 1, " المَدِينة": 1, "،": 1, "كتـاب": 1, "من": 1, "٢": 1, "٠": 1, "هو": 1}
    assert " في" not in count_words(documents, starts_with_space=False)["word"].to_list()


def test_words_are_those_of_a_slow_twin() -> None:
    chance = random.Random(1)
    letters = "ابتكلمّ َـ٢؟x \n."
    texts = ["".join(chance.choice(letters) for _ in range(200)) for _ in range(50)]
    pattern = re.compile(f" ?[{python_class(word_class())}]+|[{python_class(character_class())}]")
    expected = Counter(word for text in texts for word in pattern.findall(" " + text))
    counted = count_words(pl.DataFrame({"text": texts, "stratum": [0] * 50}), starts_with_space=True)
    assert dict(counted.select("word", "count").iter_rows()) == dict(expected)


def test_held_out_rule_is_the_one_that_is_documented() -> None:
    ids = [f"wiki/{number}" for number in range(4000)]
    documents = pl.DataFrame({"id": ids, "pair": [None] * 4000}, schema={"id": pl.String, "pair": pl.String})
    expected = [xxhash.xxh64(key.encode(), seed=20_240_722).intdigest() % 100 < 5 for key in ids]
    assert HELD_OUT_SEED == 20_240_722
    assert is_held_out(documents).to_list() == expected
    assert 140 < sum(expected) < 260
    assert rest_of("wiki/0") == xxhash.xxh64(b"wiki/0", seed=20_240_722).intdigest() % 100


def test_both_sides_of_a_pair_are_held_out_together() -> None:
    sides = pl.DataFrame(
        [(f"p/{n}:{side}", f"p/{n}") for n in range(300) for side in ("ar", "en")],
        schema=["id", "pair"],
        orient="row",
    )
    held = is_held_out(sides).to_numpy().reshape(300, 2)
    assert (held[:, 0] == held[:, 1]).all()
    assert held.any()


@pytest.fixture
def two_strata(shards_of: Callable[..., Path], tmp_path: Path) -> list[Path]:
    """400 documents of 4 words of news, 100 of 4 words in Egyptian."""
    rows = [(f"n/{i}", "كتاب في بيت كبير", "ar", "news", "") for i in range(400)]
    rows += [(f"e/{i}", "كتاب ازاي كده بقى", "ar", "web", "arz") for i in range(100)]
    return find_shards(str(shards_of(tmp_path / "corpus", rows)))


def test_weights_by_hand(two_strata: list[Path]) -> None:
    sample = sample_words(two_strata, Sampling(exponent=0.5), AR, starts_with_space=True)
    egyptian, news = sample.strata.sort("domain", descending=True).rows(named=True)
    assert (egyptian["dialect"], news["dialect"]) == ("arz", "")
    sizes = np.array([egyptian["words"], news["words"]])
    shares = np.sqrt(sizes) / np.sqrt(sizes).sum()
    assert sample.strata.sort("domain", descending=True)["share"].to_list() == pytest.approx(shares.tolist())
    words = {row["word"]: row for row in sample.words.rows(named=True)}
    assert words[" كتاب"]["count"] == sizes.sum() / 4
    assert words[" كتاب"]["weight"] == pytest.approx(sizes.sum() / 4)
    # a quarter of what is in the stratum, whose share of all words has become shares[0]
    assert words[" ازاي"]["weight"] == pytest.approx(shares[0] * sizes.sum() / 4)
    assert sample.words["weight"].sum() == pytest.approx(float(sizes.sum()))


def test_exponent_one_counts_as_is_and_zero_evens_out(two_strata: list[Path]) -> None:
    plain = sample_words(two_strata, Sampling(exponent=1.0), AR, starts_with_space=True)
    assert plain.words["weight"].to_list() == pytest.approx(plain.words["count"].to_list())
    even = sample_words(two_strata, Sampling(exponent=0.0), AR, starts_with_space=True)
    assert even.strata["share"].to_list() == pytest.approx([0.5, 0.5])


def test_named_weights_multiply_and_zero_leaves_out(two_strata: list[Path]) -> None:
    tripled = sample_words(
        two_strata, Sampling(exponent=0.0, weights={"dialect": {"arz": 3.0}}), AR, starts_with_space=True
    )
    assert sorted(tripled.strata["share"].to_list()) == pytest.approx([0.25, 0.75])
    without = sample_words(two_strata, Sampling(weights={"domain": {"web": 0.0}}), AR, starts_with_space=True)
    assert " ازاي" not in without.words["word"].to_list()


def test_the_size_limit_takes_a_part_of_every_stratum(shards_of: Callable[..., Path], tmp_path: Path) -> None:
    long = "كتاب " * 2000  # 10,000 characters
    rows = [(f"n/{i}", long, "ar", "news", "") for i in range(300)]
    rows += [(f"e/{i}", long, "ar", "web", "arz") for i in range(100)]
    shards = find_shards(str(shards_of(tmp_path / "corpus", rows)))
    sample = sample_words(shards, Sampling(megabytes=1, exponent=1.0), AR, starts_with_space=True)
    assert int(sample.words["count"].sum()) * 5 == pytest.approx(1_000_000, rel=0.3)


def test_held_out_documents_stop_at_their_budget_in_each_stratum(
    shards_of: Callable[..., Path], tmp_path: Path
) -> None:
    long = "كتاب " * 20_000  # 100,000 characters
    rows = [(f"n/{i}", long, "ar", "news", "") for i in range(700)] + [
        (f"e/{i}", long, "ar", "web", "arz") for i in range(60)
    ]
    held = {
        prefix: sum(rest_of(f"{prefix}/{i}") < 5 for i in range(number))
        for prefix, number in (("n", 700), ("e", 60))
    }
    shards = find_shards(str(shards_of(tmp_path / "corpus", rows)))
    found = held_out_documents(shards, Sampling(), AR, most_megabytes=2)
    assert held["n"] > 20 > held["e"]
    assert dict(found["dialect"].value_counts().iter_rows()) == {"": 20, "arz": held["e"]}


def test_a_limit_in_words_thins_all_shards_alike(shards_of: Callable[..., Path], tmp_path: Path) -> None:
    rows = [(f"n/{i}", "كتاب " * 50, "ar", "news", "") for i in range(1000)]
    shards = find_shards(str(shards_of(tmp_path / "corpus", rows)))
    strata = sample_words(shards, Sampling(), AR, starts_with_space=True).strata
    taken = pl.concat(sampled_documents(shards, Sampling(), strata, "thinned", 10_000))
    assert taken.height * 50 == pytest.approx(10_000, rel=0.25)
    places = taken["id"].str.slice(2).cast(pl.Int64)
    assert 400 < places.mean() < 600


def test_more_shards_than_a_process_may_open(shards_of: Callable[..., Path], tmp_path: Path) -> None:
    path = next((shards_of(tmp_path / "corpus", [("n/1", "كتاب", "ar", "news", "")]) / "shards").iterdir())
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))
    try:
        assert sum(frame.height for frame in read_documents([path] * 400, "many")) == 400
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_thinned_documents_keep_the_proportions(two_strata: list[Path]) -> None:
    strata, documents = weighted_documents(two_strata, Sampling(exponent=0.0), AR)
    taken = pl.concat(list(documents))
    held = int(strata["documents"].sum())
    by_dialect = dict(taken["dialect"].value_counts().iter_rows())
    assert by_dialect["arz"] == strata.filter(pl.col("dialect") == "arz")["documents"][0]
    assert by_dialect[""] == pytest.approx(by_dialect["arz"], rel=0.35)
    assert taken.height < held


def test_the_sample_has_no_held_out_word(shards_of: Callable[..., Path], tmp_path: Path) -> None:
    def name(number: int) -> str:
        return "".join("ابتثجحخدذر"[int(digit)] for digit in str(number)) + "ك"

    rows = [(f"n/{i}", f"كتاب {name(i)}", "ar", "news", "") for i in range(500)]
    shards = find_shards(str(shards_of(tmp_path / "corpus", rows)))
    sample = sample_words(shards, Sampling(), AR, starts_with_space=True)
    held = {" " + name(i) for i in range(500) if rest_of(f"n/{i}") < 5}
    assert held
    assert held.isdisjoint(sample.words["word"].to_list())
    documents = held_out_documents(shards, Sampling(), AR)
    assert {text.split()[1] for text in documents["text"].to_list()} == {word.strip() for word in held}


def test_the_curve_is_what_every_size_gives(small_base: Path, corpus_dir: Path, tmp_path: Path) -> None:
    """One cut, joins undone, against a tokenizer written for each size."""
    base: Any = load_base(str(small_base))
    shards = find_shards(str(corpus_dir))
    sample = sample_words(shards, Sampling(), AR, starts_with_space=True)
    additions = base.learn(sample.words, 130)
    documents = held_out_documents(shards, Sampling(), AR)

    def encoder(number: int) -> Any:
        directory = tmp_path / str(number)
        directory.mkdir()
        base.write(additions.first(number), 0, directory)
        return base.load(directory)

    curve = measure_curve(encoder(130), additions, base.size, documents, 25).filter(pl.col("slice") == ALL)
    assert curve["pieces"].to_list() == [0, 25, 50, 75, 100, 125, 130]
    texts = documents["text"].to_list()
    for number, taken in curve.select("pieces", "taken").iter_rows():
        encode = (
            base.encode if number == 0 else encoder(number) if number < 130 else base.load(tmp_path / "130")
        )
        assert sum(map(len, encode(texts))) == taken, number


def toy_additions() -> Additions:
    """Base a=0 b=1; ab=2; abab=3; aabab=4."""
    return Additions(
        pieces=["ab", "abab", "aabab"],
        texts=["ab", "abab", "aabab"],
        parts=[[0, 1], [2, 2], [0, 3]],
        base_ids=[[0, 1], [0, 1, 0, 1], [0, 0, 1, 0, 1]],
        roles=["learned"] * 3,
        counts=[0] * 3,
    )


def test_undone_joins_by_hand() -> None:
    # a, ab, abab, aabab: 1 + 2 + 4 + 5 letters; under "ab" 1 + 1 + 2 + 3; then 1 + 1 + 1 + 2; then four
    uses = np.array([1, 0, 1, 1, 1], np.int64)
    assert toy_additions().times_made(uses).tolist() == [1 + 2 * 2, 2, 1]
    assert taken_under(uses, toy_additions()).tolist() == [12, 7, 5, 4]


def test_choice_and_fertility_by_hand() -> None:
    curve = pl.DataFrame({"slice": ["all"] * 4, "pieces": [0, 10, 20, 30], "taken": [1000, 500, 450, 446]})
    curve = curve.with_columns(words=pl.lit(100), fertility=pl.col("taken") / 100)
    assert choose(curve, Choice(step=10, most_pieces=30, minimum_gain=0.01)) == 20
    assert choose(curve, Choice(step=10, most_pieces=30, minimum_gain=0.2)) == 10
    assert choose(curve, Choice(step=10, most_pieces=30, minimum_gain=0.001)) == 30
    # The last two save .0089, of a gain of which a fifth of a step need save a fifth only.
    short = curve.with_columns(pieces=pl.Series([0, 10, 20, 22]))
    assert choose(short, Choice(step=10, most_pieces=22, minimum_gain=0.01)) == 22
    assert choose(short, Choice(step=10, most_pieces=22, minimum_gain=0.05)) == 20
    assert fertility_rows(curve, 15) == [{"slice": "all", "words": 100, "base": 10.0, "expanded": 4.75}]
