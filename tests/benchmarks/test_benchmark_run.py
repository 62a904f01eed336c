"""The commands: every planted task through one run, stopped and continued, compared, reported, and refused."""

import csv
import json
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest
from tiny_benchmarks import MCQ, make_model, write_jsonl

from benchmarks.bits_config import BitsConfig
from benchmarks.compare import main as compare
from benchmarks.compare_config import CompareConfig
from benchmarks.comparison import compare_runs
from benchmarks.errors import BenchmarkError
from benchmarks.model_card.settings import CardConfig
from benchmarks.report.writing import read_run, write_reports
from benchmarks.run import main
from benchmarks.run_config import RunConfig
from benchmarks.safety.settings import SafetyConfig
from benchmarks.translate_config import TranslateConfig
from corpus.command_line import parse, run

QUICK = {"resamples": 100, "device": "cpu", "batch_size": 4}


@pytest.fixture(autouse=True)
def _offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="module")
def finished(tiny_model, planted, tmp_path_factory):
    """A run of all suites over all planted files."""
    output = tmp_path_factory.mktemp("run") / "first"
    data = {name: str(path) for name, path in planted.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        main(
            RunConfig(
                model=str(tiny_model), tasks="arabic,english", output_dir=str(output), data=data, **QUICK
            )
        )
    return output


def test_every_planted_task_is_scored(finished, planted):
    results = json.loads((finished / "results.json").read_text(encoding="utf-8"))
    assert {score["task"] for score in results["scores"]} == set(planted)
    assert [row["task"] for row in results["missing"]] == ["alrage, marks"]  # no judge is given
    for score in results["scores"]:
        assert 0 <= score["micro"]["low"] <= score["micro"]["value"] <= score["micro"]["high"] <= 1
        parts = dict(part.split(":", 1) for part in score["signature"].split("|"))
        assert (parts["task"], parts["rule"], parts["prompt"]) == (
            score["task"],
            score["rule"],
            score["language"],
        )
    first = [score for score in results["scores"] if score["first"]]
    assert len(first) == len({score["task"] for score in results["scores"]})


def test_scores_are_those_of_the_kept_responses(finished):
    results = json.loads((finished / "results.json").read_text(encoding="utf-8"))
    frame = pl.read_parquet(finished / "items" / "arc_easy.parquet")
    for rule, length in (("per_character", len), ("per_byte", lambda text: len(text.encode()))):
        right = sum(
            max(range(4), key=lambda n: row["continuation"][n] / length(row["choices"][n])) == row["answer"]
            for row in frame.iter_rows(named=True)
        )
        (score,) = [s for s in results["scores"] if (s["task"], s["rule"]) == ("arc_easy", rule)]
        assert score["micro"]["value"] == pytest.approx(right / frame.height)


def test_csv_and_markdown_hold_every_score(finished):
    results = json.loads((finished / "results.json").read_text(encoding="utf-8"))
    with (finished / "results.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["signature"] for row in rows] == [score["signature"] for score in results["scores"]]
    assert (finished / "results.md").read_text(encoding="utf-8").count("\n| tiny |") == len(rows)


class _Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.text = [], [], [], []

    def handle_starttag(self, tag, attributes):
        known = dict(attributes)
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)
        self.ids += [known["id"]] if "id" in known else []
        self.links += [known["href"]] if "href" in known else []

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_is_whole_and_reads_right_to_left(finished):
    page = (finished / "report.html").read_text(encoding="utf-8")
    parser = _Page()
    parser.feed(page)
    assert parser.open == []
    assert {link.removeprefix("#") for link in parser.links} <= set(parser.ids)
    assert "http" not in "".join(parser.links)
    assert '<p dir="rtl">' in page
    assert "Quoted, not measured" in "".join(parser.text)


def test_a_stopped_run_goes_on_where_it_was(tiny_model, planted, tmp_path, monkeypatch):
    """The model dies after three contexts; the next run asks only for the rest, and the results are the same."""
    from benchmarks.model.prefix_sharing import PrefixSharingLM

    def config(name):
        data = {"mmlu_en": str(planted["mmlu_en"])}
        return RunConfig(
            model=str(tiny_model), tasks="mmlu_en", output_dir=str(tmp_path / name), data=data, **QUICK
        )

    whole = PrefixSharingLM._group_answers
    asked = []

    def dying(self, group):
        for member, answers in whole(self, group):
            asked.append(member)
            yield member, answers
            if len(asked) == 5:
                raise KeyboardInterrupt

    monkeypatch.setattr(PrefixSharingLM, "_group_answers", dying)
    with pytest.raises(KeyboardInterrupt):
        main(config("stopped"))
    assert not (tmp_path / "stopped" / "results.json").exists()
    stopped_at = len(asked)
    main(config("stopped"))
    main(config("whole"))
    monkeypatch.undo()
    again, direct = (
        json.loads((tmp_path / name / "results.json").read_text()) for name in ("stopped", "whole")
    )
    assert [score["signature"] for score in again["scores"]] == [
        score["signature"] for score in direct["scores"]
    ]
    assert [score["micro"] for score in again["scores"]] == [score["micro"] for score in direct["scores"]]
    frames = [pl.read_parquet(tmp_path / name / "items" / "mmlu_en.parquet") for name in ("stopped", "whole")]
    for column in ("letters", "continuation"):  # other batches, other noise
        ours, theirs = (frame[column].explode().to_list() for frame in frames)
        assert ours == pytest.approx(theirs, abs=1e-4)
    contexts = 2 * len(MCQ) + 2  # two of them are tried both ways at the start
    assert len(asked) - stopped_at == 2 * contexts - 3


def test_two_runs_beside_one_another(finished, planted, tmp_path, capsys):
    other = make_model(tmp_path / "other", seed=4)
    output = tmp_path / "second"
    data = {name: str(planted[name]) for name in ("mmlu_en", "mmlu_ar")}
    config = RunConfig(
        model=str(other),
        tasks="mmlu_en,mmlu_ar",
        output_dir=str(output),
        data=data,
        beside=str(finished),
        **QUICK,
    )
    main(config)
    page = (output / "report.html").read_text(encoding="utf-8")
    assert "Models on the same items" in page
    compare(
        CompareConfig(first=str(finished), second=str(output), output=str(tmp_path / "c.json"), resamples=100)
    )
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith(("mmlu_en", "mmlu_ar")) and "letters" in line for line in lines) >= 2
    found = json.loads((tmp_path / "c.json").read_text())
    first, second = (pl.read_parquet(run / "items" / "mmlu_en.parquet") for run in (finished, output))
    decided = [frame["letters"].list.arg_max() == frame["answer"] for frame in (first, second)]
    (row,) = [row for row in found if (row["task"], row["rule"]) == ("mmlu_en", "letters")]
    assert row["only_first"] == int((decided[0] & ~decided[1]).sum())
    assert row["items"] == 3


