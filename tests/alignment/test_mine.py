"""Mining: planted answers are picked as they must be, drawn ones are the same however often it was stopped."""

import json
import math
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as st

from alignment.answer_language import summary as language_summary
from alignment.answer_language_config import AnswerLanguageConfig
from alignment.chat_template import load_chat_tokenizer
from alignment.errors import AlignmentError
from alignment.mine import summary
from alignment.mine_config import Judge, MineConfig, Prompts, Reward, Sampling
from alignment.mining import sampling
from alignment.mining.answer_languages import differences, mcnemar, measure
from alignment.mining.asking import read_prompts
from alignment.mining.judging import judge_answers, mark_of
from alignment.mining.picking import pick
from alignment.mining.rewards import language, no_refusal, rewards_of
from alignment.mining.running import mine
from alignment.mining.sampling import choose, generate
from alignment.preferences import read_preferences
from corpus.command_line import parse
from corpus.endpoint.settings import EndpointSettings
from corpus.errors import DaadError
from corpus.readers.streams import ByteStream

QUESTIONS = [
    ("ar", "ما عاصمة مصر؟"),
    ("en", "What is the capital of Egypt?"),
    ("ar", "ما اسم الشهر؟"),
    ("en", "x" * 200),
]


@pytest.fixture(scope="module")
def chat_model(base_model_dir: Path, chat_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("mine") / "sft"
    shutil.copytree(base_model_dir, directory)
    shutil.copytree(chat_dir, directory, dirs_exist_ok=True)
    return directory


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    path = tmp_path / "questions.jsonl"
    lines = [
        {"language": name, "kind": f"k{number}", "messages": [{"role": "user", "content": text},
                                                              {"role": "assistant", "content": "y"}]}
        for number, (name, text) in enumerate(QUESTIONS)
    ]  # fmt: skip
    path.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines))
    return path


def settings_of(chat_model: Path, questions: Path, output: Path, **more: Any) -> MineConfig:
    config = {
        "output_dir": str(output),
        "model": str(chat_model),
        "prompts": {"path": [str(questions)], "language_column": "language"},
        "sampling": {"answers": 3, "new_tokens": 6, "batch": 4},
        "reward": {"functions": {"length": 1.0}, "longest": 4, "minimum_gap": 0.01},
    } | more
    place = output.with_suffix(".yaml")
    place.write_text(yaml.safe_dump(config))
    return parse(MineConfig, "alignment.mine", ["--config", str(place)])


def test_best_and_worst_are_picked_and_every_other_prompt_is_told_why() -> None:
    rows = [
        (0, 0, "a", 0.2), (0, 1, "b", 0.9), (0, 2, "c", 0.9), (0, 3, "d", 0.1),  # b came before c
        (1, 0, "same", 0.0), (1, 1, "same", 1.0),
        (2, 0, "x", 0.5), (2, 1, "y", 0.6),
        (3, 0, " ", 1.0),
    ]  # fmt: skip
    answers = pl.DataFrame(rows, schema=["prompt", "sample", "answer", "reward"], orient="row").sample(
        fraction=1, shuffle=True, seed=1
    )
    pairs, without = pick(answers, 5, minimum_gap=0.5)
    assert pairs.rows() == [(0, "b", "d", 0.9, 0.1)]
    assert without.rows() == [(1, "one_answer"), (2, "gap_too_small"), (3, "no_answer"), (4, "no_answer")]


