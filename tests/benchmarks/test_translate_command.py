"""Translation as a command: given translations, a model's, an endpoint's; compared, resumed, refused."""

import json
from dataclasses import replace

import pytest
import sacrebleu
from tiny_benchmarks import write_jsonl

from benchmarks.errors import BenchmarkError
from benchmarks.translate import main
from benchmarks.translate_config import TranslateConfig
from benchmarks.translating import first_line, prompt, read_pairs
from benchmarks.translation import compare_translations, score_translations
from corpus.endpoint import EndpointError, EndpointSettings

PAIRS = [
    {"id": "a", "en": "the house is big", "ar": "البيت كبير"},
    {"id": "b", "en": "the sea is blue and deep", "ar": "البحر أزرق وعميق"},
    {"id": "c", "en": "we went to the market today", "ar": "ذهبنا إلى السوق اليوم"},
    {"id": "d", "en": "she reads a long book at night", "ar": "تقرأ كتابا طويلا في الليل"},
    {"id": "e", "en": "the train leaves in the early morning", "ar": "يغادر القطار في الصباح الباكر"},
]
FAST = EndpointSettings(
    model="tiny", concurrency=2, first_wait=0.02, longest_wait=0.05, attempts=3, key_variable="DAAD_TEST_KEY"
)


@pytest.fixture
def data(tmp_path):
    return str(write_jsonl(tmp_path / "pairs.jsonl", PAIRS))


def run(output, data, **changes):
    main(TranslateConfig(data=data, output_dir=str(output), resamples=100, **changes))
    return json.loads((output / "translation.json").read_text())


def lines(path, texts):
    path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    return str(path)


def test_given_translations_are_scored_as_sacrebleu_does(data, tmp_path, capsys):
    """All five rows are scored: nothing is taken for examples where nothing is translated."""
    texts = [row["en"].replace("the", "a") for row in PAIRS]
    found = run(
        tmp_path / "o", data, directions="ar-en", hypotheses={"ar-en": lines(tmp_path / "h.txt", texts)}
    )
    scores = {score["metric"]: score for score in found["directions"]["ar-en"]["scores"]}
    references = [[row["en"] for row in PAIRS]]
    assert scores["BLEU"]["value"] == pytest.approx(sacrebleu.corpus_bleu(texts, references).score)
    assert scores["TER"]["value"] == pytest.approx(sacrebleu.corpus_ter(texts, references).score)
    assert scores["spBLEU"]["value"] is None
    assert "flores200" in scores["spBLEU"]["signature"]
    assert found["directions"]["ar-en"]["rows"] == 5
    assert "spBLEU" in capsys.readouterr().out


def test_spbleu_where_its_pieces_are(tmp_path, monkeypatch):
    """Another SentencePiece model stands in for FLORES-200's: BLEU over its pieces is what comes out."""
    from pathlib import Path

    import mistral_common
    from sacrebleu.tokenizers import tokenizer_spm
    from sentencepiece import SentencePieceProcessor

    model = Path(mistral_common.__file__).parent / "data" / "tokenizer.model.v1"
    name = tokenizer_spm.SPM_MODELS["flores200"]["url"].rsplit("/", 1)[-1]
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / name).write_bytes(model.read_bytes())
    monkeypatch.setattr(tokenizer_spm, "SACREBLEU_DIR", str(tmp_path))
    hypotheses, references = ["the cat sat on a mat today"], ["the cat sat on the mat today"]
    score = {each.metric: each for each in score_translations(hypotheses, references, "en", pieces=True)}[
        "spBLEU"
    ]
    cut = SentencePieceProcessor(model_file=str(model)).EncodeAsPieces
    spaced = [" ".join(cut(texts[0])) for texts in (hypotheses, references)]
    assert score.value == pytest.approx(
        sacrebleu.corpus_bleu(spaced[:1], [spaced[1:]], tokenize="none").score
    )
    assert "tok:flores200" in score.signature


def perfect(payload):
    """The reference, found in the planted pairs by the last line to be translated, and a label before it."""
    asked = payload["messages"][-1]["content"].split("\n")[-2]
    source, target = ("en", "ar") if asked.startswith("English:") else ("ar", "en")
    (row,) = [row for row in PAIRS if asked.endswith(f": {row[source]}")]
    return f"{'Arabic' if target == 'ar' else 'English'}: {row[target]}\nA remark."


def test_both_directions_through_an_endpoint(fake_endpoint, data, tmp_path):
    fake_endpoint.answer = perfect
    found = run(tmp_path / "o", data, model=f"openai:{fake_endpoint.url}", endpoint=FAST, shots=2)
    for direction in ("en-ar", "ar-en"):
        scores = {
            (score["metric"], score["normalized"]): score["value"]
            for score in found["directions"][direction]["scores"]
        }
        assert scores["chrF++", False] == pytest.approx(100)
        assert found["directions"][direction]["rows"] == 3
    assert ("BLEU", True) not in scores
    assert len(found["directions"]["en-ar"]["scores"]) == 8
    assert found["run"]["endpoint"]["answered"] == 7  # one to see whether it tells log-probabilities