def test_two_runs_of_one_name_are_refused_before_a_model_is_asked(tiny_model, planted, finished, tmp_path):
    """Their columns could not be told apart."""
    config = RunConfig(
        model="no/such/model", name="tiny", tasks="mmlu_en", output_dir=str(tmp_path / "second"),
        data={"mmlu_en": str(planted["mmlu_en"])}, beside=str(finished), **QUICK,
    )  # fmt: skip
    with pytest.raises(BenchmarkError, match="runs: two models are called 'tiny'"):
        main(config)
    with pytest.raises(BenchmarkError, match="runs: two models are called 'tiny'"):
        write_reports([finished, finished])


def test_a_checkpoint_called_model_has_the_name_of_its_run(tmp_path, monkeypatch):
    """As training leaves them: out/base/model beside out/sft/model."""
    paths = ("out/base/model", str(tmp_path / "sft" / "model"), "out/tiny", ".")
    monkeypatch.chdir(tmp_path)
    found = [
        {
            RunConfig(model=path, tasks="mmlu_en", output_dir="o").model_name,
            BitsConfig(model=path, text="t", output_dir="o").model_name,
            TranslateConfig(model=path, data="d", output_dir="o").model_name,
            SafetyConfig(model=path, output_dir="o").model_name,
            CardConfig(model=path, output_dir="o").model_name,
        }
        for path in paths
    ]
    assert found == [{"base"}, {"sft"}, {"tiny"}, {tmp_path.name}]