def test_a_gap_of_the_minimum_is_wide_enough() -> None:
    """The better answer has .5 and .2, the worse one .2: .7 - .2 falls short of .5 by rounding."""
    rows = [
        (0, 0, "a", 0.5 * 1 + 0.2 * 1),
        (0, 1, "b", 0.5 * 0 + 0.2 * 1),
        (1, 0, "a", 0.699),
        (1, 1, "b", 0.2),
    ]
    answers = pl.DataFrame(rows, schema=["prompt", "sample", "answer", "reward"], orient="row")
    pairs, without = pick(answers, 2, minimum_gap=0.5)
    assert pairs["prompt"].to_list() == [0]
    assert without.rows() == [(1, "gap_too_small")]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from("abc"), st.floats(-3, 3)), max_size=20),
    st.floats(0.01, 2),
)
def test_picking_equals_a_slow_twin(rows: list[tuple[int, str, float]], gap: float) -> None:
    columns = [(prompt, number, answer, reward) for number, (prompt, answer, reward) in enumerate(rows)]
    schema = {"prompt": pl.Int64, "sample": pl.Int64, "answer": pl.String, "reward": pl.Float64}
    found, without = pick(pl.DataFrame(columns, schema=schema, orient="row"), 4, gap)
    expected = []
    for prompt in range(4):
        first: dict[str, float] = {}
        for row in rows:
            if row[0] == prompt:
                first.setdefault(row[1], row[2])
        size = max(map(abs, first.values()), default=0.0)
        if len(first) > 1 and max(first.values()) - min(first.values()) + 1e-12 * size >= gap:
            best, worst = max(first, key=first.__getitem__), min(first, key=first.__getitem__)
            expected.append((prompt, best, worst, first[best], first[worst]))
    assert found.rows() == expected
    assert len(expected) + without.height == 4


def test_rewards_add_up_and_a_function_of_ones_own_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pl.DataFrame(
        {"question": ["ما عاصمة مصر؟"] * 3, "language": ["ar"] * 3,
         "answer": ["عاصمة مصر هي القاهرة.", "It is Cairo, of course.", "I'm sorry, but I can't help with that."]}
    )  # fmt: skip
    assert language(frame).to_list() == [1.0, 0.0, 0.0]
    assert no_refusal(frame).to_list() == [1.0, 1.0, 0.0]
    module = type(sys)("own_rewards")
    module.size = lambda frame: frame["answer"].str.len_chars()  # type: ignore[attr-defined]
    module.short = lambda frame: [1.0]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "own_rewards", module)
    found = rewards_of(
        frame, Reward(functions={"language": 2.0, "own_rewards:size": 0.1, "length": 1.0}, longest=10)
    )
    sizes = [len(answer) for answer in frame["answer"]]
    expected = [2 * right + 0.1 * size + 1 - size / 10 for right, size in zip([1, 0, 0], sizes, strict=True)]
    assert found["reward"].to_list() == pytest.approx(expected)
    for name, expected_error in (
        ("own_rewards:short", "must give one finite number for each of 3 answers"),
        ("own_rewards:missing", "cannot be loaded"),
        ("languages", "no such function"),
    ):
        with pytest.raises(AlignmentError, match=expected_error):
            rewards_of(frame, Reward(functions={name: 1.0}))


def test_a_judge_is_asked_once_and_marks_in_either_script_count(tmp_path: Path, fake_endpoint: Any) -> None:
    replies = {"good": "٩", "bad": "Mark: 2/10", "odd": "no number"}
    frame = pl.DataFrame({"question": ["q"] * 3, "language": ["en"] * 3, "answer": list(replies)})

    def answer(payload: dict[str, Any]) -> str:
        return next(
            mark
            for text, mark in replies.items()
            if f"[Answer]\n{text}\n" in payload["messages"][-1]["content"]
        )

    fake_endpoint.answer = answer
    judge = Judge(endpoint=EndpointSettings(url=fake_endpoint.url))
    marks, told = judge_answers(frame, judge, tmp_path)
    again, _ = judge_answers(frame, judge, tmp_path)
    asked = [one for one in fake_endpoint.requests if "messages" in json.dumps(one)]
    assert marks.to_list() == again.to_list() == pytest.approx([8 / 9, 1 / 9, 0.0])
    assert told["without_mark"] == 1
    assert len(asked) == 3
    assert mark_of("10.") == 1.0
    with pytest.raises(AlignmentError, match=r"judge\.endpoint\.url is empty"):
        judge_answers(frame, Judge(), tmp_path)


