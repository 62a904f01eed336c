"""Several models in one report: questions made by rule, what changed, and every figure where it belongs."""

import csv
import json
from pathlib import Path

import polars as pl
import pytest
from browser import BROWSER, chromium
from tiny_benchmarks import make_model, write_jsonl

from benchmarks.errors import BenchmarkError
from benchmarks.forgetting import changes
from benchmarks.league.__main__ import main
from benchmarks.league.conversations import multiple_choice, write_questions
from benchmarks.league.settings import LeagueConfig
from benchmarks.report.league import league, means
from benchmarks.report.samples import Sample, choices_by_model
from benchmarks.report.standings import before_and_after, bits_table, of_same_texts, suite_means
from benchmarks.report.writing import read_run, write_league
from benchmarks.tasks.suites import SUITES
from corpus.command_line import parse
from corpus.pipeline.atomic import write_parquet

CAPITALS = {"Egypt": "Cairo", "Sudan": "Khartoum", "Iraq": "Baghdad", "Yemen": "Sanaa", "Oman": "Muscat"}
CAPITALS_AR = {"مصر": "القاهرة", "السودان": "الخرطوم", "العراق": "بغداد", "اليمن": "صنعاء", "عمان": "مسقط"}


def conversation(language, number, question, answer, **further):
    turns = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return {
        "id": f"capital:{number}:{language}:0",
        "language": language,
        "relation": "capital",
        "messages": turns,
    } | further


CONVERSATIONS = [
    *(
        conversation("en", n, f"What is the capital of {country}?", f"The capital of {country} is {city}.")
        for n, (country, city) in enumerate(CAPITALS.items())
    ),
    *(
        conversation("ar", n, f"ما عاصمة {country}؟", f"عاصمة {country} هي {city}.")
        for n, (country, city) in enumerate(CAPITALS_AR.items())
    ),
]


@pytest.fixture
def conversations(tmp_path) -> str:
    return str(write_jsonl(tmp_path / "conversations.jsonl", CONVERSATIONS))


def test_wrong_choices_speak_of_what_is_asked_about(conversations, tmp_path):
    paths = write_questions(conversations, 0, tmp_path / "questions")
    assert set(paths) == {"own_ar", "own_en"}
    for task, capitals in (("own_en", CAPITALS), ("own_ar", CAPITALS_AR)):
        rows = [json.loads(line) for line in Path(paths[task]).read_text(encoding="utf-8").splitlines()]
        assert len(rows) == 5
        for row in rows:
            (country,) = [name for name in capitals if name in row["question"]]
            choices = [row[letter] for letter in "ABCD"]
            assert all(country in choice for choice in choices)
            assert len(set(choices)) == 4
            assert capitals[country] in row[row["answer"]]
    assert [len(json.loads(line)) for line in Path(paths["own_en"]).read_text().splitlines()] == [7] * 5


def test_the_same_file_makes_the_same_questions_with_right_answers_everywhere(conversations, tmp_path):
    first, second = (
        Path(write_questions(conversations, 0, tmp_path / name)["own_en"]).read_text() for name in ("a", "b")
    )
    assert first == second
    many = [(f"{n}", "k", f"q {n}", f"b{n}") for n in range(400)]
    places = pl.Series([row["answer"] for row in multiple_choice(many)]).value_counts()
    assert places["count"].min() > 70  # 100 of each on average


def test_only_what_is_wanted_is_made(monkeypatch):
    """The first of all, in as few comparisons; that yes and no are no four answers is told without any."""
    from benchmarks.league import conversations

    rows = [(f"{n}", "k", f"q {n}", f"b{n}") for n in range(40)]
    whole, compared = multiple_choice(rows), []

    def counted(*texts):
        compared.append(texts)
        return about(*texts)

    about = conversations.about
    monkeypatch.setattr(conversations, "about", counted)
    assert multiple_choice(rows, 5) == whole[:5]
    assert len(compared) == 5 * 3
    compared.clear()
    assert (
        multiple_choice([(f"{n}", "k", f"Is it {n}?", "No." if n % 2 else "Yes.") for n in range(40)]) == []
    )
    assert not compared


