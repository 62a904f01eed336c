"""The sampler against figures worked out by hand, a slow twin, and the promises of its plan."""

import json
import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from corpus.command_line import run
from corpus.errors import CorpusError
from corpus.mixture.__main__ import main
from corpus.mixture.plan import describe, plan, table
from corpus.mixture.sampler import budgets, capped, shares_of
from corpus.mixture.settings import GROUPS, Mixture
from corpus.mixture.sizes import Component, ShardShare, group_of, measure
from corpus.schema import SHARD_COLUMNS


def component(
    source: str, language: str, words: int, domain: str = "web", kind: str = "natural"
) -> Component:
    shard = ShardShare(path=f"shards/{source}-00000.parquet", documents=max(1, words // 100), words=words)
    return Component(source=source, language=language, domain=domain, kind=kind, shards=(shard,))


def settings(total: int = 1_000_000, **given: object) -> Mixture:
    one_each = {"corpus": "corpus", "total_tokens": total, "tokens_per_word": {"en": 1.0, "ar": 1.0}}
    return Mixture(**(one_each | given))  # type: ignore[arg-type]


def budget_of(content: dict, source: str, language: str = "") -> int:
    rows = [
        row for row in content["components"] if row["source"] == source and language in ("", row["language"])
    ]
    (row,) = rows
    return row["budget_tokens"]


# In English 300 + 100 words share .55 as 3:1. In Arabic books weigh 3 and dialogue 1, so 100 and 300 words share .225
# equally. In translated text web weighs 2 and wiki 1: 100 and 50 words share .225 as 4:1.
CORPUS = [
    component("books_ar", "ar", 100, domain="books"),
    component("chat_ar", "ar", 300, domain="dialogue"),
    component("news_en", "en", 100, domain="news"),
    component("web_en", "en", 300),
    component("web_translated", "ar", 100, kind="translated"),
    component("wiki_translated", "ar", 50, domain="encyclopedia", kind="translated"),
]


def test_weight_is_share_times_domain_weight_times_size() -> None:
    content = describe(CORPUS, settings())
    assert {row["source"]: row["budget_tokens"] for row in content["components"]} == {
        "web_en": 412_500,
        "news_en": 137_500,
        "books_ar": 112_500,
        "chat_ar": 112_500,
        "web_translated": 180_000,
        "wiki_translated": 45_000,
    }


def test_epochs_are_budget_over_size_and_many_are_marked() -> None:
    content = describe(CORPUS, settings(total=2000))
    epochs = {row["source"]: (row["epochs"], row["repeated"]) for row in content["components"]}
    # books: 2,000 x .225 / 2 = 225 tokens of 100 words; wiki: 2,000 x .225 / 5 = 90 of 50.
    assert epochs["books_ar"] == (2.25, False)
    assert epochs["wiki_translated"] == (1.8, False)
    assert epochs["web_translated"] == (3.6, False)
    assert content["notes"] == []
    longer = describe(CORPUS, settings(total=2228))
    assert [row["source"] for row in longer["components"] if row["repeated"]] == ["web_translated"]
    (note,) = longer["notes"]
    assert note.startswith("web_translated (ar, web) would be read 4.0 times, more than 4")


def test_tokens_per_word_scales_the_size_of_a_language_but_not_its_share() -> None:
    content = describe(CORPUS, settings(total=2000, tokens_per_word={"en": 1.5, "ar": 2.0}))
    rows = {row["source"]: row for row in content["components"]}
    assert rows["web_en"]["tokens"] == 450
    assert rows["books_ar"]["tokens"] == 200
    assert rows["books_ar"]["epochs"] == 1.125
    assert sum(row["budget_tokens"] for row in rows.values() if row["language"] == "en") == 1100


def test_without_translated_text_arabic_takes_its_share() -> None:
    content = describe(CORPUS[:4], settings(total=400))
    assert content["shares"] == {"english": 0.55, "arabic": 0.45}
    assert budget_of(content, "books_ar") == 90
    (note,) = content["notes"]
    assert (
        note
        == "no text of group translated_arabic: its share of 0.225 went to the other group of its language"
    )


def test_renormalize_gives_a_missing_share_to_all_others() -> None:
    content = describe(CORPUS[:4], settings(missing="renormalize"))
    assert content["shares"] == {"english": 0.55 / 0.775, "arabic": 0.225 / 0.775}


@pytest.mark.parametrize(
    ("components", "missing"),
    [(CORPUS[:4], "refuse"), (CORPUS[:2] + CORPUS[4:], "same_language"), ([], "renormalize")],
)
def test_a_missing_group_that_cannot_be_replaced_is_refused(
    components: list[Component], missing: str
) -> None:
    with pytest.raises(CorpusError, match="the corpus has no text of group"):
        describe(components, settings(missing=missing))


def test_a_cap_moves_text_to_the_rest_of_the_group() -> None:
    # Two epochs bind nobody: 112.5 each; four components end in a half, and the first two get the two tokens left.
    content = describe(CORPUS, settings(total=1000, maximum_epochs=2.0))
    assert (budget_of(content, "books_ar"), budget_of(content, "chat_ar")) == (113, 113)
    fuller = settings(
        total=1000, maximum_epochs=1.0, shares={"english": 0.4, "arabic": 0.225, "translated_arabic": 0.375}
    )
    with pytest.raises(
        CorpusError, match="translated_arabic holds 150 tokens, too few for its share of 375 within 1"
    ):
        describe(CORPUS, fuller)
    capped_plan = describe(
        CORPUS, settings(total=600, maximum_epochs=1.0, domain_weights={"arabic": {"books": 9.0}})
    )
    # 135 Arabic tokens by 9 x 100 : 300 would be 101.25 : 33.75.
    assert budget_of(capped_plan, "books_ar") == 100
    assert budget_of(capped_plan, "chat_ar") == 35


def test_the_total_that_a_refusal_names_is_the_greatest_that_works() -> None:
    # English is enough for 400 / .55 = 727 tokens, Arabic for 400 / .225, translated for 150 / .225 = 666.
    with pytest.raises(CorpusError, match="lower total_tokens to at most 666,"):
        describe(CORPUS, settings(total=700, maximum_epochs=1.0))
    assert (
        sum(
            row["budget_tokens"]
            for row in describe(CORPUS, settings(total=666, maximum_epochs=1.0))["components"]
        )
        == 666
    )


def test_parallel_text_counts_on_both_sides_and_a_source_can_say_where() -> None:
    sides = [component("ntrex", "en", 10, kind="parallel"), component("ntrex", "ar", 10, kind="parallel")]
    assert [group_of(side, {}) for side in sides] == ["english", "translated_arabic"]
    assert [group_of(side, {"ntrex": "arabic"}) for side in sides] == ["english", "arabic"]
    assert group_of(component("x", "und", 10), {"x": "arabic"}) is None


def test_languages_without_a_group_are_named_and_left_out() -> None:
    content = describe([*CORPUS, component("other", "und", 900)], settings(total=1000))
    assert "other" not in {row["source"] for row in content["components"]}
    assert content["notes"] == [
        "other (und, web, natural) is left out, 9 documents: the mixture has no group of its language"
    ]


def test_a_weight_of_zero_leaves_a_domain_out() -> None:
    content = describe(CORPUS, settings(domain_weights={"arabic": {"dialogue": 0.0}}))
    assert budget_of(content, "chat_ar") == 0
    assert budget_of(content, "books_ar") == 225_000


def test_a_group_without_a_share_is_not_read() -> None:
    content = describe(CORPUS, settings(total=1000, shares={"english": 0.55, "arabic": 0.45}))
    assert {row["budget_tokens"] for row in content["components"] if row["group"] == "translated_arabic"} == {
        0
    }
    assert content["notes"] == ["group translated_arabic has no share, its text is not read"]


def test_a_group_that_was_misspelled_is_named() -> None:
    with pytest.raises(CorpusError, match="groups names source 'ntrx'"):
        describe(CORPUS, settings(groups={"ntrx": "arabic"}))


@pytest.mark.parametrize(
    ("given_settings", "message"),
    [
        ({"shares": {"english": 0.5, "arabic": 0.4}}, "shares must add up to 1, got 0.9"),
        (
            {"shares": {"french": 1.0}},
            "shares must name groups out of english, arabic, translated_arabic, bilingual, got 'french'",
        ),
        ({"total": 0}, "total_tokens must be at least 1, got 0"),
        (
            {"domain_weights": {"arabic": {"web": -1.0}}},
            "domain_weights of arabic web must be a number of at least 0",
        ),
        ({"tokens_per_word": {"en": 1.0}}, "tokens_per_word must give a number above 0 for ar, got None"),
        ({"maximum_epochs": math.inf}, "maximum_epochs must be a number of at least 0, got inf"),
        ({"output": "plan.txt"}, "output must end in .yaml, .yml or .json"),
        ({"groups": {"wiki": "web"}}, "groups must name groups out of"),
    ],
)
def test_settings_say_what_is_wrong(given_settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        settings(**given_settings)  # type: ignore[arg-type]


def bisected(amount: float, weights: list[int], limits: list[int]) -> list[float]:
    """Slow twin of water-filling: search for the level at which everyone's min(limit, level x weight) adds up."""
    low, high = 0.0, max(limit / weight for limit, weight in zip(limits, weights, strict=True))
    for _ in range(200):
        level = (low + high) / 2
        filled = sum(min(limit, level * weight) for limit, weight in zip(limits, weights, strict=True))
        low, high = (level, high) if filled < amount else (low, level)
    return [min(limit, high * weight) for limit, weight in zip(limits, weights, strict=True)]


@given(
    st.lists(st.tuples(st.integers(1, 50), st.integers(1, 1000)), min_size=1, max_size=8),
    st.fractions(0, 1, max_denominator=97),
)
def test_water_filling_matches_its_slow_twin(pairs: list[tuple[int, int]], part: Fraction) -> None:
    weights, limits = [list(side) for side in zip(*pairs, strict=True)]
    amount = part * sum(limits)
    parts = capped(amount, [Fraction(weight) for weight in weights], [Fraction(limit) for limit in limits])
    assert sum(parts) == amount
    assert all(0 <= filled <= limit for filled, limit in zip(parts, limits, strict=True))
    assert [float(filled) for filled in parts] == pytest.approx(
        bisected(float(amount), weights, limits), abs=1e-6
    )


@given(st.integers(1, 10**15), st.lists(st.integers(0, 1000), min_size=1, max_size=12).filter(any))
def test_budgets_add_up_and_are_within_one_token_of_the_ideal(total: int, weights: list[int]) -> None:
    probabilities = [Fraction(weight, sum(weights)) for weight in weights]
    amounts = budgets(total, probabilities)
    assert sum(amounts) == total
    assert all(abs(amount - total * p) < 1 for amount, p in zip(amounts, probabilities, strict=True))
    assert all(amount == 0 for amount, p in zip(amounts, probabilities, strict=True) if p == 0)


@given(st.sets(st.sampled_from(GROUPS[:3]), min_size=1), st.sampled_from(["renormalize", "same_language"]))
def test_shares_always_add_up_to_one(present: set, missing: str) -> None:
    try:
        shares = shares_of(present, settings(missing=missing))
    except CorpusError:
        assert missing == "same_language"
        return
    assert sum(shares.values()) == 1
    assert shares.keys() == present


def test_thirds_that_decimals_cannot_write_still_add_up() -> None:
    third = 1 / 3
    uneven = settings(shares={"english": third, "arabic": third, "translated_arabic": third})
    assert sum(row["budget_tokens"] for row in describe(CORPUS, uneven)["components"]) == 1_000_000


@given(st.lists(st.integers(1, 10**9), min_size=6, max_size=6), st.integers(1, 10**13))
def test_plans_keep_the_shares_and_grow_with_the_size(words: list[int], total: int) -> None:
    resized = [
        replace(each, shards=(replace(each.shards[0], words=count),))
        for each, count in zip(CORPUS, words, strict=True)
    ]
    rows = describe(resized, settings(total=total))["components"]
    assert sum(row["budget_tokens"] for row in rows) == total
    assert math.fsum(row["probability"] for row in rows) == pytest.approx(1, abs=1e-12)
    english = math.fsum(row["probability"] for row in rows if row["group"] == "english")
    assert english == pytest.approx(0.55, abs=1e-12)


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A corpus of two shards, one of which holds both sides of pairs and two domains."""
    rows = [
        ("wiki", "en", "encyclopedia", "natural", 60),
        ("pairs", "en", "news", "parallel", 5),
        ("pairs", "ar", "news", "parallel", 4),
        ("pairs", "ar", "books", "parallel", 7),
        ("wiki", "ar", "encyclopedia", "natural", 30),
        ("wiki", "en", "encyclopedia", "natural", 40),
    ]
    shards = []
    for source in ("wiki", "pairs"):
        held = [row for row in rows if row[0] == source]
        frame = pl.DataFrame(held, schema=["source", "language", "domain", "kind", "words"], orient="row")
        others = {name: pl.lit(None, kind).alias(name) for name, kind in SHARD_COLUMNS.items()}
        path = tmp_path / "shards" / f"{source}-00000.parquet"
        path.parent.mkdir(exist_ok=True)
        frame.select(
            *(name if name in frame.columns else others[name] for name in SHARD_COLUMNS)
        ).write_parquet(path)
        words = sum(row[4] for row in held)
        shards.append(
            {"path": f"shards/{path.name}", "source": source, "documents": len(held), "words": words}
        )
    (tmp_path / "manifest.json").write_text(json.dumps({"shards": shards}))
    return tmp_path


def test_sizes_are_told_apart_within_a_shard(built: Path) -> None:
    components, digest = measure(built)
    assert [(c.source, c.language, c.domain, c.documents, c.words) for c in components] == [
        ("pairs", "ar", "books", 1, 7),
        ("pairs", "ar", "news", 1, 4),
        ("pairs", "en", "news", 1, 5),
        ("wiki", "ar", "encyclopedia", 1, 30),
        ("wiki", "en", "encyclopedia", 2, 100),
    ]
    assert len(digest) == 64


def test_shards_that_are_not_the_manifests_are_refused(built: Path) -> None:
    manifest = json.loads((built / "manifest.json").read_text())
    manifest["shards"][0]["words"] += 1
    (built / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(
        CorpusError, match=r"wiki-00000\.parquet: holds 130 words where the manifest says 131"
    ):
        measure(built)
    (built / manifest["shards"][0]["path"]).write_bytes(b"not parquet")
    with pytest.raises(CorpusError, match="the shard cannot be read"):
        measure(built)


@pytest.mark.parametrize("content", ["{", "[]", '{"shards": null}'])
def test_a_broken_manifest_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(CorpusError, match="not a corpus manifest"):
        measure(tmp_path)


def test_the_command_writes_what_it_prints_and_the_same_each_time(
    built: Path, capsys: pytest.CaptureFixture
) -> None:
    arguments = [f"--corpus={built}", "--total_tokens=1000", "--tokens_per_word.ar=2"]
    with pytest.raises(SystemExit) as stopped:
        run(main, Mixture, "corpus.mixture", arguments)
    assert stopped.value.code == 0
    printed = capsys.readouterr().out
    written = (built / "mixture.yaml").read_text()
    content = yaml.safe_load(written)
    assert content == plan(
        Mixture(corpus=str(built), total_tokens=1000, tokens_per_word={"en": 1.29, "ar": 2.0})
    )
    assert table(content) in printed
    assert content["components"][0]["shards"] == [
        {"path": "shards/wiki-00000.parquet", "documents": 2, "words": 100, "tokens": 129}
    ]
    with pytest.raises(SystemExit):
        run(main, Mixture, "corpus.mixture", arguments)
    assert (built / "mixture.yaml").read_text() == written
    with pytest.raises(SystemExit):
        run(main, Mixture, "corpus.mixture", [*arguments, f"--output={built}/plan.json"])
    assert json.loads((built / "plan.json").read_text()) == content


def test_a_mistake_ends_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(main, Mixture, "corpus.mixture", [f"--corpus={tmp_path}", "--total_tokens=1000"])
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "no manifest.json: give the output_dir of a build that has finished" in line
