"""The experiment on parallel text: what it reads, what it asks of models, how it compares, and a whole small one."""

import itertools
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import sacrebleu

from corpus.command_line import parse
from corpus.errors import CorpusError
from corpus.pair_documents import PairDocuments
from corpus.pipeline.atomic import read_json, sha256_of, write_json
from experiments import origin
from experiments.bridge import facts
from experiments.bridge.__main__ import summary
from experiments.bridge.legs import START
from experiments.bridge.mixtures import byte_shares
from experiments.bridge.pairs import for_training, held_out, paired, unpaired
from experiments.bridge.recall import CHANCE, ask, credit
from experiments.bridge.retrieval import best_layer, both_ways, hits, lexical
from experiments.bridge.run import run
from experiments.bridge.settings import Bridge, Continued, Measures, Texts
from experiments.bridge.tables import results
from experiments.bridge.texts import EXAMPLES, HELD_OUT, make_texts
from experiments.bridge.translation import chrf_of, chrf_statistics, opening, read_from_source
from experiments.bridge.wording import findings
from experiments.errors import ExperimentError
from experiments.made_texts import as_shard, write_shard
from experiments.settings import Stage1
from experiments.worker import is_finished
from nemo_recipes.data.settings import Data
from nemo_recipes.data.split import validation_mask
from nemo_recipes.pretrain_config import Model, PretrainConfig, Shape, Training

ROOT = Path(__file__).resolve().parents[2]
DEMO = str(ROOT / "experiments/bridge/demo.yaml")


