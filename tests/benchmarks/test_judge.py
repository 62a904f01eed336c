"""Judged answers against a server that judges as it is told, with faults: verdicts, orders, agreement, cost."""

import json
from dataclasses import replace
from itertools import product

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_benchmarks import write_jsonl

from benchmarks.errors import BenchmarkError
from benchmarks.judge import main
from benchmarks.judge_config import JudgeConfig, named
from benchmarks.judged.agreement import agreements, cohen_kappa
from benchmarks.judged.judging import SCHEMA, units
from benchmarks.judged.prompts import messages, read_templates
from benchmarks.judged.questions import Question, read_answers, read_questions
from benchmarks.judged.summary import pairs, ratings, settled
from benchmarks.judged.verdicts import mark, rating, turned, verdict
from corpus.endpoint import EndpointError, EndpointSettings

QUESTIONS = [
    {"question_id": 81, "category": "writing", "turns": ["Write a line.", "Now a shorter one."]},
    {
        "question_id": 111,
        "category": "math",
        "turns": ["What is 2+2?", "And 3+3?"],
        "reference": ["It is 4.", "6"],
    },
    {"question_id": 1, "category": "generic", "text": "ما فائدة {القراءة}؟"},
]
FAST = EndpointSettings(
    first_wait=0.01,
    longest_wait=0.02,
    attempts=3,
    key_variable="DAAD_TEST_KEY",
    price_input=1.0,
    price_output=2.0,
)


@pytest.fixture
def questions(tmp_path):
    return str(write_jsonl(tmp_path / "questions.jsonl", QUESTIONS))


def answers(path, text):
    rows = [
        {"question_id": row["question_id"], "model_id": "m",
         "choices": [{"index": 0, "turns": [f"{text} {n}" for n in range(len(row.get("turns", [0])))]}]}
        for row in QUESTIONS
    ]  # fmt: skip
    return str(write_jsonl(path, rows))


def run(output, questions, models, judges, **changes):
    changes = {"judge_endpoint": FAST, **changes}
    main(
        JudgeConfig(
            questions=questions, models=models, judges=judges, output_dir=str(output),
            answer_endpoint=FAST, resamples=100, **changes,
        )
    )  # fmt: skip
    return json.loads((output / "judged.json").read_text())


def by_quality(payload):
    """A fair judge: "gold" answers are worth 9 and beat "tin", worth 3; of equal ones it says tie."""
    said = payload["messages"][-1]["content"]
    if "Assistant A" not in said:
        return f"Fine. Rating: [[{9 if 'gold' in said else 3}]]"
    first, second = (
        ("gold" in part) for part in said.split("# Assistant B" if "# Assistant B" in said else "Assistant B")
    )
    return "[[C]]" if first == second else "[[A]]" if first else "[[B]]"


def test_a_fair_judge(fake_endpoint, questions, tmp_path, capsys):
    fake_endpoint.answer = by_quality
    models = f"good={answers(tmp_path / 'good.jsonl', 'gold')},bad={answers(tmp_path / 'bad.jsonl', 'tin')}"
    found = run(tmp_path / "o", questions, models, f"fair=openai:{fake_endpoint.url}")["summary"]
    means = {row["model"]: row for row in found["ratings"]}
    assert (means["good"]["mean"], means["bad"]["mean"]) == (9.0, 3.0)
    assert means["good"]["answers"] == 5
    assert means["good"]["by_turn"] == {"1": 9.0, "2": 9.0}
    assert set(means["good"]["by_category"]) == {"writing", "math", "generic"}
    (pair,) = found["pairs"]
    assert pair["models"] == ["bad", "good"]
    assert (pair["wins"], pair["ties"], pair["losses"], pair["consistent"]) == (0, 0, 5, 1.0)
    assert found["judges"] == [
        {"judge": "fair", "judgments": 20, "asked_again": 0, "unreadable": 0, "refused": 0}
    ]
    assert "bad against good: 0 won, 0 tied, 5 lost; 100 % hold in both orders" in capsys.readouterr().out
    page = (tmp_path / "o" / "judged.html").read_text(encoding="utf-8")
    assert "hold in both orders" in page
    assert "://" not in page
    assert read_answers(
        tmp_path / "o" / "answers" / "good.jsonl", read_questions(tmp_path / "questions.jsonl")
    )


