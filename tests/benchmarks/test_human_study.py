"""Reading a study, each annotator's way through it, the store, and what is refused."""

import json
import sqlite3
import threading
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tiny_benchmarks import write_jsonl

from benchmarks.errors import BenchmarkError
from benchmarks.human.__main__ import main
from benchmarks.human.desk import Desk, lines
from benchmarks.human.exporting import write_exports
from benchmarks.human.schedule import units, way
from benchmarks.human.server import make_server
from benchmarks.human.settings import AgreementConfig, ExportConfig, ServeConfig
from benchmarks.human.store import FILE, Click, Store
from benchmarks.human.study import read_study
from benchmarks.human.summary import summarize_directory

QUESTIONS = [
    {"id": f"q{n}", "prompt": prompt, "answers": {"base": f"base {n}", "sft": f"sft {n}", "dpo": f"dpo {n}"}}
    for n, prompt in enumerate(
        ["ما عاصمة السودان؟", "Why is the sky blue?", "اكتب بيتًا.", "What is two and two?"]
    )
]


@pytest.fixture
def questions(tmp_path) -> str:
    return str(write_jsonl(tmp_path / "q.jsonl", QUESTIONS))


def test_one_file_or_one_for_each_model_are_the_same_study(questions, tmp_path):
    bare = write_jsonl(tmp_path / "bare.jsonl", [{k: q[k] for k in ("id", "prompt")} for q in QUESTIONS])
    files = {
        model: str(
            write_jsonl(
                tmp_path / f"{model}.jsonl",
                [{"id": q["id"], "response": q["answers"][model]} for q in QUESTIONS],
            )
        )
        for model in ("base", "sft", "dpo")
    }
    one, several = read_study(questions, {}), read_study(str(bare), files)
    assert one == several
    assert one.models == ("base", "sft", "dpo")
    assert [q.language for q in one.questions] == ["ar", "en", "ar", "en"]


def test_files_of_fastchat_are_understood(tmp_path):
    asked = write_jsonl(tmp_path / "question.jsonl", [{"question_id": 81, "turns": ["Compose.", "Rewrite."]}])
    answered = write_jsonl(
        tmp_path / "model.jsonl", [{"question_id": 81, "choices": [{"index": 0, "turns": ["A", "B"]}]}]
    )
    (question,) = read_study(str(asked), {"m": str(answered)}).questions
    one_turn = write_jsonl(
        tmp_path / "vicuna.jsonl", [{"question_id": 81, "text": "كيف أنظم وقتي؟", "category": "x"}]
    )
    assert read_study(str(one_turn), {"m": str(answered)}).questions[0].language == "ar"
    assert (question.prompt, question.answers) == ("Compose.\n\nRewrite.", {"m": "A\n\nB"})


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"id": 1}], "a prompt is missing"),
        ([{"prompt": "p"}], "an id is missing"),
        ([{"id": 1, "prompt": "  ", "answers": {"a": "x"}}], "the prompt is empty"),
        ([{"id": 1, "prompt": "p"}] * 2, "id '1' is there twice"),
        ([{"id": 1, "prompt": "p"}], "no answers there"),
        ([{"id": 1, "prompt": "p", "answers": ["x"]}], "answers must be an object"),
    ],
)
def test_bad_files_are_one_line(tmp_path, rows, message):
    with pytest.raises(BenchmarkError, match=message) as caught:
        read_study(str(write_jsonl(tmp_path / "q.jsonl", rows)), {})
    assert "\n" not in str(caught.value)


def test_answers_to_what_was_not_asked_are_refused(questions, tmp_path):
    other = write_jsonl(tmp_path / "a.jsonl", [{"id": "elsewhere", "answer": "x"}])
    with pytest.raises(BenchmarkError, match="id 'elsewhere' is no question's"):
        read_study(questions, {"m": str(other)})
    with pytest.raises(BenchmarkError, match="no such file"):
        read_study("nowhere.jsonl", {})


def test_every_annotator_has_a_way_of_their_own_and_balanced_sides(questions):
    things = units(read_study(questions, {}), "compare")
    assert len(things) == 12
    first, again, other = way(things, "Layla", 0), way(things, "Layla", 0), way(things, "Omar", 0)
    assert first == again != other
    assert {place.unit.id for place in first} == {thing.id for thing in things}
    assert sum(place.shown != place.unit.models for place in first) == 6
    assert way(things, "Layla", 1) != first