def test_records_are_left_out_by_key_and_drawn_by_seed(questions: Path) -> None:
    every, _ = read_prompts(Prompts(path=[str(questions)], language_column="language"))
    assert every["question"].to_list() == [text for _, text in QUESTIONS]
    assert every["language"].to_list() == [name for name, _ in QUESTIONS]
    left_out = {"kind": ["k1", "k3"]}
    some, _ = read_prompts(Prompts(path=[str(questions)], language_column="language", without=left_out))
    assert some["line"].to_list() == [1, 3]
    drawn = [
        read_prompts(Prompts(path=[str(questions)], most=2), seed)[0]["line"].to_list()
        for seed in (1, 1, 2, 3, 4)
    ]
    assert drawn[0] == drawn[1]
    assert len({tuple(one) for one in drawn}) > 1


def test_records_are_left_out_of_the_file_that_they_stand_in(questions: Path, tmp_path: Path) -> None:
    """Two files are called alike, and only the second one's records have the value."""
    other = tmp_path / "other"
    other.mkdir()
    (other / questions.name).write_text(questions.read_text().replace('"k1"', '"else"'))
    paths = [str(questions), str(other / questions.name)]
    assert read_prompts(Prompts(path=paths))[0].height == 2 * len(QUESTIONS)
    some, _ = read_prompts(Prompts(path=paths, without={"kind": ["else"]}))
    every = [text for _, text in QUESTIONS]
    assert some["question"].to_list() == every + every[:1] + every[2:]