def test_a_judge_that_follows_the_place_settles_nothing(fake_endpoint, questions, tmp_path):
    """Always A: no pair holds in both orders, all count as ties, and the place is named."""
    fake_endpoint.answer = lambda payload: "[[A]]"
    models = f"good={answers(tmp_path / 'good.jsonl', 'gold')},bad={answers(tmp_path / 'bad.jsonl', 'tin')}"
    found = run(tmp_path / "o", questions, models, f"j=openai:{fake_endpoint.url}", modes="pairwise")[
        "summary"
    ]
    (pair,) = found["pairs"]
    assert (pair["ties"], pair["consistent"], pair["win_rate"]) == (5, 0.0, 0.5)
    assert (pair["prefers_first"], pair["prefers_second"]) == (5, 0)
    assert found["ratings"] == []


def test_verdicts_out_of_form_are_asked_for_again_and_counted(fake_endpoint, questions, tmp_path):
    """The writing question is never rated, the others only on the second request: 2 x 3 + 3 x 2 requests."""

    def answer(payload):
        said = payload["messages"]
        if "Write a line." in str(said):
            return "Good, an eight. [[11]]"
        return "Rating: [[٧]]" if len(said) > 2 else "It is good."

    fake_endpoint.answer = answer
    models = f"m={answers(tmp_path / 'm.jsonl', 'gold')}"
    found = run(tmp_path / "o", questions, models, f"j=openai:{fake_endpoint.url}", modes="single")
    assert found["summary"]["judges"] == [
        {"judge": "j", "judgments": 5, "asked_again": 5, "unreadable": 2, "refused": 0}
    ]
    assert len(fake_endpoint.requests) == 12
    assert found["summary"]["ratings"][0]["mean"] == 7.0
    reminder = fake_endpoint.requests[-1]["messages"][-1]["content"]
    assert "not of the asked form" in reminder


@pytest.mark.parametrize(
    ("said", "rated", "marked"),
    [
        ("Rating: [[8]]", 8.0, 8.0),
        ("Rating: [[7.5]]", 7.5, 7.5),
        ("[[8]] out of [[10]]", 8.0, 8.0),  # the scale is no rating, whatever brackets it stands in
        ("[[10]] out of [[10]]", 10.0, 10.0),
        ("I give it [[6]] of 10.", 6.0, 6.0),
        ("[[8/10]]", 8.0, 8.0),
        ("[[ 8 ]]/10", 8.0, 8.0),
        ("التقييم: [[٨]]", 8.0, 8.0),
        ("التقييم: [[٧٫٥]]", 7.5, 7.5),
        ("التقييم: [[٨]] من [[١٠]]", 8.0, 8.0),
        ("التقييم: [[8]] من أصل 10", 8.0, 8.0),
        ("First I thought [[3]]. Rating: [[7]]", 7.0, 7.0),  # the last counts
        ("Rating: [8]", 8.0, 8.0),
        ("Rated [3] by others; mine: [[9]]", 9.0, 9.0),  # double brackets before single ones
        ("[[0]]", None, 0.0),  # MT-Bench's scale starts at 1, a mark's at 0
        ("[[11]]", None, None),
        ("[[-3]]", None, None),
        ("9", None, 9.0),  # a mark may stand alone, as the leaderboard asks for it
        ("٩/١٠", None, 9.0),
        ("7.5.", None, 7.5),
        ("12", None, None),
        ("between 7 and 8", None, None),
        ("It is good, an eight.", None, None),
        ("", None, None),
    ],
)
def test_what_a_judge_wrote_is_read(said, rated, marked):
    assert (rating(said), mark(said)) == (rated, marked)