def test_fewer_pairs_are_spread_over_all(questions):
    things = units(read_study(questions, {}), "compare", pairs_per_question=1)
    assert [thing.models for thing in things] == [
        ("base", "sft"),
        ("base", "dpo"),
        ("sft", "dpo"),
        ("base", "sft"),
    ]
    assert len(units(read_study(questions, {}), "rate")) == 12


def test_names_of_models_are_never_in_what_is_shown(questions, tmp_path):
    study = read_study(questions, {})
    store = Store(tmp_path / FILE)
    desk = Desk(study, units(study, "compare"), store, mode="compare", criteria=(), seed=0)
    shown = desk.state("Layla")
    assert set(shown) == {
        "annotator",
        "number",
        "total",
        "done",
        "language",
        "prompt",
        "answers",
        "values",
        "comment",
    }
    assert not {"model", "base", "sft", "dpo"} & set(json.dumps(sorted(shown)).split('"'))
    store.close()


def test_each_line_has_its_own_direction():
    assert lines("السطر الأول\nsecond line\n12", "ar") == [
        {"text": "السطر الأول", "dir": "rtl"},
        {"text": "second line", "dir": "ltr"},
        {"text": "12", "dir": "rtl"},
    ]


def click(annotator="A", value="first", unit="u", criterion="preference"):
    return Click(
        annotator=annotator, unit=unit, question="q", shown_first="m", shown_second="n", criterion=criterion,
        value=value, seconds=1.0,
    )  # fmt: skip


