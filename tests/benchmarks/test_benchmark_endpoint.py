"""A model behind an endpoint scores what the same model scores as a directory; faults lose nothing."""

import json
from dataclasses import replace

import polars as pl
import pytest
from tiny_benchmarks import MCQ, MCQ_AR

from benchmarks.errors import BenchmarkError
from benchmarks.model.endpoint_model import spelled
from benchmarks.run import main
from benchmarks.run_config import RunConfig
from corpus.endpoint import EndpointError, EndpointSettings

QUICK = {"resamples": 100, "device": "cpu", "batch_size": 4}
FAST = EndpointSettings(
    model="tiny", concurrency=2, first_wait=0.02, longest_wait=0.05, attempts=3, key_variable="DAAD_TEST_KEY"
)


@pytest.fixture(autouse=True)
def _offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def run(fake, output, planted, tasks, **changes):
    data = {name: str(planted[name]) for name in tasks.split(",")}
    settings = {"endpoint": FAST, **QUICK, **changes}
    main(RunConfig(model=f"openai:{fake.url}", tasks=tasks, output_dir=str(output), data=data, **settings))
    return json.loads((output / "results.json").read_text())


def serve(fake, directory):
    """Let the fake endpoint echo with the log-probabilities of a real model, as vLLM does."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(directory)
    tokenizer = AutoTokenizer.from_pretrained(directory)

    def echo(prompt):
        ids = tokenizer(prompt).input_ids if isinstance(prompt, str) else prompt
        with torch.no_grad():
            found = torch.log_softmax(model(torch.tensor([ids])).logits[0], dim=-1)
        tokens = [tokenizer.decode([token]) for token in [*ids, int(found[-1].argmax())]]
        values = [float(found[place - 1, token]) for place, token in enumerate(ids) if place]
        top = [{tokenizer.decode([int(row.argmax())]): float(row.max())} for row in found]
        offsets = [sum(map(len, tokens[:number])) for number in range(len(tokens))]
        last = float(found[-1].max())
        return {"tokens": tokens, "token_logprobs": [None, *values, last], "text_offset": offsets,
                "top_logprobs": [None, *top]}  # fmt: skip

    fake.echo = echo


@pytest.mark.parametrize(("tasks", "tokenizer"), [("mmlu_en,arc_easy", False), ("mmlu_ar,mmlu_en", True)])
def test_the_same_model_scores_the_same_behind_an_endpoint(
    fake_endpoint, tiny_model, planted, tmp_path, tasks, tokenizer
):
    """Arabic letters are several byte pieces to this tokenizer, so there its ids are sent."""
    serve(fake_endpoint, tiny_model)
    changes = {"endpoint_tokenizer": str(tiny_model)} if tokenizer else {}
    results = run(fake_endpoint, tmp_path / "endpoint", planted, tasks, **changes)
    data = {name: str(planted[name]) for name in tasks.split(",")}
    main(RunConfig(model=str(tiny_model), tasks=tasks, output_dir=str(tmp_path / "here"), data=data, **QUICK))
    for task in tasks.split(","):
        there, here = (
            pl.read_parquet(tmp_path / where / "items" / f"{task}.parquet") for where in ("endpoint", "here")
        )
        for column in ("letters", "continuation"):
            assert there[column].explode().to_list() == pytest.approx(
                here[column].explode().to_list(), abs=1e-3
            )
    assert {score["rule"] for score in results["scores"]} >= {"letters", "continuation"}
    assert results["run"]["endpoint"]["refused"] == 0
    assert "|dtype:endpoint|" in results["scores"][0]["signature"]


def test_pieces_of_bytes_need_a_tokenizer(fake_endpoint, tiny_model, planted, tmp_path):
    serve(fake_endpoint, tiny_model)
    with pytest.raises(BenchmarkError, match="give the model's tokenizer with --endpoint_tokenizer DIR"):
        run(fake_endpoint, tmp_path, planted, "mmlu_ar")


def right_letter(payload):
    """Always right: the letter, in a sentence, whose option is right in the planted items."""
    prompt = payload["messages"][-1]["content"]
    for letters, items, said in (
        ("ABCD", MCQ, "The answer is ({})."),
        ("أبجد", MCQ_AR, "الإجابة الصحيحة هي: {}"),
    ):
        for question, _, answer in items:
            if prompt.rfind(question) == max(prompt.rfind(other) for other, *_ in items) >= 0:
                return said.format(letters[answer])
    return "لا أدري"


def test_without_log_probabilities_letters_are_read_from_chats(fake_endpoint, planted, tmp_path):
    fake_endpoint.echo = lambda prompt: {}
    fake_endpoint.answer = right_letter
    results = run(fake_endpoint, tmp_path, planted, "mmlu_en,mmlu_ar,truthfulqa_mc2")
    scores = {score["task"]: score for score in results["scores"]}
    assert set(scores) == {"mmlu_en", "mmlu_ar"}
    for task, score in scores.items():
        assert (score["rule"], score["first"], score["micro"]["value"]) == ("generated", True, 1.0)
        assert f"|rule:generated|prompt:{task[-2:]}-chat|" in score["signature"]
        assert score["unanswered"] == {"empty": 0, "unreadable": 0, "outside": 0}
    assert [row["reason"] for row in results["missing"]] == ["the endpoint tells no log-likelihoods"]
    asked = [each for each in fake_endpoint.requests if "messages" in each]
    assert asked[0]["messages"][0]["content"].startswith(
        "Answer with the letter of the right option alone.\n\n"
    )
    assert (tmp_path / "report.html").exists()


def test_a_chat_service_that_has_no_completions(fake_endpoint, planted, tmp_path):
    fake_endpoint.faults = [(404, {})]
    fake_endpoint.answer = right_letter
    (score,) = run(fake_endpoint, tmp_path, planted, "mmlu_en")["scores"]
    assert score["micro"]["value"] == 1.0


def test_written_answers_are_counted_as_they_are(fake_endpoint, planted, tmp_path):
    """GSM8K: one right by its last number, one not; ARCD: one span right, one with a word too many, one empty."""
    said = {
        "How many are left": "3*4 = ١٢، ثم ١٢-٢ = ١٠", "How much are two": "#### 3,001",
        "أين وُلد": "القاهره", "متى نال": "عام 1988 تماما", "ما الجائزة": "",
    }  # fmt: skip
    fake_endpoint.answer = lambda payload: max(
        (payload["messages"][-1]["content"].rfind(key), value) for key, value in said.items()
    )[1]
    results = run(fake_endpoint, tmp_path, planted, "gsm8k,arcd")
    scores = {(score["task"], score["rule"]): score for score in results["scores"]}
    assert scores["gsm8k", "number"]["micro"]["value"] == 0.5
    assert scores["gsm8k", "number_strict"]["micro"]["value"] == 0.0
    assert scores["gsm8k", "number"]["shots"] == 5
    assert scores["arcd", "f1"]["micro"]["value"] == pytest.approx((0 + 0.8 + 0) / 3)
    assert scores["arcd", "f1_ar"]["micro"]["value"] == pytest.approx((1 + 0.8 + 0) / 3)
    assert scores["arcd", "f1"]["unanswered"] == {"empty": 1}
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "عام 1988 تماما" in page


def test_an_endpoint_that_dies_half_way_is_resumed(fake_endpoint, planted, tmp_path):
    fake_endpoint.answer = right_letter
    fake_endpoint.dead_after = 8
    alone = replace(FAST, concurrency=1)
    with pytest.raises(EndpointError, match=r"answers are kept; the same command asks for the rest"):
        run(fake_endpoint, tmp_path, planted, "mmlu_en,gsm8k", generate=True, endpoint=alone)
    paid = len(fake_endpoint.requests)
    assert paid >= 8
    fake_endpoint.dead_after = None
    results = run(fake_endpoint, tmp_path, planted, "mmlu_en,gsm8k", generate=True)
    ledger = results["run"]["endpoint"]
    assert ledger["from_cache"] >= 8
    assert ledger["kept"]["answers"] == ledger["from_cache"] + ledger["answered"]
    assert {score["rule"] for score in results["scores"] if score["task"] == "mmlu_en"} >= {
        "letters",
        "generated",
    }


def test_an_endpoint_that_refuses_everything_is_one_error_and_goes_on(
    fake_endpoint, planted, tmp_path, capsys
):
    """Eight chats are refused with one status: one line, exit code 2; mended, the same command ends."""
    from corpus.command_line import run as command

    fake_endpoint.echo = lambda prompt: {}
    fake_endpoint.refuse = lambda payload: "messages" in payload
    arguments = [
        "--model",
        f"openai:{fake_endpoint.url}",
        "--endpoint.model",
        "tiny",
        "--output_dir",
        str(tmp_path),
    ]
    arguments += ["--tasks", "mmlu_en,mmlu_ar,gsm8k", "--resamples", "100", "--shots", "0"]
    arguments += [f"--data.{name}={planted[name]}" for name in ("mmlu_en", "mmlu_ar", "gsm8k")]
    with pytest.raises(SystemExit) as stopped:
        command(main, RunConfig, "benchmarks.run", arguments)
    said = [line for line in capsys.readouterr().err.splitlines() if "refused" in line]
    assert stopped.value.code == 2
    assert len(said) == 1
    assert (
        "every one of the first 3 requests was refused, HTTP 400 (this model's context is shorter)" in said[0]
    )
    assert "the same command asks for the rest" in said[0]
    fake_endpoint.refuse = lambda payload: False
    fake_endpoint.answer = right_letter
    with pytest.raises(SystemExit) as ended:
        command(main, RunConfig, "benchmarks.run", arguments)
    assert ended.value.code == 0
    results = json.loads((tmp_path / "results.json").read_text())
    assert {score["task"] for score in results["scores"]} == {"mmlu_en", "mmlu_ar", "gsm8k"}


def test_a_few_refusals_are_counted_and_shown(fake_endpoint, planted, tmp_path, capsys):
    fake_endpoint.echo = lambda prompt: {}
    fake_endpoint.answer = right_letter
    fake_endpoint.refuse = lambda payload: "Which is an animal?" in str(payload)
    results = run(fake_endpoint, tmp_path, planted, "mmlu_en", shots=0)
    (score,) = results["scores"]
    assert score["refused"] == {"items": 1, "first": "HTTP 400 (this model's context is shorter)"}
    assert (score["unanswered"]["empty"], score["micro"]["value"]) == (1, pytest.approx(2 / 3))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Written answers that say nothing" in page
    assert "HTTP 400 (this model&#x27;s context is shorter)" in page
    assert "1 requests were refused; the first: HTTP 400" in capsys.readouterr().out


def test_a_judge_marks_free_answers(fake_endpoint, planted, tmp_path):
    """ALRAGE: marks 10 and 4, an empty answer is 0 unasked; without a judge F1 stands alone, and that is said."""
    written = {"أين وُلد": "وُلد في القاهرة.", "متى نال": "عام 1999", "من هو": ""}
    marks = {"وُلد في القاهرة.": "[[10]]", "عام 1999": "٤"}

    def answer(payload):
        said = payload["messages"][-1]["content"]
        known = marks if "### الإجابة الصحيحة" in said else written
        return next(
            found
            for key, found in known.items()
            if key in said.rsplit("### الإجابة\n")[-1].rsplit("السؤال:")[-1]
        )

    fake_endpoint.answer = answer
    judge = replace(FAST, url=fake_endpoint.url, model="fair")
    results = run(fake_endpoint, tmp_path / "judged", planted, "alrage", judge=judge)
    scores = {score["rule"]: score for score in results["scores"]}
    assert scores["judged"]["first"]
    assert scores["judged"]["micro"]["value"] == pytest.approx((1.0 + 0.4 + 0.0) / 3)
    assert scores["judged"]["unanswered"] == {"empty": 1, "unmarked": 0}
    assert "|judge:fair-" in scores["judged"]["signature"]
    assert "|judge:" not in scores["f1_ar"]["signature"]
    assert results["run"]["judge"]["answered"] == 2
    frame = pl.read_parquet(tmp_path / "judged" / "items" / "alrage.parquet")
    assert frame["mark"].to_list() == [1.0, 0.4, 0.0]
    asked = [each["messages"][-1]["content"] for each in fake_endpoint.requests if each["model"] == "tiny"
             and "messages" in each]  # fmt: skip
    assert asked[0].startswith("أجب عن السؤال اعتمادًا على السياقات التالية.\n\nوُلد الكاتب")
    plain = run(fake_endpoint, tmp_path / "plain", planted, "alrage")
    assert [score["rule"] for score in plain["scores"] if score["first"]] == ["f1_ar"]
    assert [(row["task"], row["reason"][:19]) for row in plain["missing"]] == [
        ("alrage, marks", "they need a judge, ")
    ]


def test_prompts_that_are_too_long_are_one_line(fake_endpoint, planted, tmp_path):
    fake_endpoint.refuse = lambda payload: "animal" in str(payload)
    with pytest.raises(
        BenchmarkError, match=r"refuses \d+ of \d+ prompts \(HTTP 400 .*serve the model with a longer"
    ):
        run(fake_endpoint, tmp_path, planted, "mmlu_en")


@pytest.mark.parametrize(
    ("tokens", "text", "start", "found"),
    [
        (["a", " b", " c", "!"], "a b c", 3, (2, 3)),
        (["<s>", "a", " b", " c", "!"], "a b c", 1, (2, 4)),
        (["a", " b c", "!"], "a b c", 3, (1, 2)),
        (["a", " \ufffd", "\ufffd", "!"], "a ب", 2, (0, -1)),
        (["a", " b"], "a b c", 1, (0, -1)),
        ([], "a", 0, (0, -1)),
    ],
)
def test_tokens_that_spell_a_prompt(tokens, text, start, found):
    assert spelled(tokens, text, start) == found


def test_an_address_belongs_into_model():
    with pytest.raises(ValueError, match="give --model openai:http://host/v1"):
        RunConfig(model="m", tasks="piqa", output_dir="o", endpoint=EndpointSettings(url="http://host/v1"))
    named = RunConfig(model="openai:http://host:80/v1", tasks="piqa", output_dir="o")
    assert named.model_name == "host:80"