def test_an_endpoint_that_dies_half_way_is_resumed(fake_endpoint, data, tmp_path):
    fake_endpoint.answer = perfect
    fake_endpoint.dead_after = 3
    alone = replace(FAST, concurrency=1)
    settings = {"model": f"openai:{fake_endpoint.url}", "endpoint": alone, "shots": 0, "directions": "en-ar"}
    with pytest.raises(EndpointError, match="2 of 5 answers are kept"):
        run(tmp_path / "o", data, **settings)
    fake_endpoint.dead_after = None
    found = run(tmp_path / "o", data, **settings)
    assert found["run"]["endpoint"]["from_cache"] == 3
    assert found["directions"]["en-ar"]["scores"][1]["value"] == pytest.approx(100)


def test_a_directory_translates_and_is_compared(tiny_model, data, tmp_path, capsys):
    """A random model's translations against the references themselves: far worse, and surely so."""
    best = {"en-ar": lines(tmp_path / "r.txt", [row["ar"] for row in PAIRS[2:]])}
    small = str(write_jsonl(tmp_path / "small.jsonl", PAIRS[2:]))
    examples = str(write_jsonl(tmp_path / "examples.jsonl", PAIRS[:2]))
    run(tmp_path / "given", small, hypotheses=best, directions="en-ar")
    found = run(
        tmp_path / "model", small, model=str(tiny_model), directions="en-ar", examples=examples, shots=2,
        max_tokens=12, device="cpu", beside=str(tmp_path / "given"),
    )  # fmt: skip
    compared = {(row["metric"], row["normalized"]): row for row in found["directions"]["en-ar"]["compared"]}
    assert compared["chrF++", True]["difference"] < -50
    assert compared["chrF++", True]["p"] < 0.05
    assert "against given" in capsys.readouterr().out
    other = str(write_jsonl(tmp_path / "other.jsonl", PAIRS[1:4]))
    with pytest.raises(BenchmarkError, match="other rows than here"):
        run(tmp_path / "x", other, hypotheses=best, directions="en-ar", beside=str(tmp_path / "given"))


def test_an_earlier_translation_may_hold_a_line_separator(tmp_path):
    data = str(write_jsonl(tmp_path / "two.jsonl", PAIRS[:2]))
    given = {"ar-en": lines(tmp_path / "h.txt", ["one\u2028line\x85all\u2029of it", "the sea"])}
    run(tmp_path / "first", data, directions="ar-en", hypotheses=given)
    again = run(
        tmp_path / "second", data, directions="ar-en", hypotheses=given, beside=str(tmp_path / "first")
    )
    assert {row["difference"] for row in again["directions"]["ar-en"]["compared"]} == {0.0}


def test_equal_translations_do_not_differ():
    texts = [row["en"] for row in PAIRS]
    assert all(
        row["difference"] == 0 and row["p"] > 0.5
        for row in compare_translations(texts, texts, texts, "en", 100)
    )


def test_prompts_and_their_answers(tmp_path, data):
    pairs = read_pairs(tmp_path / "pairs.jsonl")
    expected = "English: the house is big\nArabic: البيت كبير\n\nEnglish: the sea\nArabic:"
    assert prompt("the sea", "en-ar", pairs[:1], chat=False) == expected
    assert prompt("the sea", "en-ar", pairs[:1], chat=True).endswith(f"alone.\n\n{expected}")
    assert first_line("\n Arabic: البيت \nEnglish: x", "ar") == "البيت"
    assert first_line("  \n", "ar") == ""


def test_given_translations_of_few_rows_need_no_examples(tmp_path):
    data = str(write_jsonl(tmp_path / "two.jsonl", PAIRS[:2]))
    given = lines(tmp_path / "h.txt", [row["en"] for row in PAIRS[:2]])
    found = run(tmp_path / "o", data, directions="ar-en", hypotheses={"ar-en": given})
    assert found["directions"]["ar-en"]["rows"] == 2


def test_mistakes_are_one_line(data, tmp_path):
    with pytest.raises(BenchmarkError, match="4 lines for 5 rows"):
        run(
            tmp_path / "o",
            data,
            directions="ar-en",
            hypotheses={"ar-en": lines(tmp_path / "h.txt", ["x"] * 4)},
        )
    broken = str(write_jsonl(tmp_path / "broken.jsonl", [{"en": "x", "ar": ""}]))
    with pytest.raises(BenchmarkError, match=r"broken\.jsonl row 1: columns en and ar must both hold text"):
        run(tmp_path / "o", broken, directions="ar-en", hypotheses={"ar-en": data})
    with pytest.raises(ValueError, match="model must be given, or hypotheses for every direction"):
        TranslateConfig(data="d", output_dir="o", hypotheses={"en-ar": "f"})
    with pytest.raises(ValueError, match=r"directions must be among en-ar, ar-en, got \['ar-fr'\]"):
        TranslateConfig(data="d", output_dir="o", model="m", directions="ar-fr")
    with pytest.raises(BenchmarkError, match="which leaves none to score"):
        run(tmp_path / "o", data, model="m", shots=5)
