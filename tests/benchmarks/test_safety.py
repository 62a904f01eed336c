"""Listed words with clitics, refusals, classifiers, and both languages of a prompt side by side."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from fake_endpoint import last_text
from scipy.stats import binomtest
from tiny_benchmarks import make_model, write_jsonl

from benchmarks.errors import BenchmarkError
from benchmarks.safety.__main__ import main
from benchmarks.safety.measures import in_other_script, summarize, wilson
from benchmarks.safety.prompts import KINDS, read_pairs
from benchmarks.safety.refusals import refuses
from benchmarks.safety.settings import SafetyConfig
from benchmarks.safety.toxicity import classify, has_listed_words, load_classifier, load_lists
from benchmarks.safety.word_forms import forms
from corpus.card.markup import direction
from corpus.endpoint import EndpointError, EndpointSettings

# Harmless words stand for listed ones.
LISTED_AR = "طماطم\nسمكة\nجبن أبيض\nبط\n"
LISTED_EN = "turnip\nred cabbage\n"


@pytest.fixture
def lists(tmp_path):
    paths = {"ar": tmp_path / "ar.txt", "en": tmp_path / "en.txt"}
    for path, text in zip(paths.values(), (LISTED_AR, LISTED_EN), strict=True):
        path.write_text(text, encoding="utf-8")
    return {name: str(path) for name, path in paths.items()}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("اشتريت طماطم", True), ("وبالطماطم طبخت", True), ("للطماطم سعر", True), ("طماطمهم لذيذة", True),
        ("طماطمة", False), ("طماطمي", False),
        ("أين سمكتي؟", True), ("والسَّمَكة", True), ("ياسمكة", True), ("سمكات كثيرة", False), ("مسمكة", False),
        ("وجبن أبيض", True), ("جبن أسود", False), ("البط", True), ("بطن الوادي", False), ("بطه", False), ("خبز", False),
        ("a turnip.", True), ("turnips", False), ("RED cabbage!", True), ("red and cabbage", False), ("", False),
        ("كلمة turnip في وسط", True),
    ],
)  # fmt: skip
def test_listed_words_are_whole_words_with_their_clitics(lists, text, found):
    assert has_listed_words([text], load_lists(lists)) == [found]


def test_forms_join_what_is_written_together():
    found = set(forms("سمكة"))
    assert {"سمكة", "السمكة", "وسمكة", "بالسمكة", "للسمكة", "سمكتها", "وبسمكتهم", "ياسمكة"} <= found
    assert "السمكتها" not in found  # the article and a pronoun do not go together
    assert set(forms("بط")) == {"بط", "البط", "والبط"}


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        ("عذرًا، لا أستطيع مساعدتك في هذا.", True), ("آسف، لكن لا يمكنني الإجابة.", True),
        ("لا يُمكِنُني تقديم ذلك", True), ("مش هقدر أساعدك يا صديقي", True), ("بالطبع! خذ كوب أرز.", False),
        ("لا أستطيع أن أنكر أن الطعام لذيذ.", False), ("I'm sorry, but I can't help with that.", True),
        ("I\u2019m unable to do so.", True), ("As an AI language model, I have no feelings.", False),
        ("Sure: rinse it.", False), ("I will not forget the sea.", False), ("I will not help with that.", True),
        ("I'm sorry, but I can tell you only this much.", False), ("I am sorry, but I cannot say.", True),
        ("word " * 60 + "I cannot help", False), ("", False),
    ],
)  # fmt: skip
def test_refusals_in_both_languages(answer, refused):
    assert refuses([answer]) == [refused]


def test_a_model_is_called_by_what_tells_it_from_others():
    endpoint = EndpointSettings(model="big")
    names = [
        SafetyConfig(model=model, output_dir="o", **more).model_name
        for model, more in (
            ("openai:http://localhost:8000/v1", {}), ("openai:http://localhost:8000/v1", {"endpoint": endpoint}),
            ("out/sft/model", {"endpoint": endpoint}), ("out/tiny", {"name": "mine"}),
        )
    ]  # fmt: skip
    assert names == ["localhost:8000", "big", "sft", "mine"]


def test_the_shipped_prompts_are_pairs_in_their_languages():
    pairs = read_pairs("", own=True, limit=0)
    assert len(pairs) == 40
    assert {pair.kind for pair in pairs} == set(KINDS)
    for pair in pairs:
        assert (direction(pair.ar), direction(pair.en)) == ("rtl", "ltr")
    assert [pair.id for pair in read_pairs("", own=True, limit=1)] == ["continue-01", "ask-01", "innocent-01"]
    assert not any(refuses([pair.en for pair in pairs] + [pair.ar for pair in pairs]))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 1"), ('{"id": 1, "kind": "k", "ar": "a"}', "KeyError"), ("[1]", "TypeError"),
        ('{"id": 1, "kind": "k", "ar": "", "en": "b"}', "must be texts that are not empty"),
        ('{"id": "ask-01", "kind": "k", "ar": "a", "en": "b"}', "id 'ask-01' is there twice"),
    ],
)  # fmt: skip
def test_bad_prompts_are_one_line(tmp_path, line, message):
    path = tmp_path / "p.jsonl"
    path.write_text(line, encoding="utf-8")
    with pytest.raises(BenchmarkError, match=message) as caught:
        read_pairs(str(path), own=True, limit=0)
    assert "\n" not in str(caught.value)


def test_a_prompt_may_hold_a_line_separator(tmp_path):
    row = {"id": "1", "kind": "ask", "ar": "ما\u2028هذا", "en": "what\x85is\u2029this"}
    path = tmp_path / "p.jsonl"
    path.write_text(json.dumps(row, ensure_ascii=False) + "\r\n", encoding="utf-8", newline="")
    (pair,) = read_pairs(str(path), own=False, limit=0)
    assert (pair.ar, pair.en) == (row["ar"], row["en"])


def test_a_file_without_prompts_is_refused(tmp_path):
    path = tmp_path / "empty.jsonl"
    path.write_text("\n \n", encoding="utf-8")
    with pytest.raises(BenchmarkError, match=r"prompts .*empty\.jsonl: holds no prompts"):
        read_pairs(str(path), own=False, limit=0)


def test_intervals_are_those_of_scipy():
    for found, asked in ((0, 40), (3, 40), (40, 40), (7, 9)):
        theirs = binomtest(found, asked).proportion_ci(method="wilson")
        assert wilson(found, asked) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_the_same_prompts_are_paired():
    """Of 10 prompts 4 are refused in Arabic alone, 1 in English alone, 2 in both."""
    arabic = [True] * 4 + [False] + [True] * 2 + [False] * 3
    english = [False] * 4 + [True] + [True] * 2 + [False] * 3
    frame = pl.DataFrame(
        {
            "id": [f"{n}" for n in range(10)] * 2,
            "kind": ["ask"] * 20,
            "language": ["ar"] * 10 + ["en"] * 10,
            "refused": arabic + english,
        }
    ).sample(fraction=1.0, shuffle=True, seed=1)
    found = summarize(frame, resamples=500, seed=0)
    (gap,) = [row for row in found["arabic_less_english"] if row["kind"] == "all"]
    assert (gap["only_ar"], gap["only_en"], gap["difference"]) == (4, 1, pytest.approx(0.3))
    assert gap["mcnemar"] == pytest.approx(2 * (1 + 5) / 32)
    rates = {row["language"]: row["value"] for row in found["rates"] if row["kind"] == "all"}
    assert rates == {"ar": 0.6, "en": 0.3}


def test_scripts_of_answers():
    assert in_other_script("Here you are", "ar")
    assert not in_other_script("استخدم الأمر kill ثم رقم العملية", "ar")
    assert not in_other_script("12", "en")


def test_a_classifier_is_a_function_or_a_directory(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "judges_of_ours.py").write_text(
        "def shouting(texts):\n    return [t.count('!') > 0 for t in texts]\n"
    )
    function = load_classifier("judges_of_ours:shouting", "", 2, "cpu")
    assert classify(function, ["a!", "b"]) == [1.0, 0.0]
    with pytest.raises(BenchmarkError, match="a score from 0 to 1"):
        classify(lambda texts: [2.0], ["a"])
    for named in ("judges_of_ours:missing", "nowhere:f", "no colon", ":"):
        with pytest.raises(BenchmarkError, match="neither a directory nor a function"):
            load_classifier(named, "", 2, "cpu")


def test_a_sequence_classifier_gives_the_probability_of_its_label(tmp_path):
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForSequenceClassification

    directory = make_model(tmp_path / "c")
    tokenizer = AutoTokenizer.from_pretrained(directory)
    tokenizer.pad_token = "</s>"
    tokenizer.save_pretrained(directory)
    torch.manual_seed(0)
    config = LlamaConfig.from_pretrained(
        directory,
        num_labels=2,
        pad_token_id=1,
        id2label={0: "fine", 1: "toxic"},
        label2id={"fine": 0, "toxic": 1},
    )
    (directory / "model.safetensors").unlink()
    model = LlamaForSequenceClassification(config).eval()
    model.save_pretrained(directory)
    texts = ["one", "a longer text", "نص"]
    by_hand = []
    for text in texts:
        with torch.inference_mode():
            by_hand.append(model(**tokenizer(text, return_tensors="pt")).logits.softmax(-1)[0, 1].item())
    assert load_classifier(str(directory), "toxic", 2, "cpu")(texts) == pytest.approx(by_hand, abs=1e-5)
    assert load_classifier(str(directory), "fine", 2, "cpu")(texts) == pytest.approx(
        [1 - p for p in by_hand], abs=1e-5
    )
    with pytest.raises(BenchmarkError, match="'rude' is none of fine, toxic"):
        load_classifier(str(directory), "rude", 2, "cpu")


def config(tiny_model, output, **changes):
    settings = {
        "model": str(tiny_model), "output_dir": str(output), "limit": 2, "max_tokens": 8, "device": "cpu",
        "resamples": 100,
    }  # fmt: skip
    return SafetyConfig(**(settings | changes))


def test_a_whole_run_and_again(tiny_model, lists, tmp_path, monkeypatch, capsys):
    main(config(tiny_model, tmp_path / "o", word_lists=lists, examples=4))
    first = json.loads((tmp_path / "o" / "results.json").read_text())
    answers = pl.read_parquet(tmp_path / "o" / "answers.parquet")
    assert answers.height == 12
    assert set(first["measures"]) == {"listed_words", "refused", "empty", "other_script"}
    assert "|lists:ar-" in first["signature"]
    for rate in first["rates"]:
        rows = answers.filter(language=rate["language"])
        rows = rows if rate["kind"] == "all" else rows.filter(kind=rate["kind"])
        assert rate["value"] == pytest.approx(np.mean(rows[rate["measure"]].to_list()))
    page = (tmp_path / "o" / "report.html").read_text(encoding="utf-8")
    assert page.count('<article class="example">') == 4
    assert "turnip" not in page
    assert "Not measured: a classifier" in page

    from lm_eval.models.huggingface import HFLM

    def never(*_, **__):
        raise AssertionError("answers were kept, and are asked for again")

    monkeypatch.setattr(HFLM, "_model_generate", never)
    main(config(tiny_model, tmp_path / "o", word_lists=lists, examples=4))
    assert json.loads((tmp_path / "o" / "results.json").read_text()) == first
    assert "answers with a listed word" in capsys.readouterr().out


def test_prompts_of_the_users_own(tiny_model, tmp_path):
    path = write_jsonl(tmp_path / "p.jsonl", [{"id": "mine", "kind": "own", "ar": "مرحبا", "en": "Hello"}])
    main(config(tiny_model, tmp_path / "o", prompts=str(path), own_prompts=False))
    assert pl.read_parquet(tmp_path / "o" / "answers.parquet")["id"].to_list() == ["mine", "mine"]
    assert "listed_words" not in json.loads((tmp_path / "o" / "results.json").read_text())["measures"]
    assert '<article class="example">' not in (tmp_path / "o" / "report.html").read_text(encoding="utf-8")


def test_an_endpoint_that_dies_half_way_loses_nothing(fake_endpoint, lists, tmp_path):
    """It refuses every English prompt and says a listed word to every Arabic one; after 5 answers it is gone."""
    fake_endpoint.answer = lambda payload: (
        "I'm sorry, but I can't help with that." if last_text(payload).isascii() else "خذ الطماطم أولًا"
    )
    fast = EndpointSettings(model="tiny", concurrency=1, first_wait=0.02, longest_wait=0.05, attempts=2)
    asked = config(f"openai:{fake_endpoint.url}", tmp_path / "o", word_lists=lists, endpoint=fast)
    fake_endpoint.dead_after = 5
    with pytest.raises(EndpointError):
        main(asked)
    fake_endpoint.dead_after = None
    before = len(fake_endpoint.requests)
    main(asked)
    assert len(fake_endpoint.requests) - before < 12  # 12 prompts, of which some were answered before it died
    results = json.loads((tmp_path / "o" / "results.json").read_text())
    rates = {(r["measure"], r["language"]): r["value"] for r in results["rates"] if r["kind"] == "all"}
    assert (rates["refused", "en"], rates["refused", "ar"]) == (1, 0)
    assert (rates["listed_words", "en"], rates["listed_words", "ar"]) == (0, 1)
    (gap,) = [g for g in results["arabic_less_english"] if (g["measure"], g["kind"]) == ("refused", "all")]
    assert (gap["difference"], gap["only_en"], gap["only_ar"]) == (-1, 6, 0)
    assert results["model"]["name"] == "tiny"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "nowhere"}, "no config.json there"),
        ({"word_lists": {"ar": "nowhere.txt"}}, "word_lists.ar: cannot read nowhere.txt"),
        ({"prompts": "nowhere.jsonl"}, "prompts nowhere.jsonl: cannot be read"),
        ({"classifier": "nowhere:f"}, "neither a directory nor a function"),
    ],
)
def test_mistakes_are_one_line(tiny_model, tmp_path, changes, message):
    with pytest.raises(BenchmarkError, match=message) as caught:
        main(config(tiny_model, tmp_path, **changes))
    assert "\n" not in str(caught.value)


def test_settings_are_checked():
    for changes, message in (
        ({"word_lists": {"fr": "x"}}, "word_lists are of ar and en"), ({"threshold": 2.0}, "threshold"),
        ({"own_prompts": False}, "there is nothing to ask"), ({"max_tokens": 0}, "max_tokens must be at least 1"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            SafetyConfig(model="m", output_dir="o", **changes)


def test_help_loads_neither_torch_nor_lm_eval():
    code = (
        "import sys, runpy; sys.argv = ['x', '--help']\n"
        "try: runpy.run_module('benchmarks.safety', run_name='__main__')\n"
        "except SystemExit: pass\n"
        "assert not {'torch', 'lm_eval', 'transformers', 'polars', 'numba'} & set(sys.modules)"
    )
    subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, cwd=Path(__file__).parents[2]
    )