def test_prompts_are_read_once(questions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []

    def count(stream: ByteStream, path: str, encoding: str | None = "utf-8") -> None:
        opened.append(path)
        begin(stream, path, encoding)

    begin = ByteStream.__init__
    monkeypatch.setattr(ByteStream, "__init__", count)
    read_prompts(Prompts(path=[str(questions)], without={"kind": ["k1"]}))
    assert opened == [str(questions)]


@pytest.mark.usefixtures("one_thread")
def test_likeliest_answers_equal_those_of_transformers(tiny_model: Any) -> None:
    """Prompts of unlike lengths in one batch, against each of them alone."""
    drawn = np.random.default_rng(3)
    prompts = [drawn.integers(5, 300, length).astype(np.int32) for length in (3, 9, 9, 20, 128)]
    model = tiny_model.eval()
    generator = torch.Generator().manual_seed(0)
    found = generate(model, prompts, Sampling(temperature=0, new_tokens=8), 1, generator)
    for ids, answer in zip(prompts[:-1], found[:-1], strict=True):
        given = torch.from_numpy(ids.astype(np.int64))[None]
        alone = model.generate(given, max_new_tokens=8, do_sample=False, pad_token_id=1, eos_token_id=1)
        assert answer == alone[0, len(ids) :].tolist()
    assert found[-1] == []


@pytest.mark.usefixtures("one_thread")
def test_an_answer_is_as_long_as_its_own_prompt_leaves_room(tiny_model: Any) -> None:
    """The likeliest tokens of this model never are the end."""
    prompts = [np.full(length, 7, np.int32) for length in (3, 126, 120, 127)]
    model, settings, end = tiny_model.eval(), Sampling(temperature=0, new_tokens=20), 1
    found = generate(model, prompts, settings, end, torch.Generator())
    assert [len(answer) for answer in found] == [20, 2, 8, 1]
    for ids, answer in zip(prompts, found, strict=True):
        assert generate(model, [ids], settings, end, torch.Generator()) == [answer]


def test_answers_end_where_the_template_ends_a_turn(
    chat_model: Path, questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The template marks the end of a turn by a piece of its own, and the tokenizer's end of text is another."""
    tokenizer = load_chat_tokenizer(chat_model)
    tokenizer.chat_template = "{% for turn in messages %}{{ turn['content'] + '[/INST]' }}{% endfor %}"
    end = tokenizer.convert_tokens_to_ids("[/INST]")
    assert end != tokenizer.eos_token_id

    def generate(_model: Any, prompts: Any, _settings: Any, end_id: int, _generator: Any) -> list[list[int]]:
        assert end_id == end
        return [[end] for _ in prompts]

    monkeypatch.setattr(sampling, "generate", generate)
    monkeypatch.setattr(sampling, "open_model", lambda *_: torch.nn.Identity())
    monkeypatch.setattr(torch.nn.Identity, "device", "cpu", raising=False)
    prompts, _ = read_prompts(Prompts(path=[str(questions)]))
    found = sampling.sample_answers("", tokenizer, prompts, Sampling(answers=1), tmp_path, {}, "cpu")
    assert found["ended"].all()


def test_draws_follow_the_probabilities() -> None:
    """40,000 draws of four tokens, chi-square with 3 degrees of freedom below its 99.99 % point; top_p keeps two."""
    probabilities = torch.tensor([0.5, 0.3, 0.15, 0.05])
    rows = probabilities.log().expand(40_000, 4)
    generator = torch.Generator().manual_seed(5)
    counts = choose(rows, Sampling(), generator).bincount(minlength=4)
    expected = probabilities * 40_000
    assert ((counts - expected).square() / expected).sum() < 21.1
    kept = choose(rows, Sampling(top_p=0.7), generator).bincount(minlength=4)
    assert kept[2:].sum() == 0
    assert kept[0].item() / 40_000 == pytest.approx(0.5 / 0.8, abs=0.02)
    hot = choose(rows, Sampling(temperature=100.0), generator).bincount(minlength=4)
    assert hot.min().item() / 40_000 == pytest.approx(0.25, abs=0.02)


@pytest.mark.usefixtures("one_thread")
def test_answers_of_a_cpu_are_not_taken_for_those_of_a_gpu(
    chat_model: Path, questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same model stands for both; what differs is where it is said to compute."""
    prompts, _ = read_prompts(Prompts(path=[str(questions)]))
    model = sampling.open_model(str(chat_model), "cpu")
    opened: list[str] = []

    def open_model(_path: str, device: str) -> Any:
        opened.append(device)
        return model

    monkeypatch.setattr(sampling, "open_model", open_model)
    monkeypatch.setattr(sampling, "device_of", str)
    settings, tokenizer = Sampling(answers=1, new_tokens=2), load_chat_tokenizer(chat_model)
    for device in ("cpu", "cpu", "cuda", "cuda"):
        sampling.sample_answers(str(chat_model), tokenizer, prompts, settings, tmp_path / "kept", {}, device)
    assert opened == ["cpu", "cuda"]
    keys = [json.loads(path.read_text())["device"] for path in (tmp_path / "kept").glob("*/key.json")]
    assert sorted(keys) == ["cpu", "cuda"]


@pytest.mark.usefixtures("one_thread")
def test_mined_pairs_are_read_by_dpo_and_a_stopped_run_draws_the_same(
    chat_model: Path, questions: Path, tmp_path: Path
) -> None:
    config = settings_of(chat_model, questions, tmp_path / "whole")
    manifest = mine(config)
    assert manifest["result"]["prompts"] == 4
    # The prompt of 200 letters is longer than the model's 128 positions.
    assert manifest["result"]["without_pair"].get("no_answer") == 1
    read = read_preferences(str(tmp_path / "whole/pairs.jsonl"), language_column="language")
    assert read.rejects.is_empty()
    assert read.frame.height == manifest["result"]["pairs"] > 0
    assert "pairs.jsonl" in summary(manifest, "OUT")
    other = mine(settings_of(chat_model, questions, tmp_path / "again"))
    assert other["files"] == manifest["files"]
    (part,) = (tmp_path / "again/samples").rglob("part-00000.parquet")
    part.write_bytes(part.read_bytes()[:50])
    assert mine(settings_of(chat_model, questions, tmp_path / "again"))["files"] == manifest["files"]
    seeded = settings_of(
        chat_model,
        questions,
        tmp_path / "seed",
        sampling={"answers": 3, "new_tokens": 6, "batch": 4, "seed": 7},
    )
    assert mine(seeded)["files"] != manifest["files"]


def test_mining_that_cannot_be_is_one_line(chat_model: Path, questions: Path, tmp_path: Path) -> None:
    for number, (change, expected) in enumerate(
        (
            ({"reward": {"functions": {"length": 1.0}, "minimum_gap": 9.0}}, "no pair comes of 4 prompts"),
            ({"model": str(tmp_path)}, "no tokenizer can be read there"),
            (
                {"prompts": {"path": [str(questions)], "without": {"kind": ["k0", "k1", "k2", "k3"]}}},
                "no prompt is left",
            ),
            ({"sampling": {"answers": 1}}, "at least 2 to make a pair"),
            ({"sampling": {"seed": -1}}, "seed must be at least 0 and below 2"),
        )
    ):
        with pytest.raises(DaadError, match=expected) as refused:
            mine(settings_of(chat_model, questions, tmp_path / str(number), **change))
        assert "\n" not in str(refused.value)


@pytest.mark.usefixtures("one_thread")
def test_a_model_measured_before_is_not_asked_again(
    chat_model: Path, questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "language"
    config = {
        "output_dir": str(output),
        "models": [{"name": "sft", "path": str(chat_model)}],
        "questions": {"path": [str(questions)], "language_column": "language"},
        "sampling": {"answers": 1, "new_tokens": 4},
        "resamples": 100,
    }

    def run(changes: dict[str, Any]) -> dict[str, Any]:
        place = tmp_path / "language.yaml"
        place.write_text(yaml.safe_dump(config | changes))
        return measure(parse(AnswerLanguageConfig, "alignment.answer_language", ["--config", str(place)]))

    before = run({})
    assert set(before["models"]["sft"]["shares"]) == {"all", "ar", "en"}
    monkeypatch.setattr("alignment.mining.sampling.open_model", lambda *_: pytest.fail("asked again"))
    models = [*config["models"], {"name": "copy", "path": str(chat_model)}]  # type: ignore[misc]
    after = run({"models": models})
    assert after["models"]["sft"] == before["models"]["sft"]
    assert after["differences"]["copy"]["all"]["value"] == 0
    assert "McNemar p 1 (0 lost, 0 gained)" in language_summary(after, "OUT")


def test_a_planted_gain_is_found_and_none_is_not() -> None:
    """60 of 100 right against 90 of the same 100: the interval excludes 0; against itself it is [0, 0]."""
    first = np.array([1.0] * 60 + [0.0] * 40)
    second = np.array([1.0] * 55 + [0.0] * 5 + [1.0] * 35 + [0.0] * 5)
    found = differences(first, second, ["ar", "en"] * 50, 500, 1)
    assert found["all"]["value"] == pytest.approx(0.3)
    assert found["all"]["low"] > 0.1
    assert (found["all"]["only_first"], found["all"]["only_second"]) == (5, 35)
    tail = sum(math.comb(40, k) for k in range(6))
    assert found["all"]["mcnemar"] == pytest.approx(2 * tail / 2**40)
    same = differences(first, first, ["ar", "en"] * 50, 500, 1)["all"]
    assert (same["low"], same["high"], same["mcnemar"]) == (0, 0, 1)
    assert mcnemar(0, 0) == 1


def test_settings_of_the_demo_are_sound() -> None:
    import alignment

    place = Path(alignment.__file__).parent / "configs"
    mined = parse(MineConfig, "alignment.mine", ["--config", str(place / "demo-mine.yaml")])
    measured = parse(
        AnswerLanguageConfig,
        "alignment.answer_language",
        ["--config", str(place / "demo-answer-language.yaml")],
    )
    assert measured.models[0].path == mined.model