def test_each_judge_and_model_has_its_own_prices(fake_endpoint, questions, tmp_path):
    """Tokens are words here: each of 5 judgments costs its words times its judge's prices, by the million."""
    fake_endpoint.answer = lambda payload: "Rating: [[5]]"  # two words
    fake_endpoint.counts = lambda text: 1_000 if text != "Rating: [[5]]" else 10
    url = fake_endpoint.url
    models, judges = f"m={answers(tmp_path / 'm.jsonl', 'gold')}", f"dear=openai:{url},cheap=openai:{url}"
    found = run(tmp_path / "o", questions, models, judges, modes="single", prices="dear=30/60")["run"]
    assert found["dear (judge)"]["cost"] == pytest.approx(5 * (1_000 * 30 + 10 * 60) / 1e6)
    assert found["cheap (judge)"]["cost"] == pytest.approx(5 * (1_000 * 1 + 10 * 2) / 1e6)  # judge_endpoint's
    assert found["dear (judge)"]["kept"]["cost"] == found["dear (judge)"]["cost"]
    for prices, message in (
        ("dear=30", "prices: dear must be INPUT/OUTPUT, as 2.5/10, got '30'"),
        ("dear=-1/2", "prices: dear must be INPUT/OUTPUT"),
        ("other=1/2", "prices: other is neither a judge nor a model"),
    ):
        with pytest.raises(ValueError, match=message):
            JudgeConfig(questions="q", models="m=d", judges=f"dear=openai:{url}", output_dir="o", modes="single",
                        prices=prices)  # fmt: skip


def test_a_judge_that_refuses_everything_is_one_error_and_goes_on(fake_endpoint, questions, tmp_path):
    fake_endpoint.refuse = lambda payload: True
    arguments = (questions, f"m={answers(tmp_path / 'm.jsonl', 'gold')}", f"j=openai:{fake_endpoint.url}")
    with pytest.raises(
        EndpointError, match=r"every one of the first 5 requests was refused, HTTP 400 \(this model's"
    ):
        run(tmp_path / "o", *arguments, modes="single")
    fake_endpoint.refuse = lambda payload: "Write a line." in str(payload)
    fake_endpoint.answer = by_quality
    found = run(tmp_path / "o", *arguments, modes="single")
    assert found["summary"]["judges"][0]["refused"] == 2
    assert found["run"]["j (judge)"]["refusals"] == {"HTTP 400": 2}
    page = (tmp_path / "o" / "judged.html").read_text(encoding="utf-8")
    assert "HTTP 400 (this model&#x27;s context is shorter)" in page


@pytest.mark.parametrize(
    "fault", [(429, {"Retry-After": "0"}), "malformed", "truncated", "reset", (500, {})], ids=str
)
def test_faults_on_the_way_change_no_figure(fake_endpoint, questions, tmp_path, fault):
    fake_endpoint.answer = by_quality
    models = f"m={answers(tmp_path / 'm.jsonl', 'gold')}"
    arguments = (questions, models, f"j=openai:{fake_endpoint.url}")
    plain = run(tmp_path / "plain", *arguments, modes="single")
    fake_endpoint.faults = [fault, "", fault]
    faulty = run(tmp_path / "faulty", *arguments, modes="single")
    assert faulty["summary"] == plain["summary"]
    assert faulty["run"]["j (judge)"]["retries"] == 2


def test_a_judge_that_dies_half_way_is_paid_once(fake_endpoint, questions, tmp_path):
    fake_endpoint.answer = by_quality
    fake_endpoint.dead_after = 3
    models = f"m={answers(tmp_path / 'm.jsonl', 'gold')}"
    arguments = (questions, models, f"j=openai:{fake_endpoint.url}")
    with pytest.raises(EndpointError, match="3 of 5 answers are kept; the same command asks for the rest"):
        run(tmp_path / "o", *arguments, modes="single", judge_endpoint=replace(FAST, concurrency=1))
    fake_endpoint.dead_after = None
    ledger = run(tmp_path / "o", *arguments, modes="single")["run"]["j (judge)"]
    assert (ledger["from_cache"], ledger["answered"]) == (3, 2)
    tokens = ledger["prompt_tokens"], ledger["completion_tokens"]
    assert ledger["cost"] == pytest.approx((tokens[0] + 2 * tokens[1]) / 1e6)
    assert ledger["kept"]["answers"] == 5