def test_limits_and_shuffled_options_are_in_the_signature(tiny_model, planted, tmp_path):
    config = RunConfig(
        model=str(tiny_model), tasks="mmlu_en", output_dir=str(tmp_path), data={"mmlu_en": str(planted["mmlu_en"])},
        limit=2, shots=3, shuffle_options=True, prompt_language="ar", seed=5, **QUICK,
    )  # fmt: skip
    main(config)
    (first, *_) = json.loads((tmp_path / "results.json").read_text())["scores"]
    assert "prompt:ar|shots:3|items:2|" in first["signature"]
    assert "|options:shuffled-5|" in first["signature"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "nowhere"}, "no config.json there"),
        ({"tasks": "mmlu_eng"}, "did you mean 'mmlu_en'"),
        ({"tasks": "etec"}, "not published: give its files with --data.etec=PATH"),
        ({"data": {"mmlu": "x"}}, "data.mmlu: no task has this name"),
        ({"data": {"mmlu_en": "nowhere.csv"}}, "nowhere.csv: no such file"),
        ({"shots": 9}, "9 shots are asked for"),
    ],
)
def test_mistakes_are_one_line(tiny_model, planted, tmp_path, changes, message):
    settings = {
        "model": str(tiny_model), "tasks": "mmlu_en", "output_dir": str(tmp_path),
        "data": {"mmlu_en": str(planted["mmlu_en"])},
    }  # fmt: skip
    with pytest.raises(BenchmarkError, match=message) as caught:
        main(RunConfig(**(settings | changes), **QUICK))
    assert "\n" not in str(caught.value)


def test_a_suite_without_a_network_is_na_and_not_an_end(tiny_model, planted, tmp_path, monkeypatch):
    """The hub cannot be reached: tasks with a path are scored all the same."""
    import datasets

    def unreachable(*_, **__):
        raise ConnectionError("no route to the hub")

    monkeypatch.delenv("HF_HUB_OFFLINE")
    for name in ("load_dataset", "get_dataset_config_names"):
        monkeypatch.setattr(datasets, name, unreachable)
    data = {"mmlu_ar": str(planted["mmlu_ar"])}
    main(
        RunConfig(model=str(tiny_model), tasks="allam", output_dir=str(tmp_path), data=data, shots=0, **QUICK)
    )
    results = json.loads((tmp_path / "results.json").read_text())
    assert {score["task"] for score in results["scores"]} == {"mmlu_ar"}
    reasons = {row["task"]: row["reason"] for row in results["missing"]}
    assert "no route to the hub" in reasons["acva"]
    assert reasons["etec"] == "not published, and no --data.etec is given"
    assert reasons["MT-Bench, Arabic and English"] == "benchmarks.judge scores it"
    with pytest.raises(BenchmarkError, match=r"give a local copy with --data\.acva PATH"):
        main(RunConfig(model=str(tiny_model), tasks="acva", output_dir=str(tmp_path), **QUICK))