def test_what_makes_no_question_is_left_out(tmp_path):
    longer = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}] * 2
    rows = [
        *CONVERSATIONS,
        {"id": "x", "language": "en", "messages": longer},
        conversation("fr", 9, "q", "a"),
    ]
    rows += [conversation("en", n, "lonely", "answer", relation="alone") for n in (20, 21)]
    paths = write_questions(str(write_jsonl(tmp_path / "c.jsonl", rows)), 0, tmp_path)
    assert len(Path(paths["own_en"]).read_text().splitlines()) == 5
    for bad, message in (
        ([{"id": 1, "language": "en"}], "a conversation has language and messages"),
        ([{"id": 1, "language": "en", "messages": ["x"]}], "a conversation has language and messages"),
        (CONVERSATIONS[:2], "no language has 4 different answers"),
    ):
        with pytest.raises(BenchmarkError, match=message):
            write_questions(str(write_jsonl(tmp_path / "bad.jsonl", bad)), 0, tmp_path)
    with pytest.raises(BenchmarkError, match="no such file"):
        write_questions("nowhere.jsonl", 0, tmp_path)


@pytest.fixture(scope="module")
def finished(tiny_model, tmp_path_factory) -> Path:
    """A league of two models with held-out texts."""
    root = tmp_path_factory.mktemp("league")
    texts = [
        {"text": "The river bends twice before the lake.", "language": "en", "domain": "news"},
        {"text": "Another line of quiet prose.", "language": "en", "domain": "books"},
        {"text": "ينعطف النهر مرتين قبل البحيرة.", "language": "ar", "dialect": "msa"},
    ]
    main(
        LeagueConfig(
            output_dir=str(root / "league"),
            models={"base": str(tiny_model), "sft": str(make_model(root / "other", seed=3))},
            conversations=str(write_jsonl(root / "c.jsonl", CONVERSATIONS)),
            text=str(write_jsonl(root / "texts.jsonl", texts)),
            note="Only a toy.", device="cpu", resamples=100,
        )
    )  # fmt: skip
    return root / "league"


def test_every_model_is_scored_and_read(finished, capsys):
    league = json.loads((finished / "league.json").read_text(encoding="utf-8"))
    assert [model["name"] for model in league["models"]] == ["base", "sft"]
    assert {(row["model"], row["task"]) for row in league["scores"]} == {
        (model, task) for model in ("base", "sft") for task in ("own_ar", "own_en")
    }
    assert all(row["signature"].startswith(f"task:{row['task']}|") for row in league["scores"])
    groups = {(group["language"], group["group"]) for group in league["bits_per_byte"][0]["groups"]}
    assert {("ar", "language"), ("en", "language"), ("en", "domain")} <= groups
    assert {row["language"] for row in league["changes"]} == {"ar", "en"}
    assert all(row["measured_here"] is False for row in league["quoted"])
    with (finished / "bits.csv").open(encoding="utf-8", newline="") as stream:
        assert {row["model"] for row in csv.DictReader(stream)} == {"base", "sft"}
    assert "Quoted, not measured here" in (finished / "league.md").read_text(encoding="utf-8")


def test_the_page_shows_both_and_says_what_must_be_said(finished):
    page = (finished / "report.html").read_text(encoding="utf-8")
    for heading in (
        "Before and after",
        "Bits per byte of held-out text",
        "Models on the same items",
        "Items to read",
    ):
        assert f">{heading}</h2>" in page
    assert "Only a toy." in page
    assert "<bdi>base</bdi>: " in page  # what each model answered to an item
    assert "<script" not in page


def test_the_page_reads_right_to_left_and_fits_a_phone(finished, tmp_path):
    if BROWSER is None:
        pytest.skip(
            "no Chromium here (Debian: apt-get install chromium): the page is not looked at in a browser"
        )
    with chromium(tmp_path) as tabs:
        tab = tabs()
        tab.open((finished / "report.html").as_uri())
        lines = tab.evaluate(
            "[...document.querySelectorAll('blockquote p')].map((p) => [p.textContent, getComputedStyle(p).direction])"
        )
        assert {way for text, way in lines if text.startswith("ما عاصمة")} == {"rtl"}
        assert {way for text, way in lines if text.startswith("What is")} == {"ltr"}
        for width in (1200, 390):
            tab.resize(width)
            assert tab.evaluate("document.documentElement.scrollWidth") == width