def test_models_answer_in_turns_and_judges_refuse(fake_endpoint, tiny_model, questions, tmp_path):
    """The second request holds the first answer; a directory answers too; a refused judgment is counted."""

    def answer(payload):
        if payload["model"] == "talker":
            return f"gold, turn {sum(turn['role'] == 'user' for turn in payload['messages'])}"
        return by_quality(payload)

    fake_endpoint.answer = answer
    fake_endpoint.refuse = lambda payload: payload["model"] == "j" and "القراءة" in str(payload)
    models = f"talker=openai:{fake_endpoint.url},tiny={tiny_model}"
    found = run(
        tmp_path / "o", questions, models, f"j=openai:{fake_endpoint.url}", answer_tokens=8, device="cpu"
    )
    kept = read_answers(
        tmp_path / "o" / "answers" / "talker.jsonl", read_questions(tmp_path / "questions.jsonl")
    )
    assert kept == {
        "81": ("gold, turn 1", "gold, turn 2"),
        "111": ("gold, turn 1", "gold, turn 2"),
        "1": ("gold, turn 1",),
    }
    second = [
        each for each in fake_endpoint.requests if each["model"] == "talker" and len(each["messages"]) == 3
    ]
    assert {each["messages"][1]["content"] for each in second} == {"gold, turn 1"}
    assert found["summary"]["judges"][0]["refused"] == 4
    assert {row["model"] for row in found["summary"]["ratings"]} == {"talker", "tiny"}


def test_judge_prompts_hold_what_is_judged():
    templates = {language: read_templates("", language) for language in ("en", "ar")}
    math = Question(id="1", category="math", turns=("first?", "second?"), references=("one", "two"))
    plain = Question(id="2", category="math", turns=("first?", "second?"))
    for language, question, turn, number in product(("en", "ar"), (math, plain), (0, 1), (1, 2)):
        sides = [("{question_2} a1", "a2"), ("b1", "b2")][:number]
        system, user = messages(templates[language], question, turn, sides)
        text = user["content"]
        assert system["role"] == "system"
        assert "first?" in text
        assert ("second?" in text) == (turn == 1)
        assert ("one" in text.split("###")[1] + text.split("###")[2] or "two" in text) == bool(
            question.references
        )
        assert text.count("{question_2} a1") == 1  # braces in an answer are not filled
        assert all((answer in text) == (turn == 1) for answer in [side[1] for side in sides])
        assert ("[[5]]" if number == 1 else "[[C]]") in text


def test_every_pair_comes_in_both_orders():
    asked = units([Question(id="q", category="", turns=("x", "y"))], ["a", "b", "c"], ["pairwise"], "")
    assert len(asked) == 2 * 6
    assert {unit.models for unit in asked} == {pair for pair in product("abc", "abc") if pair[0] != pair[1]}
    paired = units(
        [Question(id="q", category="", turns=("x",))], ["a", "b", "c"], ["single", "pairwise"], "b"
    )
    assert len(paired) == 3 + 4
    assert all(len(unit.models) == 1 or "b" in unit.models for unit in paired)


def judged(rows):
    known = {"mode": "pairwise", "category": "", "turn": 1, "rating": None, "verdict": None, "asks": 1,
             "refused": False, "judgment": "", "judge": "j", "second": ""}  # fmt: skip
    return pl.DataFrame([known | row for row in rows], schema=SCHEMA)


@given(st.sampled_from("ABC"), st.sampled_from("ABC"))
def test_two_orders_become_one_score(one, other):
    """By hand: each order gives a point, half, or none to the first of the alphabet; equal ones hold, others tie."""
    frame = judged([
        {"question": "1", "first": "x", "second": "y", "verdict": one},
        {"question": "1", "first": "y", "second": "x", "verdict": other},
    ])  # fmt: skip
    (row,) = settled(frame).to_dicts()
    assert row["consistent"] == (one == turned(other))
    assert row["score"] == ({"A": 1, "B": 0, "C": 0.5}[one] if one == turned(other) else 0.5)


def test_a_pair_judged_in_one_order_only_is_left_out():
    frame = judged([
        {"question": "1", "first": "x", "second": "y", "verdict": "A"},
        {"question": "1", "first": "y", "second": "x"},
    ])  # fmt: skip
    assert settled(frame).is_empty()
    assert pairs(frame, resamples=100, seed=0) == []


def test_intervals_draw_questions():
    """Two questions, rated 2 and 2, 8 and 8: samples have a mean of 2, 5 or 8."""
    rows = [
        {"mode": "single", "question": q, "turn": turn, "first": "m", "rating": value}
        for q, value in (("1", 2.0), ("2", 8.0)) for turn in (1, 2)
    ]  # fmt: skip
    (row,) = ratings(judged(rows), resamples=200, seed=0)
    assert (row["mean"], row["low"], row["high"]) == (5.0, 2.0, 8.0)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=40), st.booleans())