def test_clicks_are_added_and_the_last_counts(tmp_path):
    store = Store(tmp_path / FILE)
    for value in ("first", "tie", "second"):
        store.add(click(value=value))
    store.add(click(annotator="B"))
    assert store.latest_of("A") == {("u", "preference"): "second"}
    assert store.frame().select("annotator", "value").rows() == [("A", "second"), ("B", "first")]
    store.close()
    with sqlite3.connect(tmp_path / FILE) as connection:
        assert connection.execute("SELECT count(*) FROM clicks").fetchone() == (4,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_many_threads_lose_no_click(tmp_path):
    store = Store(tmp_path / FILE)

    def work(name):
        for number in range(25):
            store.add(click(annotator=name, unit=str(number)))

    threads = [threading.Thread(target=work, args=(f"a{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.frame().height == 150
    store.close()


@pytest.mark.parametrize(
    ("annotator", "number", "criterion", "value"),
    [
        ("", 0, "preference", "first"), ("a  b", 0, "preference", "first"), ("x" * 61, 0, "preference", "first"),
        ("A", 99, "preference", "first"), ("A", -1, "preference", "first"), ("A", 0, "preference", "best"),
        ("A", 0, "fluency", "3"), ("A", 0, "comment", "x" * 10_001),
    ],
)  # fmt: skip
def test_what_is_no_judgment_is_refused(questions, tmp_path, annotator, number, criterion, value):
    study = read_study(questions, {})
    store = Store(tmp_path / FILE)
    desk = Desk(study, units(study, "compare"), store, mode="compare", criteria=(), seed=0)
    with pytest.raises(BenchmarkError):
        desk.click(annotator, number, criterion, value, 1.0)
    assert store.frame().is_empty()
    store.close()


def judged(questions: str, output: Path, mode="compare", names=("Layla", "عمر")) -> Path:
    """A study that two annotators went through: one prefers sft, the other says tie on every third."""
    study = read_study(questions, {})
    server = make_server(ServeConfig(output_dir=str(output), questions=questions, port=0, mode=mode))
    desk, things = server.desk, units(study, mode)
    for name in names:
        for number, place in enumerate(way(things, name, 0)):
            if mode == "rate":
                points = {"base": 2, "sft": 4, "dpo": 5}[place.shown[0]] - (
                    name == names[1] and number % 3 == 0
                )
                for criterion in ("fluency", "correctness", "dialect"):
                    desk.click(name, number, criterion, str(points), 2.0)
                continue
            rank = [("base", "sft", "dpo").index(model) for model in place.shown]
            value = (
                "tie" if name == names[1] and number % 3 == 0 else "first" if rank[0] > rank[1] else "second"
            )
            desk.click(name, number, "preference", value, 2.0)
    desk.click(names[0], 0, "comment", "<script>alert(1)</script> جيد", 3.0)
    server.server_close()
    return output


def test_export_turns_clicks_into_models(questions, tmp_path):
    output = judged(questions, tmp_path / "study")
    told = write_exports(ExportConfig(output_dir=str(output), resamples=100))
    assert "report.html" in told[0]
    rows = pl.read_csv(output / "judgments.csv")
    assert rows.height == 24
    assert pl.read_ndjson(output / "judgments.jsonl").height == 24
    sides = (
        rows.filter(pl.col("outcome") != "tie")
        .select("left", "right", "outcome")
        .unique()
        .sort("left", "right")
    )
    assert sides.rows() == [("base", "dpo", "right"), ("base", "sft", "right"), ("dpo", "sft", "left")]
    results = json.loads((output / "results.json").read_text())
    assert [row["model"] for row in results["ranking"]] == ["dpo", "sft", "base"]
    assert results["pairs"][0] == {
        "models": ["base", "dpo"],
        "outcomes": {
            "left": 0,
            "tie": rows.filter(left="base", right="dpo", outcome="tie").height,
            "both_bad": 0,
        }
        | {"right": rows.filter(left="base", right="dpo", outcome="right").height},
    }
    layla, omar = results["annotators"]
    assert (layla["annotator"], omar["annotator"], layla["judgments"]) == ("Layla", "عمر", 12)
    page = (output / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; جيد" in page


def test_agreement_counts_by_hand(questions, tmp_path, capsys):
    """They agree on 8 of 12 units; the other 4 are a tie against a win."""
    output = judged(questions, tmp_path / "study")
    with pytest.raises(SystemExit) as stop:
        main(["agreement", "--output_dir", str(output), "--resamples", "100"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    results = (
        json.loads((output / "results.json").read_text()) if (output / "results.json").exists() else None
    )
    assert results is None  # agreement writes nothing
    assert "on 12 units with several annotators" in text
    assert text.index("dpo  ") < text.index("sft  ") < text.index("base  ")


def test_an_annotator_may_have_any_name(questions, tmp_path):
    """As a column of the table that agreement is computed from is called."""
    output = judged(questions, tmp_path / "study", names=("unit", "by"))
    summary = summarize_directory(AgreementConfig(output_dir=str(output), resamples=100))
    assert summary["agreement"]["preference"]["nominal"]["units"] == 12


def test_ratings_are_means_over_questions(questions, tmp_path):
    output = judged(questions, tmp_path / "study", mode="rate")
    write_exports(ExportConfig(output_dir=str(output), resamples=100))
    results = json.loads((output / "results.json").read_text())
    fluency = {row["model"]: row["value"] for row in results["ratings"] if row["criterion"] == "fluency"}
    rows = pl.read_csv(output / "judgments.csv").filter(pl.col("criterion") == "fluency")
    by_hand = {
        model: np.mean([group["value"].mean() for _, group in rows.filter(left=model).group_by("question")])
        for model in fluency
    }
    assert fluency == pytest.approx(by_hand)
    assert set(results["agreement"]) == {"fluency", "correctness", "dialect"}


def test_another_study_does_not_go_into_the_same_file(questions, tmp_path):
    def config(**changes):
        return ServeConfig(
            **({"output_dir": str(tmp_path / "s"), "questions": questions, "port": 0} | changes)
        )

    make_server(config()).server_close()
    make_server(config()).server_close()
    for changes in ({"seed": 1}, {"mode": "rate"}, {"pairs_per_question": 1}):
        with pytest.raises(BenchmarkError, match="holds judgments of other questions"):
            make_server(config(**changes))
    (tmp_path / "s2").mkdir()
    (tmp_path / "s2" / FILE).write_bytes(b"not a database, not at all, whatever it says" * 30)
    with pytest.raises(BenchmarkError, match=r"judgments cannot be kept there .* choose another directory"):
        make_server(config(output_dir=str(tmp_path / "s2")))


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "'' is no command"),
        (["play"], 2, "'play' is no command: give one of serve, agreement, export"),
        (["agreement", "--output_dir", "nowhere"], 2, "give the output_dir of benchmarks.human serve"),
        (
            ["serve", "--output_dir", "o", "--questions", "q", "--port", "70000"],
            2,
            "port must be from 0 to 65535",
        ),
        (
            ["serve", "--output_dir", "o", "--questions", "q", "--mode", "rate", "--criteria", "[]"],
            2,
            "criteria",
        ),
    ],
)
def test_mistakes_are_one_line(capsys, arguments, code, message):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == code
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_nobody_judged_yet(questions, tmp_path):
    make_server(ServeConfig(output_dir=str(tmp_path / "s"), questions=questions, port=0)).server_close()
    with pytest.raises(BenchmarkError, match="nobody judged anything yet"):
        write_exports(ExportConfig(output_dir=str(tmp_path / "s")))