def test_changes_are_means_over_tasks_of_the_same_items(finished):
    runs = [(finished / name, read_run(finished / name)) for name in ("base", "sft")]
    for row in changes(*runs, resamples=200, seed=0):
        task = f"own_{row['language']}"
        for directory, results in runs:
            (score,) = [s for s in results["scores"] if s["task"] == task and s["first"]]
            name = results["model"]["name"]
            assert row["before" if name == "base" else "after"] == pytest.approx(score["micro"]["value"])
            assert directory.name == name
        assert row["difference"] == pytest.approx(row["after"] - row["before"])
        assert row["low"] <= row["difference"] <= row["high"]
    same = changes(runs[0], runs[0], resamples=200, seed=0)
    assert all((row["difference"], row["low"], row["high"]) == (0, 0, 0) for row in same)


def scored(name, language, rule, value, chance=0.0):
    return {
        "task": name, "title": name, "language": language, "rule": rule, "first": True, "chance": chance, "shots": 0,
        "items": 1, "signature": "s", "micro": {"value": value, "low": 0.0, "high": 1.0},
    }  # fmt: skip


def test_accuracy_and_f1_are_never_averaged_together():
    """Two accuracies, two F1, a mark and a mass: four means, none of them over two kinds."""
    runs = [
        {
            "model": {"name": name},
            "missing": [],
            "scores": [
                scored("mmlu_ar", "ar", "letters", 0.5 + more, 0.25),
                scored("acva", "ar", "continuation", 0.7 + more, 0.5),
                scored("arcd", "ar", "f1", 0.2),
                scored("xquad_ar", "ar", "f1", 0.1),
                scored("alrage", "ar", "judged", 0.9),
                scored("truthfulqa_mc2", "en", "mass", 0.4, 0.3),
            ],
        }
        for name, more in (("a", 0.0), ("b", 0.1))
    ]
    found = means(runs[0])
    assert list(found) == [("ar", "accuracy"), ("ar", "F1"), ("ar", "mark"), ("en", "probability")]
    assert [mean.value for mean in found.values()] == pytest.approx([0.6, 0.15, 0.9, 0.4])
    assert found["ar", "accuracy"].chance == pytest.approx(0.375)
    rows = {(row["suite"], row["metric"]): row for row in suite_means(runs)}
    assert rows["arabic", "accuracy"]["means"] == pytest.approx({"a": 0.6, "b": 0.7})
    assert rows["arabic", "F1"]["tasks"] == 2
    assert rows["oall-v2", "mark"]["means"] == {"a": 0.9, "b": 0.9}
    assert ("allam", "F1") not in rows
    page = league(runs)
    assert "mean accuracy, tasks of all models (2)" in page
    assert "mean F1, tasks of all models (2)" in page
    runs[1]["scores"][2]["rule"] = "exact_match"  # of another measure than the first's
    assert suite_means(runs)[1] == {
        "suite": "arabic", "metric": "F1", "tasks": 1, "of": len(SUITES["arabic"].shots), "means": {"a": 0.1, "b": 0.1},
    }  # fmt: skip


def test_bits_of_other_texts_stand_beside_no_ones():
    """The third read other texts: its 0.5 is not the best of the row, and no "after"."""
    runs = [{"model": {"name": name}, "scores": []} for name in ("a", "b", "c")]
    read = [("texts:50|data:aaa", 1.2), ("texts:50|data:aaa", 0.9), ("texts:9|data:bbb", 0.5)]
    figures = ("bits_per_byte", "low", "high")
    bits = [
        {
            "groups": [{"group": "language", "language": "ar", "bytes": 10} | dict.fromkeys(figures, value)],
            "signature": f"{texts}|window:64|stride:32|dtype:auto|daad:1",
        }
        for texts, value in read
    ]  # fmt: skip
    told = bits_table(runs, bits)
    assert "<b>0.900</b>" in told
    assert "n/a" in told
    assert "measured on other texts: <bdi>c</bdi>" in told
    assert "0.500" not in told
    assert "other texts" not in bits_table(runs[:2], bits[:2])
    changed = [
        {
            "language": "ar",
            "metric": "accuracy",
            "models": ["a", name],
            "tasks": 1,
            "before": 0.5,
            "after": 0.5,
        }
        | {"difference": 0.0, "low": 0.0, "high": 0.0}
        for name in ("b", "c")
    ]
    page = before_and_after(runs, changed, bits)
    assert page.count("1.200") == 2
    assert page.count("0.900") == 1
    assert "0.500" not in page
    assert of_same_texts([None, *bits]) == [None, *bits[:2], None]