@pytest.fixture(scope="module")
def corpus(corpus_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small corpus with sources that its manifest names."""
    directory = tmp_path_factory.mktemp("bridge") / "corpus"
    shutil.copytree(corpus_dir, directory)
    sources = [{"name": name} for name in ("news", "pairs", "wiki")]
    manifest = read_json(directory / "manifest.json") | {"config": {"sources": sources}}
    write_json(directory / "manifest.json", manifest)
    return directory


@pytest.fixture(scope="module")
def texts(corpus: Path, tokenizers: tuple[Path, Path]) -> Texts:
    base, expanded = tokenizers
    return Texts(
        corpus=str(corpus),
        base_tokenizer=str(base),
        tokenizer=str(expanded),
        validation_share=0.3,
        validation_megabytes=0.001,
        document_words=60,
        companies=4,
        fact_documents=2,
        sequence_length=96,
    )


@pytest.fixture(scope="module")
def made(texts: Texts, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("made") / "texts"
    make_texts(texts, output)
    return output


def shards(directory: Path) -> pl.DataFrame:
    return pl.concat(pl.read_parquet(path) for path in sorted((directory / "shards").glob("*.parquet")))


# What is read.


def test_all_that_is_made_is_trained_on_and_no_held_out_pair_is_in_it(made: Path, texts: Texts) -> None:
    whole = shards(made)
    added = whole.filter(~pl.col("source").is_in(["news", "wiki"]))
    nobody = pl.Series([None] * added.height, dtype=pl.String)
    assert not validation_mask(added["id"], nobody, texts.validation_share).any()
    held = pl.read_parquet(made / HELD_OUT)
    assert held.height > 50
    for row in held.iter_rows(named=True):
        assert not whole["text"].str.contains(row["en"], literal=True).any()
        assert not whole["text"].str.contains(row["ar"], literal=True).any()
    assert not set(pl.read_parquet(made / EXAMPLES)["pair"]) & set(held["pair"])


def pairs_of_words(count: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "pair": [f"p{number}" for number in range(count)],
            "en": [f"ship {number} sails." for number in range(count)],
            "ar": [f"سفينة {number} تبحر." for number in range(count)],
            "words": [6] * count,
            "domain": ["sea"] * count,
            "kind": ["parallel"] * count,
            "url": [""] * count,
            "license": ["CC0"] * count,
        }
    )


def test_paired_and_unpaired_documents_hold_the_same_texts() -> None:
    pairs = pairs_of_words(60)
    how = PairDocuments(
        corpus="x", output_dir="y", document_words=24, formats={"translation": 0.5, "document_pairs": 0.5}
    )
    together = pl.concat(paired(pairs, how, closed=False).values())
    apart = unpaired(pairs, how)
    for row in pairs.iter_rows(named=True):
        both = together.filter(pl.col("text").str.contains(row["en"], literal=True))
        assert both.height == 1
        assert row["ar"] in both["text"][0]
        for language in ("en", "ar"):
            alone = apart.filter(pl.col("text").str.contains(row[language], literal=True))
            assert alone["language"].to_list() == [language]
    assert set(apart.filter(language="ar")["kind"]) == {"translated"}
    assert set(apart.filter(language="en")["kind"]) == {"natural"}
    assert together["id"].is_unique().all()
    assert apart["id"].is_unique().all()


def test_of_closed_sources_no_instruction_is_made() -> None:
    how = PairDocuments(corpus="x", output_dir="y", document_words=24)
    assert set(paired(pairs_of_words(20), how, closed=True)) == {"document_pairs"}
    assert "translation" in paired(pairs_of_words(20), how, closed=False)


def test_a_held_out_pair_shares_neither_side_with_training() -> None:
    """Pairs with one English text in common, each alone in Arabic: those that are held out are not used."""
    pairs = pairs_of_words(100).with_columns(en=pl.lit("The Ship"))
    training, held = held_out([pairs], 0.5)
    assert 20 < training[0].height < 80
    assert held.height == 0
    _, held = held_out([pairs_of_words(100)], 0.5)
    assert held.height == 100 - training[0].height


def test_ids_are_marked_until_they_are_trained_on() -> None:
    ids = pl.Series([str(number) for number in range(200)])
    marked = for_training(ids, 0.5)
    nobody = pl.Series([None] * 200, dtype=pl.String)
    assert not validation_mask(marked, nobody, 0.5).any()
    assert marked.str.strip_chars_end("~").to_list() == ids.to_list()
    assert marked.n_unique() == 200


def test_texts_of_other_settings_are_not_taken(made: Path, texts: Texts) -> None:
    with pytest.raises(ExperimentError, match="choose another output_dir"):
        make_texts(replace(texts, seed=9), made)


def test_weights_of_unknown_sources_are_refused(texts: Texts, tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match="pair_weights names 'nobody'"):
        make_texts(replace(texts, pair_weights={"nobody": 1.0}), tmp_path / "texts")


def test_a_corpus_without_pairs_to_ask_about_is_refused(corpus: Path, texts: Texts, tmp_path: Path) -> None:
    closed = tmp_path / "corpus"
    shutil.copytree(corpus, closed)
    sources = [{"name": "news"}, {"name": "pairs", "examples": False}, {"name": "wiki"}]
    write_json(
        closed / "manifest.json", read_json(closed / "manifest.json") | {"config": {"sources": sources}}
    )
    with pytest.raises(ExperimentError, match="0 held-out pairs of sources that prompts may be made of"):
        make_texts(replace(texts, corpus=str(closed)), tmp_path / "texts")


def test_legs_have_the_same_languages_and_facts_and_differ_in_the_pairs_alone(
    made: Path, texts: Texts
) -> None:
    manifest = read_json(made / "manifest.json")
    shares = byte_shares(texts, made, manifest)
    arabic = {
        (part["source"], part["language"], part["domain"]): part["arabic"] for part in manifest["parts"]
    }
    for leg in ("d", "f", "g"):
        parts = shares[leg]
        assert sum(parts.values()) == pytest.approx(1)
        of_arabic = sum(share * arabic.get(part, float(part[1] == "ar")) for part, share in parts.items())
        assert of_arabic == pytest.approx(1 - texts.english_share)
        told = sum(share for part, share in parts.items() if part[0] == facts.SOURCE)
        assert told == pytest.approx(texts.fact_share)
        of_pairs = {part: share for part, share in parts.items() if part[0].startswith("pairs")}
        assert sum(of_pairs.values()) == pytest.approx(0 if leg == "d" else texts.pair_share)
        if leg != "d":
            assert all((name == "pairs.unpaired") == (leg == "g") for name, _, _ in of_pairs)
    assert {part[1] for part in shares["english"]} == {"en"}


def test_a_translated_corpus_takes_the_place_of_unpaired_texts(texts: Texts, tmp_path: Path) -> None:
    translated = tmp_path / "translated"
    frame = pl.DataFrame(
        {"id": ["a", "b"], "text": ["نص مترجم", "نص آخر"], "language": ["ar", "ar"], "domain": ["web", "web"],
         "license": ["CC0", "CC0"], "kind": ["translated", "translated"], "source": ["wiki.translated"] * 2,
         "words": [2, 2]}
    )  # fmt: skip
    (translated / "shards").mkdir(parents=True)
    frame.write_parquet(translated / "shards/one.parquet")
    shard = {"path": "shards/one.parquet", "source": "wiki.translated", "documents": 2, "words": 4}
    write_json(translated / "manifest.json", {"shards": [shard], "config": {"sources": []}})
    given = replace(texts, translated=str(translated))
    manifest = make_texts(given, tmp_path / "texts")
    shares = byte_shares(given, tmp_path / "texts", manifest)
    assert shares["g"]["wiki.translated.given", "ar", "web"] == pytest.approx(texts.pair_share)
    assert not any(part[0] == "pairs.unpaired" for part in shares["g"])
    assert not any(part[0].endswith(".given") for part in shares["f"])


def test_translations_of_held_out_documents_are_not_trained_on(texts: Texts, tmp_path: Path) -> None:
    """A translation has an id of its own; what is held out goes by the original's, or by its pair's."""
    originals = pl.Series([f"wiki-{number:03d}" for number in range(300)])
    pairs = pl.Series(["one pair" if number % 3 == 0 else None for number in range(300)])
    held = validation_mask(originals, pairs, texts.validation_share)
    assert held[1:].any()
    frame = as_shard(
        pl.DataFrame({"id": originals + "#ar", "pair": pairs, "text": "نص " + originals}).with_columns(
            language=pl.lit("ar"), domain=pl.lit("web"), license=pl.lit("CC0"), kind=pl.lit("translated")
        )
    ).with_columns(original=originals)
    translated = tmp_path / "translated"
    shard = write_shard(translated, "shards/one.parquet", frame, "wiki.translated")
    write_json(translated / "manifest.json", {"shards": [shard], "config": {"sources": []}})
    make_texts(replace(texts, translated=str(translated)), tmp_path / "texts")
    written = pl.read_parquet(tmp_path / "texts/shards/wiki.translated.given-00000.parquet")
    assert written["text"].to_list() == frame["text"].filter(~pl.Series(held)).to_list()


# Facts.


def test_facts_are_told_in_one_language_and_their_values_come_about_as_often() -> None:
    told = facts.make_facts(12, seed=4)
    assert told == facts.make_facts(12, seed=4)
    assert len({fact.name for fact in told}) == 36
    for group, (relation, content) in itertools.product(facts.TOLD, facts.relations().items()):
        values = [fact.value for fact in told if (fact.told, fact.relation) == (group, relation)]
        counts = np.bincount(values, minlength=len(content["values"]))
        taken = counts[counts > 0]
        assert len(taken) == min(12, len(content["values"]))
        assert taken.max() - taken.min() <= 1
        assert set(values) == {fact.value for fact in told if fact.relation == relation}
    documents = facts.fact_documents(told, 3, seed=4)
    assert documents.height == 24 * 3
    for name, group in {(fact.name, fact.told) for fact in told}:
        languages = (
            documents.filter(pl.col("text").str.contains(rf"\b{name}\b"))["language"].unique().to_list()
        )
        assert languages == ([] if group == facts.UNSEEN else [group])


def test_every_wording_ends_in_its_value() -> None:
    for content in facts.relations().values():
        for language in facts.LANGUAGES:
            assert all(wording.endswith("{value}.") and "{name}" in wording for wording in content[language])


def test_credit_over_all_orders_is_chance() -> None:
    """Of five values, each rank of the right one as often: (1 + C(3,3)/C(4,3)) / 5 = 1/4."""
    scores = np.array(list(itertools.permutations([0.0, 1, 2, 3, 4])))
    earned = credit(scores, np.zeros(len(scores), np.int64))
    assert set(earned.round(6)) == {0.0, 0.25, 1.0}
    assert earned.mean() == pytest.approx(CHANCE)


class Knowing:
    """Knows what a language tells when it is asked in that, and of other names which values it tells of at all."""

    def __init__(self, told: list[facts.Fact], seed: int) -> None:
        self.draw = np.random.default_rng(seed)
        self.asked = {facts.opening(fact, each): (fact, each) for fact in told for each in facts.LANGUAGES}
        self.told = {
            (fact.relation, fact.told, facts.values(fact.relation, fact.told)[fact.value])
            for fact in told
            if fact.told != facts.UNSEEN
        }

    def bits(self, pairs: list[tuple[str, str]]) -> Any:
        found = []
        for question, option in pairs:
            fact, language = self.asked[question]
            if fact.told == language:
                known = facts.values(fact.relation, language)[fact.value] == option.strip()
                found.append(0.1 if known else 6.0)
            else:
                heard_of = (fact.relation, language, option.strip()) in self.told
                found.append((2.0 if heard_of else 12.0) + self.draw.normal())
        return np.array(found)


def test_knowing_what_each_language_tells_is_chance_in_the_other() -> None:
    """Four companies of each kind, three relations, 20 draws: a share of 240 items is off by .03 at one sigma."""
    earned: dict[tuple[str, str], list[Any]] = {}
    for seed in range(20):
        told = facts.make_facts(4, seed)
        for key, found in ask(Knowing(told, seed), told).items():  # type: ignore[arg-type]
            earned.setdefault(key, []).append(found)
    for (told_in, asked_in), each in earned.items():
        expected = 1.0 if told_in == asked_in else CHANCE
        assert np.concatenate(each).mean() == pytest.approx(expected, abs=0.09), (told_in, asked_in)


# Retrieval.


def drawn(count: int, width: int = 16, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32)


def test_what_is_the_same_in_both_languages_is_found_even_where_languages_lie_apart() -> None:
    texts = drawn(60)
    away = texts + 50.0
    assert [ways.mean() for ways in both_ways(texts, away, 10)] == [1.0, 1.0]
    assert [ways.mean() for ways in both_ways(texts, -away, 10)] == [0.0, 0.0]


def test_random_representations_find_as_much_as_chance() -> None:
    """1,000 questions among 10 each: 100 right, give or take three times the root of 90."""
    found = sum(
        sum(ways.sum() for ways in both_ways(drawn(10, seed=seed), drawn(10, seed=seed + 1000), 3))
        for seed in range(50)
    )
    assert 70 < found < 130


def test_the_layer_with_most_hits_is_chosen() -> None:
    left, noise = drawn(40), drawn(40, seed=5)
    layers = np.stack([noise, left, noise])
    assert best_layer(np.stack([left, left, left]), layers, 5) == 1


def test_hubness_is_corrected_by_hand() -> None:
    """The first right text is near all left ones (.9, .8); only CSLS gives the second left text its own."""
    cosines = np.array([[0.9, 0.1], [0.8, 0.7]])
    from experiments.bridge.retrieval import csls

    assert hits(cosines).tolist() == [1.0, 0.0]
    # Nearest neighbors: rows .9, .8; columns .9, .7. Second row: 1.6 - .8 - .9 = -.1; 1.4 - .8 - .7 = -.1.
    assert csls(cosines, 1)[1] == pytest.approx([-0.1, -0.1])


def test_numbers_and_latin_words_find_texts_without_a_model() -> None:
    english = ["born in 1990", "uses polars", "nothing here", "costs 12"]
    arabic = ["ولد عام ١٩٩٠", "يستعمل polars", "لا شيء", "بسعر 12"]
    found = hits(lexical(english, arabic))
    assert found.tolist() == [1.0, 1.0, 0.25, 1.0]


# Translation and reading.


def test_sums_of_counts_are_sacrebleus_score() -> None:
    said, wanted = ["the cat sat", "a dog"], ["the cat sat down", "a dog ran"]
    metric = sacrebleu.CHRF(word_order=2)
    assert chrf_of(chrf_statistics(said, wanted).sum(0)) == pytest.approx(
        metric.corpus_score(said, [wanted]).score
    )
    assert chrf_of(chrf_statistics(wanted, wanted).sum(0)) == pytest.approx(100)


class PlantedReader:
    """Takes 8 bits for a target where the last source is its own, else 24."""

    def __init__(self, right: dict[str, str]) -> None:
        self.right = right

    def fits(self, before: str, target: str) -> bool:
        return "long" not in before

    def bits(self, pairs: Sequence[tuple[str, str]]) -> Any:
        own = [
            before.rsplit("English: ", 1)[1].split("\n")[0] == self.right[target] for before, target in pairs
        ]
        return np.where(own, 8.0, 24.0)


def test_what_is_read_from_the_source_is_what_another_source_costs_more() -> None:
    pairs = [(f"w{number}", "شيء" + str(number)) for number in range(6)]
    reader: Any = PlantedReader({target: source for source, target in pairs})
    rows = read_from_source(reader, pairs, "en-ar", [("w9", "x")], seed=1)
    assert rows[:, 0].tolist() == [16.0] * 6
    assert rows[:, 1].tolist() == [7.0] * 6  # three letters of two bytes and a digit
    blind: Any = PlantedReader(dict.fromkeys((target for _, target in pairs), ""))
    assert read_from_source(blind, pairs, "en-ar", [], seed=1)[:, 0].tolist() == [0.0] * 6
    # A source that does not fit takes out its own item and the one that it was shuffled to.
    longer = [("long", "y"), *pairs]
    reader.right["y"] = "long"
    assert len(read_from_source(reader, longer, "en-ar", [], seed=1)) == 5


def test_the_prompt_is_a_translation_document_up_to_its_target() -> None:
    from corpus.pair_documents.formats import make

    pairs = pairs_of_words(3).with_columns(bundle=pl.lit(0, pl.Int64)).select("bundle", "pair", "en", "ar")
    choices = pl.DataFrame({"bundle": [0], "number": [2]})  # the second template, out of English
    how = PairDocuments(corpus="x", output_dir="y")
    text = make("translation", pairs, choices, how)["text"][0]
    rows = list(pairs.select("en", "ar").iter_rows())
    assert text == opening(rows[2][0], "en-ar", rows[:2]) + rows[2][1]


# The model that is asked.


@pytest.fixture(scope="module")
def reader(tokenizers: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Any:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from experiments.bridge.reading import Reader

    torch.manual_seed(0)
    directory = tmp_path_factory.mktemp("model")
    config = LlamaConfig(
        vocab_size=400, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        max_position_embeddings=128, tie_word_embeddings=True,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(directory)
    return Reader(directory, tokenizers[1], "", longest=128, device="cpu", batch=4)


@pytest.mark.usefixtures("one_thread")
def test_bits_states_and_continuations_are_those_of_one_text_at_a_time(reader: Any) -> None:
    import torch

    pairs = [("the city", " of"), ("a market opened", " today in the city"), ("المدينة", " كبيرة")]
    bits = reader.bits(pairs)
    texts = ["the modern city", "the", "كتاب"]
    states = reader.states(texts)
    assert states.shape == (3, 3, 32)
    with torch.no_grad():
        for number, (before, after) in enumerate(pairs):
            ids = reader.ids(before + after)
            start = len(reader.ids(before))
            logs = torch.log_softmax(reader.model(torch.tensor([ids])).logits[0].double(), -1)
            slow = -sum(float(logs[place - 1, ids[place]]) for place in range(start, len(ids))) / np.log(2)
            assert bits[number] == pytest.approx(slow, rel=1e-4)
        for number, text in enumerate(texts):
            hidden = reader.model(torch.tensor([reader.ids(text)]), output_hidden_states=True).hidden_states
            slow_states = torch.stack([layer[0, 1:].mean(0) for layer in hidden]).numpy()
            np.testing.assert_allclose(states[:, number], slow_states, atol=1e-4)
        said = reader.continued(["the city", "a market opened"], 3)
        ids = reader.ids("the city")
        for _ in range(3):
            ids.append(int(reader.model(torch.tensor([ids])).logits[0, -1].argmax()))
        assert said[0] == reader.cut.decode(ids)[len("the city") :].strip().split("\n")[0].strip()


@pytest.mark.usefixtures("one_thread")
def test_a_model_that_learned_facts_knows_them_and_those_alone(reader: Any) -> None:
    """A small model learns what English tells: it knows that in English, and nothing of companies never told of."""
    import torch

    told = facts.make_facts(4, seed=2)
    sentences = [facts.sentence(fact, "en") for fact in told if fact.told == "en"]
    encoded = [reader.ids(text) for text in sentences]
    before = ask(reader, told)
    ids, mask = reader._padded(encoded)
    labels = ids.masked_fill(mask == 0, -100)
    optimizer = torch.optim.Adam(reader.model.parameters(), lr=0.01)
    for _ in range(120):
        loss = reader.model(input_ids=ids, attention_mask=mask, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    after = ask(reader, told)
    assert after["en", "en"].mean() > 0.9
    assert after["en", "en"].mean() > before["en", "en"].mean() + 0.3
    assert after[facts.UNSEEN, "en"].mean() < 0.6
    assert len(after["en", "ar"]) == 12


# Figures.


def planted(shift: dict[str, float], seeds: Sequence[int] = (1, 2, 3)) -> dict[str, Any]:
    """Legs whose facts are right as often as planted, the same items for all."""
    answers: dict[str, dict[int, dict[str, Any]]] = {}
    for leg, share in shift.items():
        answers[leg] = {}
        for seed in seeds:
            right = np.zeros(400)
            right[: int(400 * share) + seed] = 1
            rows = np.stack([np.random.default_rng(7).permutation(right), np.ones(400)], axis=1).tolist()
            answers[leg][seed] = {"measures": {"facts en ar": rows, "reading pairs en-ar": rows}}
    return results(answers, resamples=200, draw_seed=1)


def test_planted_differences_are_found_and_those_that_are_not_there_are_not() -> None:
    found = planted({START: 0.25, "d": 0.25, "f": 0.6, "g": 0.25})
    rows = {(row["measure"], row["first"], row["second"]): row for row in found["comparisons"]}
    one = rows["facts en ar", "f", "d"]
    assert one["mean"] == pytest.approx(0.35)
    assert one["low"] > 0.28
    assert one["p_holm"] < 0.05
    none = rows["facts en ar", "g", "d"]
    assert (none["mean"], none["low"], none["high"], none["p_holm"]) == (0, 0, 0, 1.0)
    leg = found["measures"]["facts en ar"]["legs"]["f"]
    assert leg["by_seed"] == pytest.approx([241 / 400, 242 / 400, 243 / 400])
    # Three rates of about .6 over the same 400 items: the interval over items is about 1.96 x sqrt(.24 / 400) a side.
    assert leg["high"] - leg["low"] == pytest.approx(2 * 1.96 * np.sqrt(0.24 / 400), rel=0.25)


def test_models_that_were_asked_different_things_are_not_compared() -> None:
    answers = {
        START: {1: {"measures": {"facts en ar": [[1.0, 1.0]]}}},
        "d": {1: {"measures": {"facts en ar": [[1.0, 1.0], [0.0, 1.0]]}}},
    }
    with pytest.raises(ExperimentError, match="asked different things"):
        results(answers, resamples=100, draw_seed=1)


# Settings.


def test_the_config_is_read() -> None:
    settings = parse(Bridge, "test", ["--config", DEMO])
    assert settings.legs == ["d", "f", "g"]
    assert not settings.measures.news
    assert settings.continued.tokens == 240 * 4 * 256


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("legs=[a]", "legs must be different letters out of d, f, g"),
        ("seeds=[1, 1]", "seeds must be different numbers"),
        ("texts.formats={monolingual: 1.0}", "formats must name formats of both languages"),
        ("texts.formats={translation: 0.5}", "formats must add up to 1"),
        ("texts.pair_share=0", "pair_share must be above 0"),
        ("texts.pair_weights={names: 0}", "at least one source a weight above 0"),
        ("texts.companies=3", "companies must be at least 4"),
        ("continued.tokens=0", "token_budget"),
        ("measures.translations=0", "translations must be at least 2"),
        ("checkpoint=somewhere", "give stage1"),
    ],
)
def test_settings_that_cannot_work_are_refused(setting: str, message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        parse(Bridge, "test", ["--config", DEMO, f"--{setting}"])


def test_a_run_of_another_plan_or_start_is_not_finished_and_does_not_go_on(tmp_path: Path) -> None:
    """Settings name files, and these may hold other things than when the run was made."""
    output, plan, start = tmp_path / "run", tmp_path / "f.yaml", tmp_path / "start"
    start.mkdir()
    config = PretrainConfig(
        output_dir=str(output),
        data=Data(tokens="tokens", plan=str(plan), sequence_length=32),
        model=Model(checkpoint=str(start)),
        training=Training(token_budget=1),
    )
    for path in (plan, start / "model.safetensors"):
        plan.write_text("components: []")
        (start / "model.safetensors").write_bytes(b"weights")
        origin.record(config)
        write_json(output / "manifest.json", {"config": config.decisive()})
        origin.record(config)
        assert is_finished(config)
        path.write_text("another")
        assert not is_finished(config)
        (output / "checkpoints").mkdir()
        with pytest.raises(ExperimentError, match="begun from another plan or starting checkpoint"):
            origin.record(config)
        (output / "checkpoints").rmdir()
        origin.record(config)
        assert not is_finished(config)  # made of the new one only when it has come to its end again
        write_json(output / "manifest.json", {"config": config.decisive()})
        assert is_finished(config)


# A whole experiment of a few steps.


@pytest.mark.usefixtures("one_thread")
def test_a_whole_experiment(texts: Texts, base_size: int, tmp_path: Path) -> None:
    news = tmp_path / "news.jsonl"
    news.write_text("".join(f'{{"en": "the city {n}", "ar": "المدينة {n}"}}\n' for n in range(20)))
    settings = Bridge(
        output_dir=str(tmp_path / "out"),
        note="A <toy> of no use.",
        texts=texts,
        stage1=Stage1(
            shape=Shape(
                vocab_size=base_size, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
                num_attention_heads=4, tie_word_embeddings=True,
            ),
            training=Training(
                token_budget=2 * 4 * 96, micro_batch=4, global_batch=4, learning_rate=0.01, precision="fp32"
            ),
        ),
        continued=Continued(tokens=3 * 4 * 96, learning_rate=0.01, warmup_steps=1),
        measures=Measures(
            news=str(news), translations=4, readings=6, new_tokens=4, longest=400, shots=1, resamples=100
        ),
        hardware=parse(Bridge, "test", ["--config", DEMO]).hardware,
        seeds=[1, 2],
        processes=1,
    )  # fmt: skip
    plan = run(replace(settings, dry_run=True))
    assert len(plan["runs"]) == 8
    assert len({job["tokens"] for job in plan["runs"] if job["leg"] != "base"}) == 1  # equal compute
    assert not Path(settings.output_dir, "runs").exists()

    found = run(settings)
    assert found["seeds"] == [1, 2]
    names = {name.split()[0] for name in found["measures"]}
    assert names == {"translation", "reading", "retrieval", "facts"}
    assert found["baselines"]["news"]["en-ar"] == 1.0  # each sentence has its own number
    assert {row["first"] + row["second"] for row in found["comparisons"]} == {"fd", "gd", "fg"}
    runs = Path(settings.output_dir, "runs")
    start = {sha256_of(runs / f"seed-{seed}/rows-mean/model.safetensors") for seed in (1, 2)}
    assert len(start) == 2
    blend = {leg: read_json(runs / f"seed-1/{leg}/manifest.json")["data"][0]["blend"] for leg in "dfg"}
    sampled = {leg: {row["part"] for row in rows if row["sampled"]} for leg, rows in blend.items()}
    assert not any(part.startswith("pairs") for part in sampled["d"])
    assert any("translation" in part or "pairs." in part for part in sampled["f"])
    assert not any("unpaired" in part for part in sampled["f"])
    assert any("unpaired" in part for part in sampled["g"])

    # What is finished is neither run nor asked again, and gives the same results.
    before = {path: path.stat().st_mtime_ns for path in runs.rglob("measures.json")}
    assert len(before) == 8
    assert run(settings) == found
    assert {path: path.stat().st_mtime_ns for path in runs.rglob("measures.json")} == before
    (runs / "seed-2/f/measures.json").unlink()
    assert run(replace(settings, results_only=True))["seeds"] == [1]
    again = run(settings)
    assert again["measures"] == found["measures"]
    # Answers to other questions are no answers.
    with pytest.raises(ExperimentError, match="no seed has all its legs"):
        run(replace(settings, results_only=True, measures=replace(settings.measures, shots=0)))
    # Nor are legs of another mixture, or of a base that learned otherwise, those of these settings.
    assert settings.stage1 is not None
    stage1 = replace(settings.stage1, training=replace(settings.stage1.training, learning_rate=0.02))
    for other in ({"stage1": stage1}, {"texts": replace(texts, pair_share=texts.pair_share / 2)}):
        with pytest.raises(ExperimentError, match="no seed has all its legs"):
            run(replace(settings, results_only=True, **other))

    page = Path(found["paths"]["html"]).read_text(encoding="utf-8")
    assert "A &lt;toy&gt; of no use." in page
    assert "://" not in page.replace("http://www.w3.org/2000/svg", "")
    text = Path(found["paths"]["md"]).read_text(encoding="utf-8")
    assert str(tmp_path) not in text + page + Path(found["paths"]["json"]).read_text()
    assert "f less g: pairing" in text
    assert "open  " in summary(found)
    assert len(list(findings(found))) == 8  # comparisons, retrieval in two directions of two kinds, controls
