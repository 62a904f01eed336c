"""Translation with a tiny Marian model that learned a few sentences, and with a fake endpoint that fails on order."""

import json
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from corpus.endpoint import EndpointSettings, Reply, Request
from corpus.errors import CorpusError
from corpus.schema import SHARD_COLUMNS
from corpus.translate import networks
from corpus.translate.cache import TranslationCache
from corpus.translate.checks import check, has_loop, quality_scores
from corpus.translate.settings import Checks, Generation, PairRules, Translate
from corpus.translate.translating import translate, translated_sentences
from corpus.translate.translators import EndpointTranslator, Seq2SeqTranslator, sentence_key

# Marian's tokenizer recommends sacremoses, which only real models' punctuation needs.
pytestmark = pytest.mark.filterwarnings("ignore:Recommended")

LEARNED = {
    "The market opens every morning.": "تفتح السوق كل صباح.",
    "The train is late today.": "القطار متأخر اليوم.",
    "Children play in the garden.": "يلعب الأطفال في الحديقة.",
    "Water is life.": "الماء حياة.",
    "The library is closed.": "المكتبة مغلقة.",
    "Read the book again.": "اقرأ الكتاب مرة أخرى.",
}
CODE = "```python\nx = call(1)\n```\n"
DOCUMENT = (
    "# Water is life.\n\nThe train is late today. Children play in the garden.\n\n"
    f"{CODE}\n* The library is closed.\n"
)
TRANSLATED = f"# الماء حياة.\n\nالقطار متأخر اليوم. يلعب الأطفال في الحديقة.\n\n{CODE}\n* المكتبة مغلقة.\n"