def test_a_stopped_league_goes_on_and_earlier_runs_stand_beside(
    finished, tiny_model, conversations, tmp_path, monkeypatch
):
    from benchmarks.model.prefix_sharing import PrefixSharingLM

    def never(*_):
        raise AssertionError("an answer was kept, and is asked for again")

    settings = {
        "conversations": conversations,
        "device": "cpu",
        "resamples": 100,
        "output_dir": str(tmp_path / "l"),
    }
    main(LeagueConfig(models={"base": str(tiny_model)}, **settings))
    monkeypatch.setattr(PrefixSharingLM, "_group_answers", never)
    main(LeagueConfig(models={"base": str(tiny_model)}, runs=str(finished / "sft"), **settings))
    league = json.loads((tmp_path / "l" / "league.json").read_text(encoding="utf-8"))
    assert [model["name"] for model in league["models"]] == ["base", "sft"]
    assert league["bits_per_byte"][0]["groups"] is None
    with pytest.raises(BenchmarkError, match="two models are called 'sft'"):
        write_league([finished / "sft", finished / "sft"], tmp_path / "x")


def test_published_scores_stand_beside_ours_and_are_marked(planted, tiny_model, tmp_path):
    data = {"mmlu_en": str(planted["mmlu_en"]), "mmlu_ar": str(planted["mmlu_ar"])}
    main(
        LeagueConfig(
            output_dir=str(tmp_path), models={"m": str(tiny_model)}, tasks="mmlu_en,mmlu_ar", data=data, device="cpu",
            resamples=100,
        )
    )  # fmt: skip
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "ALLaM-7B-instruct, quoted" in page
    assert '63.65 <small class="about">not measured here' in page


def test_items_of_two_tasks_may_have_one_id(tmp_path):
    scores = [
        {"task": name, "title": name.upper(), "rule": "letters", "first": True} for name in ("egy", "lev")
    ]
    for name, letters in (("egy", [0.0, -1.0]), ("lev", [-1.0, 0.0])):
        row = {"id": "7", "answer": 0, "choices": ["a", "b"], "letters": letters, "continuation": letters}
        write_parquet(tmp_path / "items" / f"{name}.parquet", pl.DataFrame([row]))
    sample = Sample(id="7", language="ar", lines=(), choices=("a", "b"), answer=0, chosen={}, sure=())
    results = {"model": {"name": "m"}, "scores": scores}
    found = choices_by_model([tmp_path], [results], {"EGY": [sample], "LEV": [sample]})
    assert found == {("EGY", "7"): {"m": "right"}, ("LEV", "7"): {"m": "wrong (2)"}}


def test_settings_are_checked():
    for changes_made, message in (
        ({"models": {}}, "models or runs must be given"),
        ({"tasks": ""}, "tasks or conversations must be given"),
        ({"models": {"a/b": "m"}}, "a name without slashes"),
        ({"models": {"..": "m"}}, "is no name for a directory"),
        ({"resamples": 1}, "resamples must be at least 100"),
        ({"threads": -1}, "threads must be at least 0"),
    ):
        with pytest.raises(ValueError, match=message):
            LeagueConfig(**({"output_dir": "o", "models": {"m": "d"}, "tasks": "piqa"} | changes_made))
    parsed = parse(
        LeagueConfig, "x", ["--output_dir", "o", "--models.base=a", "--models.sft=b", "--tasks", "piqa"]
    )
    assert parsed.models == {"base": "a", "sft": "b"}