def test_kappa_is_that_of_scikit_learn(units, weighted):
    from sklearn.metrics import cohen_kappa_score

    first, second = (np.array(column, dtype=float) for column in zip(*units, strict=True))
    ours = cohen_kappa(first, second, weighted=weighted)
    if len(np.unique(np.concatenate([first, second]))) == 1:
        assert ours is None
        return
    expected = cohen_kappa_score(
        first.astype(int), second.astype(int), weights="quadratic" if weighted else None
    )
    assert ours == pytest.approx(expected)


def test_agreement_between_judges_is_krippendorffs():
    import krippendorff

    rng = np.random.default_rng(0)
    truth = rng.integers(1, 11, 40).astype(float)
    seen = [np.clip(truth + rng.integers(-2, 3, 40), 1, 10) for _ in range(3)]
    rows = [
        {"judge": f"j{judge}", "mode": "single", "question": str(number), "first": "m",
         "rating": None if judge == 2 and number < 5 else float(values[number])}
        for judge, values in enumerate(seen) for number in range(40)
    ]  # fmt: skip
    (found,) = agreements(judged(rows), resamples=100, seed=0)
    matrix = np.array(seen)
    matrix[2, :5] = np.nan
    expected = krippendorff.alpha(reliability_data=matrix, level_of_measurement="ordinal")
    assert found["krippendorff"]["value"] == pytest.approx(expected)
    assert [row["units"] for row in found["cohen"]] == [40, 35, 35]
    assert agreements(judged(rows[:40]), resamples=100, seed=0) == []
    names = {"j0": "first", "j1": "question", "j2": "turn"}  # as columns of the frame are called
    (again,) = agreements(
        judged([row | {"judge": names[row["judge"]]} for row in rows]), resamples=100, seed=0
    )
    assert again["krippendorff"] == found["krippendorff"]
    assert [row["kappa"] for row in again["cohen"]] == [row["kappa"] for row in found["cohen"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Rating: [[7]]", 7.0), ("[[8.5]]", 8.5), ("التقييم: [[٩]]", 9.0), ("[[3]] no, [[4]]", 4.0),
        ("[[7/10]]", 7.0), ("Rating: [6]", 6.0), ("[[0]]", None), ("[[11]]", None), ("", None), ("seven", None),
    ],
)  # fmt: skip
def test_ratings(text, expected):
    assert rating(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[[A]]", "A"),
        ("x [[ C ]].", "C"),
        ("[[A]] … [[A]]", "A"),
        ("[[A]] [[B]]", None),
        ("A", None),
        ("[[D]]", None),
    ],
)
def test_verdicts(text, expected):
    assert verdict(text) == expected


def test_mistakes_are_one_line(questions, tmp_path):
    good = answers(tmp_path / "good.jsonl", "gold")
    with pytest.raises(ValueError, match="judges: j must be an endpoint"):
        JudgeConfig(questions="q", models="a=b,c=d", judges="j=dir", output_dir="o")
    with pytest.raises(ValueError, match="pairwise needs at least 2 models"):
        JudgeConfig(questions="q", models="a=b", judges="j=openai:http://h/v1", output_dir="o")
    with pytest.raises(ValueError, match=r"baseline must be one of the models \(a, b\)"):
        JudgeConfig(
            questions="q", models="a=x,b=y", judges="j=openai:http://h/v1", output_dir="o", baseline="c"
        )
    with pytest.raises(ValueError, match="NAME=ADDRESS with names that differ"):
        named("a=x,a=y", "models")
    with pytest.raises(BenchmarkError, match=r"bad\.jsonl row 1: needs question_id and one or two turns"):
        read_questions(write_jsonl(tmp_path / "bad.jsonl", [{"question_id": 1, "turns": []}]))
    with pytest.raises(BenchmarkError, match=r"question 7 is not answered in 1 turns"):
        read_answers(tmp_path / "good.jsonl", [Question(id="7", category="", turns=("x",))])
    with pytest.raises(BenchmarkError, match="has no judge prompts named pair-v2, "):
        read_templates(good, "en")