def test_a_broken_model_is_one_line(tmp_path, planted):
    directory = make_model(tmp_path / "broken")
    (directory / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(BenchmarkError, match="transformers cannot load it"):
        main(
            RunConfig(
                model=str(directory), tasks="mmlu_en", output_dir=str(tmp_path / "o"),
                data={"mmlu_en": str(planted["mmlu_en"])}, **QUICK,
            )
        )  # fmt: skip


def test_rows_that_are_no_items_are_counted_and_shown(tiny_model, tmp_path, capsys):
    rows = [{"query": "Question: q", "choices": ["a", "b"], "gold": gold} for gold in (0, 1, 2)]
    path = write_jsonl(tmp_path / "arc.jsonl", rows)
    main(
        RunConfig(
            model=str(tiny_model),
            tasks="arc_easy",
            output_dir=str(tmp_path / "o"),
            data={"arc_easy": str(path)},
            **QUICK,
        )
    )
    assert "1 rows are no items, the first: arc.jsonl row 3" in capsys.readouterr().out


def test_the_command_line_takes_paths_by_task():
    parsed = parse(
        RunConfig, "benchmarks.run",
        ["--model", "m", "--tasks", "arabic,piqa", "--output_dir", "o", "--data.piqa=p.jsonl", "--data.acva", "a"],
    )  # fmt: skip
    assert parsed.data == {"piqa": "p.jsonl", "acva": "a"}
    assert parsed.task_names == ["arabic", "piqa"]


def test_a_mistake_ends_with_exit_code_2(capsys):
    with pytest.raises(SystemExit) as stop:
        run(
            main,
            RunConfig,
            "benchmarks.run",
            ["--model", "m", "--tasks", "x", "--output_dir", "o", "--limit", "-1"],
        )
    assert stop.value.code == 2
    assert "limit must be at least 0, got -1" in capsys.readouterr().err


def test_help_loads_neither_torch_nor_lm_eval():
    code = (
        "import sys, runpy; sys.argv = ['x', '--help']\n"
        "try: runpy.run_module('benchmarks.run', run_name='__main__')\n"
        "except SystemExit: pass\n"
        "assert not {'torch', 'lm_eval', 'transformers'} & set(sys.modules)"
    )
    subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, cwd=Path(__file__).parents[2]
    )


def test_the_documented_table_is_made_from_the_definitions():
    from benchmarks.tasks.table import markdown

    text = (Path(__file__).parents[2] / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert markdown() in text


def test_a_chat_template_stands_in_the_signature_and_keeps_scores_apart(tiny_model, planted, tmp_path):
    """A model without one: "yes" is a mistake, "auto" asks as before; one with one says so in every signature."""
    from transformers import AutoTokenizer

    data = {"arc_easy": str(planted["arc_easy"])}
    settings = {"tasks": "arc_easy", "data": data, **QUICK}
    with pytest.raises(BenchmarkError, match="no chat template: set --apply_chat_template auto or no"):
        main(
            RunConfig(
                model=str(tiny_model), output_dir=str(tmp_path / "x"), apply_chat_template="yes", **settings
            )
        )
    main(
        RunConfig(
            model=str(tiny_model), output_dir=str(tmp_path / "a"), apply_chat_template="auto", **settings
        )
    )
    chats = tmp_path / "chats"
    shutil.copytree(tiny_model, chats)
    tokenizer = AutoTokenizer.from_pretrained(chats)
    tokenizer.chat_template = (
        "{% for turn in messages %}<{{ turn.role }}>{{ turn.content }}{% endfor %}<assistant>"
    )
    tokenizer.save_pretrained(chats)
    main(RunConfig(model=str(chats), output_dir=str(tmp_path / "b"), apply_chat_template="auto", **settings))
    plain, templated = (
        json.loads((tmp_path / name / "results.json").read_text(encoding="utf-8"))["scores"] for name in "ab"
    )
    assert all("|prompt:en|" in score["signature"] for score in plain)
    assert all("|prompt:en-template|" in score["signature"] for score in templated)
    runs = [(tmp_path / name, read_run(tmp_path / name)) for name in "ab"]
    assert compare_runs(*runs, resamples=100, seed=0) == []
