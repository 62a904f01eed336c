"""Planted items come back, near misses do not, and scores without contaminated items are those of the rest."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks.contamination.__main__ import main
from benchmarks.contamination.items import SCHEMA
from benchmarks.contamination.overlap import prepare
from benchmarks.contamination.settings import ContaminationConfig
from benchmarks.errors import BenchmarkError
from benchmarks.tasks.suites import SUITES
from corpus.command_line import parse

WORDS_EN = "the old river bends twice before it meets a wide and quiet lake under tall green hills".split()
WORDS_AR = "كان النهر القديم ينعطف مرتين قبل أن يبلغ بحيرة واسعة هادئة تحت تلال خضراء عالية".split()

QUESTIONS = {
    "planted": " ".join(WORDS_EN),
    "respelled": "قرأ الأستاذُ أحمدُ الرسالة القديمة أمام جميع الطلاب في القاعة الكبرى صباح يوم الأحد الماضي",
    "whole": "which garden tool was invented before the iron plough",
    "near": "how many wooden boats crossed the cold northern bay during that storm",
    "near_miss": "how many wooden chairs stood beside the warm southern door during this short spring feast",
    "short": "what is two and two",
    "clean": "a question about copper kettles that nobody has ever written into any text of this small corpus",
    "repeated": " ".join(WORDS_EN),
    "ar": " ".join(WORDS_AR),
}


def frame(questions):
    rows = [
        {"task": "t", "id": name, "passage": "", "question": text, "ending": "", "choices": ["yes", "no"]}
        for name, text in questions.items()
    ]
    return pl.DataFrame(rows, schema=SCHEMA)


def write_run(directory: Path, questions, right) -> Path:
    """What benchmarks.run leaves: the model is sure of `yes` for those in `right`, which is the answer to all."""
    n = len(questions)
    (directory / "items").mkdir(parents=True)
    pl.DataFrame(
        {
            "id": list(questions), "subject": [""] * n, "country": [""] * n, "passage": [""] * n,
            "question": list(questions.values()), "ending": [""] * n, "choices": [["yes", "no"]] * n,
            "answer": [0] * n, "also_right": [[]] * n,
            "letters": [[-1.0, -2.0] if name in right else [-2.0, -1.0] for name in questions],
            "continuation": [[-1.0, -2.0]] * n,
        },
        schema_overrides={"also_right": pl.List(pl.Int64)},
    ).write_parquet(directory / "items" / "arc_easy.parquet")  # fmt: skip
    scores = [
        {"task": "arc_easy", "title": "ARC", "rule": rule, "first": rule == "letters", "signature": "s"}
        for rule in ("letters", "continuation")
    ]
    results = {"model": {"name": "m"}, "config": {}, "versions": {}, "scores": scores, "missing": []}
    (directory / "results.json").write_text(json.dumps(results))
    return directory


@pytest.fixture
def corpus(tmp_path) -> Path:
    respelled = "قرا الاستاذ احمد الرساله القديمه امام جميع الطلاب في القاعه الكبرى صباح يوم الاحد الماضي"
    texts = [
        (
            "a",
            "web",
            "It is known that The OLD river bends twice, before it meets a wide and quiet lake; under tall hills.",
        ),
        ("b", "books", f"وقال الراوي: {respelled}. انتهى"),
        ("c", "web", "Ask which garden tool was invented before the iron plough, they said."),
        (
            "d",
            "web",
            "how many wooden boats crossed the cold northern bay during that\nAnd another line.",
        ),
        ("e", "web", "yes\nno\nwhat is two\n\n"),
        ("f", "books", "خاتمة " + " ".join(WORDS_AR) + " تمت"),
    ]
    root = tmp_path / "corpus" / "shards"
    root.mkdir(parents=True)
    for number, rows in enumerate((texts[:3], texts[3:])):
        pl.DataFrame(rows, schema=["id", "source", "text"], orient="row").write_parquet(
            root / f"{number}.parquet"
        )
    return root.parent


def config(root, tmp_path, **changes):
    run = tmp_path / "run"
    if not run.exists():
        write_run(run, QUESTIONS, {"planted", "respelled", "whole", "clean"})
    settings = {
        "corpus": str(root),
        "output_dir": str(tmp_path / "out"),
        "runs": str(run),
        "resamples": 100,
    }
    return ContaminationConfig(**(settings | changes))


def test_planted_items_are_found_and_others_not(corpus, tmp_path, capsys):
    main(config(corpus, tmp_path))
    judged = pl.read_parquet(tmp_path / "out" / "items.parquet")
    verdicts = dict(judged.select("id", "verdict").rows())
    assert verdicts == {
        "planted": "contaminated", "respelled": "contaminated", "whole": "contaminated", "near": "contaminated",
        "near_miss": "clean", "short": "short", "clean": "clean", "repeated": "contaminated", "ar": "contaminated",
    }  # fmt: skip
    row = judged.row(by_predicate=pl.col("id") == "planted", named=True)
    # 17 words have 5 n-grams of 13; the text leaves out "green" near the end, so 3 of them stand there whole.
    assert (row["ngrams"], row["found"], row["document"], row["source"]) == (5, 3, "a", "web")
    near = judged.row(by_predicate=pl.col("id") == "near", named=True)
    assert near["found"] == 0
    assert near["similarity"] == pytest.approx(
        11 / 12, abs=0.12
    )  # 12 shingles of three words, one of them missing
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    (task,) = results["tasks"]
    assert (task["items"], task["contaminated"], task["short"], task["by_ngrams"]) == (9, 6, 1, 5)
    assert task["sources"] == {"web": 4, "books": 2}
    assert "Contaminated: 6 of 9 benchmark items" in (tmp_path / "out" / "report.html").read_text()
    assert "without contaminated ones" in capsys.readouterr().out


def test_the_corpus_is_never_shown(corpus, tmp_path):
    main(config(corpus, tmp_path))
    for name in ("report.html", "results.json", "items.csv", "results.md"):
        text = (tmp_path / "out" / name).read_text(encoding="utf-8")
        assert "wide and quiet" not in text
        assert "الراوي" not in text


def test_scores_without_them_are_those_of_the_rest(corpus, tmp_path):
    main(config(corpus, tmp_path))
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    letters, continuation = results["scores"]
    parts = {name: (letters[name]["items"], letters[name]["value"]) for name in ("all", "without", "only")}
    assert parts == {"all": (9, 4 / 9), "without": (3, 1 / 3), "only": (6, 3 / 6)}
    assert continuation["without"]["value"] == 1


def test_a_larger_share_can_be_asked_for(corpus, tmp_path):
    main(config(corpus, tmp_path, minimum_share=0.6))
    verdicts = dict(pl.read_parquet(tmp_path / "out" / "items.parquet").select("id", "verdict").rows())
    assert verdicts["planted"] == "clean"  # 3 of 5 is not more than .6
    assert verdicts["whole"] == "contaminated"


def test_what_is_looked_through_is_kept(corpus, tmp_path, monkeypatch):
    from benchmarks.contamination import overlap

    main(config(corpus, tmp_path))
    first = (tmp_path / "out" / "results.json").read_text()

    def never(*_):
        raise AssertionError("a shard is read again")

    monkeypatch.setattr(overlap, "_of_shard", never)
    main(config(corpus, tmp_path))
    assert (tmp_path / "out" / "results.json").read_text() == first
    with pytest.raises(AssertionError, match="a shard is read again"):
        main(config(corpus, tmp_path, ngram_words=11))


def test_hits_are_those_of_a_slow_twin(corpus, tmp_path):
    """Every n-gram of every item, looked for as a text of folded words."""
    from corpus.fold import fold_text

    main(config(corpus, tmp_path, ngram_words=9))
    judged = pl.read_parquet(tmp_path / "out" / "items.parquet")
    documents = [
        f" {fold_text(text)} "
        for path in sorted((corpus / "shards").iterdir())
        for text in pl.read_parquet(path)["text"]
    ]
    for row in judged.iter_rows(named=True):
        words = fold_text(QUESTIONS[row["id"]]).split()
        ngrams = {" ".join(words[n : n + 9]) for n in range(len(words) - 8)}
        found = sum(any(f" {ngram} " in text for text in documents) for ngram in ngrams)
        if len(words) >= 9:
            assert (row["ngrams"], row["found"]) == (len(ngrams), found), row["id"]


def test_items_equal_but_for_spelling_share_their_ngrams(tmp_path):
    questions = {
        "one": QUESTIONS["respelled"],
        "two": QUESTIONS["respelled"].replace("ُ", "").replace("أ", "ا"),
    }
    wanted = prepare(frame(questions), ContaminationConfig(corpus="c", output_dir="o", runs="r"), tmp_path)
    assert wanted.same.tolist() == [0, 0]
    assert wanted.ngrams.item_ngrams.tolist() == [3, 0]
    assert np.array_equal(*wanted.signatures)


def test_items_that_are_all_short_are_said_to_be(corpus, tmp_path):
    run = write_run(tmp_path / "short", {"a": "what is two", "b": "name a color"}, set())
    main(config(corpus, tmp_path, runs=str(run)))
    (task,) = json.loads((tmp_path / "out" / "results.json").read_text())["tasks"]
    assert (task["short"], task["contaminated"], task["clean"]) == (2, 0, 0)


def test_tasks_by_path_need_no_run(corpus, tmp_path, planted):
    main(
        config(
            corpus, tmp_path, runs="", tasks="arc_easy,mmlu_ar",
            data={"arc_easy": str(planted["arc_easy"]), "mmlu_ar": str(planted["mmlu_ar"])},
        )
    )  # fmt: skip
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert {row["task"]: row["items"] for row in results["tasks"]} == {"arc_easy": 3, "mmlu_ar": 3}
    assert results["scores"] == []
    assert results["missing"] == []


def test_tasks_of_a_suite_that_are_not_looked_for_are_told(corpus, tmp_path, planted, monkeypatch, capsys):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    main(config(corpus, tmp_path, runs="", tasks="allam", data={"mmlu_en": str(planted["mmlu_en"])}))
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert [row["task"] for row in results["tasks"]] == ["mmlu_en"]
    absent = {row["task"]: row["reason"] for row in results["missing"]}
    assert set(absent) == set(SUITES["allam"].shots) - {"mmlu_en"}
    assert absent["etec"] == "not published, and no --data.etec is given"
    for told in (
        capsys.readouterr().out,
        *((tmp_path / "out" / name).read_text(encoding="utf-8") for name in ("report.html", "results.md")),
    ):
        assert "not published, and no --data.etec is given" in told


def test_mistakes_are_one_line(corpus, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for changes, message in (
        ({"runs": "nowhere"}, "cannot be read"),
        ({"corpus": str(tmp_path / "empty")}, "no Parquet files there"),
        ({"tasks": "allam", "data": {"mmlu_arr": "x"}}, "data.mmlu_arr: no task has this name"),
        ({"runs": "", "tasks": "arc_easy"}, "give its files with --data.arc_easy=PATH"),
    ):
        with pytest.raises(BenchmarkError, match=message) as caught:
            main(config(corpus, tmp_path, **changes))
        assert "\n" not in str(caught.value)
    pl.DataFrame({"words": ["x"]}).write_parquet(corpus / "shards" / "9.parquet")
    with pytest.raises(BenchmarkError, match="has no column text"):
        main(config(corpus, tmp_path))
    (corpus / "shards" / "9.parquet").write_bytes(b"nothing of the kind")
    with pytest.raises(BenchmarkError, match="cannot be read"):
        main(config(corpus, tmp_path))


def test_settings_are_checked():
    for changes, message in (
        ({"runs": ""}, "runs or tasks must be given"), ({"minimum_share": 1.0}, "minimum_share"),
        ({"ngram_words": 3}, "ngram_words must be at least minimum_words"), ({"resamples": 1}, "resamples"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            ContaminationConfig(**({"corpus": "c", "output_dir": "o", "runs": "r"} | changes))
    parsed = parse(
        ContaminationConfig, "x", ["--corpus", "c", "--output_dir", "o", "--tasks", "acva", "--data.acva=a"]
    )
    assert parsed.data == {"acva": "a"}