@pytest.fixture(scope="module")
def marian(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Marian directory as Hugging Face saves it, of a model that learned LEARNED by heart."""
    import sentencepiece
    import torch
    from transformers import MarianConfig, MarianMTModel, MarianTokenizer

    directory = tmp_path_factory.mktemp("marian")
    text = directory / "text"
    text.write_text("\n".join([*LEARNED, *LEARNED.values()]), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(text), model_prefix=str(directory / "source"), vocab_size=60, model_type="word", minloglevel=2,
        use_all_vocab=True, hard_vocab_limit=False,
    )  # fmt: skip
    (directory / "source.model").rename(directory / "source.spm")
    (directory / "target.spm").write_bytes((directory / "source.spm").read_bytes())
    model = sentencepiece.SentencePieceProcessor(model_file=str(directory / "source.spm"))
    pieces = dict.fromkeys(model.id_to_piece(number) for number in range(model.vocab_size()))
    words = [piece for piece in pieces if piece[0] != "<"]
    vocabulary = {piece: number for number, piece in enumerate(["</s>", "<unk>", *words, "<pad>"])}
    (directory / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    tokenizer = MarianTokenizer(
        source_spm=str(directory / "source.spm"), target_spm=str(directory / "target.spm"),
        vocab=str(directory / "vocab.json"), source_lang="en", target_lang="ar",
    )  # fmt: skip
    pad = vocabulary["<pad>"]
    torch.manual_seed(1)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # a network this small only waits for more
    network = MarianMTModel(
        MarianConfig(
            vocab_size=len(vocabulary), d_model=32, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
            decoder_attention_heads=2, encoder_ffn_dim=64, decoder_ffn_dim=64, max_position_embeddings=64, dropout=0.0,
            pad_token_id=pad, eos_token_id=0, decoder_start_token_id=pad, forced_eos_token_id=0, scale_embedding=True,
        )
    )  # fmt: skip
    inputs = tokenizer(list(LEARNED), text_target=list(LEARNED.values()), padding=True, return_tensors="pt")
    inputs["labels"][inputs["labels"] == pad] = -100
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2)
    for _ in range(400):
        loss = network(**inputs).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        network.get_input_embeddings().weight.data[pad] = 0.0  # as Marian's own training leaves it
        if loss.item() < 0.01:
            break
    assert loss.item() < 0.01, "the network did not learn its sentences: nothing can be said of translators"
    torch.set_num_threads(threads)
    network.eval()
    network.save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    return directory


def shard_of(source: str, texts: list[str], language: str = "en") -> pl.DataFrame:
    rows = [
        {"id": f"{source}/{n}", "text": text, "language": language, "source": source, "domain": "books",
         "kind": "natural", "url": "https://example.org", "license": "CC0", "words": len(text.split()),
         "characters": len(text)}
        for n, text in enumerate(texts)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=SHARD_COLUMNS)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    directory = tmp_path / "corpus"
    (directory / "shards").mkdir(parents=True)
    frames = {
        "web": shard_of(
            "web", [DOCUMENT, "Water is life.", "Read the book again.", "```\nonly = code()\n```\n"]
        ),
        "closed": shard_of("closed", ["Water is life."]),
        "arabic": shard_of("arabic", ["الماء حياة."], "ar"),
    }
    listed = []
    for name, frame in frames.items():
        frame.write_parquet(directory / f"shards/{name}-00000.parquet")
        listed.append({"path": f"shards/{name}-00000.parquet", "source": name})
    sources = [{"name": name, "examples": name != "closed", "domain": "books"} for name in frames]
    (directory / "manifest.json").write_text(json.dumps({"config": {"sources": sources}, "shards": listed}))
    return directory


LENIENT = Checks(rules=PairRules(identify_language=False))


def settings(corpus: Path, output: Path, **given: object) -> Translate:
    return Translate(**({"corpus": str(corpus), "output_dir": str(output), "checks": LENIENT} | given))  # type: ignore[arg-type]


def test_a_directory_translates_documents_and_keeps_their_shape(
    marian: Path, corpus: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    manifest = translate(settings(corpus, output, translator=str(marian)))
    made = pl.read_parquet(output / "shards/web.translated-00000.parquet")
    first = made.row(0, named=True)
    assert first["text"] == TRANSLATED
    assert (first["id"], first["original"], first["kind"], first["language"]) == (
        "web/0#ar",
        "web/0",
        "translated",
        "ar",
    )
    assert (first["domain"], first["source"], first["license"]) == ("books", "web.translated", "CC0")
    assert first["translator"] == marian.name
    assert (first["sentences"], first["failed_share"]) == (4, 0.0)
    assert made.height == 3  # a document of code alone has nothing to translate
    assert manifest["totals"] == {"documents": 4, "dropped": 0, "sentences": 7, "failed": {}}
    assert manifest["run"]["translated"] == 5  # web: 5 different sentences; closed: its one is in the cache
    page = (output / "report.html").read_text(encoding="utf-8")
    assert "القطار متأخر اليوم." in page
    assert "7 of 7 sentences passed their checks (100.0 %)" in page
    assert "closed/0" not in page


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_ctranslate2_translates_the_same(dtype: Any, marian: Path, corpus: Path, tmp_path: Path) -> None:
    """It converts the weights once and keeps them; a tokenizer, two sides and a cache of sentences are the same."""
    pytest.importorskip("ctranslate2")
    output = tmp_path / "out"
    generation = Generation(engine="ctranslate2", dtype=dtype)
    given = settings(
        corpus,
        output,
        translator=str(marian),
        generation=generation,
        checks=replace(LENIENT, round_trip=str(marian)),
    )
    manifest = translate(given)
    assert pl.read_parquet(output / "shards/web.translated-00000.parquet")["text"][0] == TRANSLATED
    (weights,) = (output / "work" / "weights").iterdir()
    converted = (weights / "model.bin").stat().st_mtime_ns
    assert translate(given)["run"]["translated"] == 0
    assert (weights / "model.bin").stat().st_mtime_ns == converted
    plain = translate(settings(corpus, tmp_path / "plain", translator=str(marian)))
    counts = [each["run"]["ledger"]["source_tokens"] for each in (manifest, plain)]
    assert counts[0] == counts[1] > 0
    assert manifest["translator"]["version"] != plain["translator"]["version"]


def test_without_ctranslate2_one_line_says_what_to_install(
    marian: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(networks, "find_spec", lambda name: None)
    with pytest.raises(CorpusError, match=r"CTranslate2 is not installed: pip install 'daad\[translation\]'"):
        Seq2SeqTranslator(str(marian), Generation(engine="ctranslate2"), "en", "ar", tmp_path)
    with pytest.raises(ValueError, match="int8 goes with engine ctranslate2"):
        Generation(dtype="int8")


def test_a_second_run_asks_nothing_and_makes_the_same_bytes(
    marian: Path, corpus: Path, tmp_path: Path
) -> None:
    given = settings(corpus, tmp_path / "out", translator=str(marian))
    first, second = translate(given), translate(given)
    assert second["run"]["translated"] == 0
    assert first["shards"] == second["shards"]


def test_batches_do_not_change_translations(marian: Path, tmp_path: Path) -> None:
    sentences = [*LEARNED, *list(LEARNED)[:3]]
    alone = Seq2SeqTranslator(str(marian), Generation(batch_tokens=1), "en", "ar", tmp_path)
    together = Seq2SeqTranslator(str(marian), Generation(batch_tokens=4096), "en", "ar", tmp_path)
    got = []
    for translator in (alone, together):
        texts = {
            n: text
            for numbers, made in translator.batches(sentences)
            for n, text in zip(numbers, made, strict=True)
        }
        got.append([texts[n] for n in range(len(sentences))])
    assert got[0] == got[1] == [LEARNED[each] for each in sentences]
    assert alone.version == together.version  # batches decide nothing
    assert alone.version != Seq2SeqTranslator(str(marian), Generation(beams=2), "en", "ar", tmp_path).version
    assert together.ledger()["sentences"] == len(sentences)


class Counting:
    """A translator that stops after some batches."""

    name, version = "counting", "1"

    def __init__(self, stop_after: int) -> None:
        self.left, self.asked = stop_after, []

    def batches(self, sentences):
        for number, sentence in enumerate(sentences):
            if not self.left:
                raise KeyboardInterrupt
            self.left -= 1
            self.asked.append(sentence)
            yield [number], [sentence.upper()]

    def ledger(self) -> dict:
        return {}


def test_a_stopped_run_goes_on_at_the_next_sentence(tmp_path: Path) -> None:
    sentences = [f"s{n}" for n in range(10)] * 2
    cache = TranslationCache(tmp_path / "cache.sqlite")
    with pytest.raises(KeyboardInterrupt):
        translated_sentences(sentences, Counting(4), cache)
    again = Counting(99)
    found, new = translated_sentences(sentences, again, cache)
    assert (again.asked, new) == ([f"s{n}" for n in range(4, 10)], 6)
    assert {sentence: text for sentence, (text, _) in found.items()} == {f"s{n}": f"S{n}" for n in range(10)}
    cache.close()
    assert sentence_key("1", "a") != sentence_key("2", "a")


@pytest.mark.parametrize("engine", ["transformers", "ctranslate2"])
def test_what_does_not_fit_has_no_translation(engine: Any, marian: Path, tmp_path: Path) -> None:
    """Half a sentence, or half a translation, would pass for a whole one."""
    if engine == "ctranslate2":
        pytest.importorskip("ctranslate2")
    sentences = ["Water is life.", "The market opens every morning.", "The library is closed."]
    translator = Seq2SeqTranslator(str(marian), Generation(engine=engine, longest=5), "en", "ar", tmp_path)
    found = {
        number: text for batch in translator.batches(sentences) for number, text in zip(*batch, strict=True)
    }
    assert found == {0: "الماء حياة.", 1: "", 2: "المكتبة مغلقة."}
    rows = translator._tokenizer(sentences)["input_ids"]
    cut = translator._network.generate(rows, 3)
    assert [bool(row) for row in cut] == [engine == "ctranslate2", False, engine == "ctranslate2"]
    assert translator._network.generate(rows, 2) == [[], [], []]
    assert all(translator._network.generate(rows, 9))


KILLED = """
import os, random, signal, sys
from corpus.command_line import run
from corpus.translate import Translate, cache
from corpus.translate.__main__ import main
left = random.Random(int(sys.argv.pop(1))).randint(1, 3)
put = cache.TranslationCache.put
def dying(self, translations):
    global left
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    put(self, translations)
cache.TranslationCache.put = dying
run(main, Translate, "corpus.translate")
"""


def test_killed_at_random_it_ends_with_the_same_documents(
    through_kills, marian: Path, corpus: Path, tmp_path: Path
) -> None:
    """A batch is a sentence, so that kills fall between sentences of one document; each run does a little more."""
    given = {"generation": Generation(batch_tokens=1), "translator": str(marian)}
    whole = translate(settings(corpus, tmp_path / "whole", **given))
    told = settings(corpus, tmp_path / "killed", **given)
    (tmp_path / "translate.yaml").write_text(json.dumps(asdict(told)))
    through_kills(KILLED, tmp_path / "translate.yaml")
    for shard in whole["shards"]:
        made, expected = (
            pl.read_parquet(tmp_path / name / shard["path"]).drop(
                "translated_on"
            )  # midnight may fall between
            for name in ("killed", "whole")
        )
        assert made.equals(expected)


def test_an_endpoint_translates_through_its_faults(fake_endpoint, corpus: Path, tmp_path: Path) -> None:
    fake_endpoint.answer = lambda payload: LEARNED[payload["messages"][-1]["content"]]
    fake_endpoint.faults = [(429, {}), "malformed", "reset", (503, {})]
    endpoint = EndpointSettings(
        url=fake_endpoint.url, model="tiny", first_wait=0.01, longest_wait=0.05, price_input=1.0, price_output=2.0,
        key_variable="DAAD_TEST_KEY",
    )  # fmt: skip
    manifest = translate(settings(corpus, tmp_path / "out", endpoint=endpoint))
    made = pl.read_parquet(tmp_path / "out/shards/web.translated-00000.parquet")
    assert made["text"][0] == TRANSLATED
    assert made["translator"][0] == "tiny"
    assert manifest["run"]["ledger"]["cost"] > 0
    assert manifest["notes"] == [
        "closed is left out: its source says examples: false, and an endpoint is prompted"
    ]
    assert not any("code" in str(each) for each in fake_endpoint.requests)


class Cutting:
    """An endpoint whose answers end at their longest length where they are long."""

    def __init__(self, settings: EndpointSettings, cache_dir: Path) -> None:
        self.settings, self.told = settings, list[str]()

    def ask(self, requests: list[Request], desc: str) -> list[Reply]:
        self.told += [request.payload["messages"][0]["content"] for request in requests]
        texts = [request.payload["messages"][1]["content"].upper() for request in requests]
        return [Reply(text=text[:5], finish_reason="length" if len(text) > 5 else "stop") for text in texts]


def test_an_endpoint_is_told_the_language_and_what_it_cuts_off_fails(corpus: Path, tmp_path: Path) -> None:
    endpoint = EndpointSettings(url="http://localhost:1/v1", model="tiny")
    versions = set()
    for source, target, language in (("en", "ar", "Modern Standard Arabic"), ("ar", "en", "English")):
        given = {"source_language": source, "target_language": target, "endpoint": endpoint}
        translator = EndpointTranslator(settings(corpus, tmp_path / "out", **given), Cutting)  # type: ignore[arg-type]
        assert list(translator.batches(["short", "much longer"])) == [([0, 1], ["SHORT", ""])]
        assert all(f"into {language}." in told for told in translator._endpoint.told)  # type: ignore[attr-defined]
        versions.add(translator.version)
    assert len(versions) == 2
    assert settings(corpus, tmp_path / "out", instruction="Mine.", endpoint=endpoint).told == "Mine."


def test_checks_name_what_is_wrong() -> None:
    pairs = pl.DataFrame(
        [
            ("The market opens at 9 every morning.", "تفتح السوق الساعة ٩ كل صباح.", None),
            ("The train is late today.", "", "empty"),
            ("The train is late today.", "The train is late today.", "identical"),
            ("He paid 1500 for it.", "دفع ١٥٠ مقابل ذلك.", "numbers"),
            ("The library is closed for now.", "المكتبة مغلقة مغلقة مغلقة مغلقة مغلقة", "repetition"),
            ("Water is life.", "ماء " * 60, "character_ratio"),
        ],
        schema=["en", "ar", "wanted"],
        orient="row",
    )
    assert check(pairs, Checks())["reason"].to_list() == pairs["wanted"].to_list()
    assert has_loop(pl.Series(["very very good", None]), 3).to_list() == [False, False]


def test_a_document_of_failed_sentences_is_dropped_and_can_be_read(
    fake_endpoint, corpus: Path, tmp_path: Path
) -> None:
    fake_endpoint.answer = lambda payload: "مرة مرة مرة مرة مرة مرة"
    endpoint = EndpointSettings(url=fake_endpoint.url, model="tiny", key_variable="DAAD_TEST_KEY")
    manifest = translate(settings(corpus, tmp_path / "out", endpoint=endpoint))
    assert manifest["totals"]["documents"] == 0
    assert pl.read_parquet(tmp_path / "out/dropped/web.translated-00000.parquet")[
        "failed_share"
    ].to_list() == [1, 1, 1]
    sentences = pl.read_parquet(tmp_path / "out/sentences/web.translated-00000.parquet")
    assert set(sentences["reason"]) == {"repetition"}
    # Other checks in the same directory: what was dropped is kept now, and stands nowhere else.
    again = settings(corpus, tmp_path / "out", endpoint=endpoint, checks=replace(LENIENT, maximum_failed=1))
    (tmp_path / "out/shards").mkdir(exist_ok=True)
    (tmp_path / "out/shards/older.translated-00000.parquet").touch()
    assert translate(again)["totals"]["documents"] == 3
    assert not list((tmp_path / "out/dropped").iterdir())
    assert [path.name for path in (tmp_path / "out/shards").iterdir()] == ["web.translated-00000.parquet"]


def test_the_way_back_is_scored(marian: Path, corpus: Path, tmp_path: Path) -> None:
    checks = Checks(rules=PairRules(identify_language=False), round_trip=str(marian), minimum_round_trip=50)
    manifest = translate(
        settings(corpus, tmp_path / "out", translator=str(marian), checks=checks, sources=["web"])
    )
    # The model knows no way back: what returns is not English, so all sentences fail.
    assert manifest["totals"]["failed"].get("round_trip", 0) == 6


def test_mistakes_are_told_in_one_line(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="give either translator"):
        settings(corpus, tmp_path / "out")
    with pytest.raises(CorpusError, match="no Hugging Face model is there"):
        translate(settings(corpus, tmp_path / "out", translator=str(tmp_path)))
    with pytest.raises(CorpusError, match="sources names 'wbe'"):
        translate(settings(corpus, tmp_path / "out", translator=str(tmp_path), sources=["wbe"]))
    with pytest.raises(CorpusError, match="give the directory of a finished corpus"):
        translate(settings(tmp_path, tmp_path / "out", translator=str(tmp_path)))
    (tmp_path / "config.json").write_text('{"model_type": "nothing"}')
    with pytest.raises(CorpusError, match="no quality model can be loaded"):
        quality_scores(str(tmp_path), ["a"], ["b"], "cpu")
    (tmp_path / "bad").write_bytes(b"not a database, certainly not" * 50)
    with pytest.raises(
        CorpusError, match=r"bad: translations cannot be kept there \(file is not a database\)"
    ):
        TranslationCache(tmp_path / "bad")


def test_nothing_heavy_is_loaded_before_it_is_needed() -> None:
    modules = "corpus, corpus.translate.__main__, corpus.clean_pairs.__main__, corpus.align_texts.__main__"
    heavy = "{'torch', 'transformers', 'numba'}"
    modules += ", corpus.pair_documents.__main__, corpus.clean_pairs.threshold.__main__"
    code = f"import sys, {modules}; print({heavy} & set(sys.modules))"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "set()\n"
    )
