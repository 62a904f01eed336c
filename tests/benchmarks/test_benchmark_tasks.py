"""Published files become the items that they hold, and what is no item is told."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted_varieties import ALRAGE, PASSAGE, SPANS, SUMS
from tiny_benchmarks import MCQ, MCQ_AR, write_csv, write_jsonl

from benchmarks.errors import BenchmarkError
from benchmarks.items import Item
from benchmarks.tasks import chosen, load
from benchmarks.tasks.answers import index, letter_index, letter_or_index
from benchmarks.tasks.dialects import DIALECTS
from benchmarks.tasks.loading import shuffled
from benchmarks.tasks.own import OWN
from benchmarks.tasks.suites import SUITES, TASKS
from benchmarks.tasks.table import UNTESTED


def loaded(name: str, path: Path):
    found = load(TASKS[name], str(path))
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["mmlu_ar", "exams_ar", "alghafa"])
def test_arabic_multiple_choice(planted, name):
    items = loaded(name, planted[name]).test
    assert [(item.question, list(item.choices), item.answer) for item in items] == MCQ_AR


@pytest.mark.parametrize("name", ["mmlu_en", "arc_easy", "arc_challenge", "piqa"])
def test_english_multiple_choice(planted, name):
    items = loaded(name, planted[name]).test
    assert [(item.question, list(item.choices), item.answer) for item in items] == MCQ


def test_mmlu_directories_have_subjects_and_examples(planted):
    for name, subject in (("mmlu_ar", "geography"), ("mmlu_en", "basic_facts")):
        found = loaded(name, planted[name])
        assert {item.subject for item in (*found.test, *found.dev)} == {subject}
        assert len(found.dev) == len(found.test) == 3


def test_acva_tells_the_country(planted):
    first, second = loaded("acva", planted["acva"]).test
    assert (first.choices, first.answer, first.country) == (("نعم", "لا"), 0, "Algeria")
    assert (second.answer, second.country) == (1, "Iraq_Food")


def test_winogrande_keeps_the_contexts(planted):
    (item,) = loaded("winogrande", planted["winogrande"]).test
    assert (item.question, item.choices, item.answer) == (
        "Sarah knew more than Maria so",
        ("Sarah", "Maria"),
        0,
    )
    assert item.ending == "got the harder cases."


def test_winogrande_as_published(tmp_path):
    path = write_jsonl(
        tmp_path / "winogrande.jsonl",
        [{"sentence": "The cup and _ fell down.", "option1": "spoon", "option2": "plate", "answer": "2"}],
    )
    (item,) = loaded("winogrande", path).test
    assert (item.question, item.choices, item.answer) == ("The cup and", ("spoon", "plate"), 1)
    assert item.ending == "fell down."


@pytest.mark.parametrize("name", ["arabic_mmlu", "madinah_qa"])
def test_arabic_mmlu_marks_its_examples(planted, name):
    found = loaded(name, planted[name])
    assert [item.answer for item in found.dev] == [1]
    assert [(item.answer, item.country, item.passage) for item in found.test] == [
        (0, "Egypt", "نص قصير."),
        (3, "Egypt", ""),
    ]
    assert all(len(item.choices) == 4 for item in found.test)


def test_aratrust_loses_the_letters_in_its_options(planted):
    first, second = loaded("aratrust", planted["aratrust"]).test
    assert (first.choices, first.answer, first.subject) == (("دمشق", "القاهرة", "بغداد"), 1, "Ethics")
    assert second.answer == 0


def test_belebele_counts_from_one(planted):
    items = loaded("belebele_arb", planted["belebele_arb"]).test
    assert [item.answer for item in items] == [1, 0, 3]
    assert items[0].passage == "القاهرة عاصمة مصر."


def test_hellaswag_is_cleaned_as_lm_eval_does(planted):
    from lm_eval.tasks.hellaswag.utils import preprocess

    (item,) = loaded("hellaswag", planted["hellaswag"]).test
    row = json.loads(planted["hellaswag"].read_text())
    query = f"{row['activity_label']}: {row['ctx_a']} {row['ctx_b'].capitalize()}"
    assert item.question == preprocess(query) == "Roof shingle removal: A man is sitting on a roof. He"
    assert list(item.choices) == [preprocess(ending).strip() for ending in row["endings"]]
    assert item.answer == 3


def test_boolq(planted):
    (item,) = loaded("boolq", planted["boolq"]).test
    assert (item.question, item.choices, item.answer, item.passage) == (
        "is water wet?",
        ("no", "yes"),
        1,
        "Water is wet.",
    )


def test_truthfulqa(planted):
    (one,) = loaded("truthfulqa_mc1", planted["truthfulqa_mc1"]).test
    assert one.choices[one.answer] == "No."
    (several,) = loaded("truthfulqa_mc2", planted["truthfulqa_mc2"]).test
    assert (several.answer, several.also_right) == (0, (2,))


def test_exams_and_arc_as_published(tmp_path):
    texts = [{"text": text, "label": label} for text, label in zip(("a", "b"), "أب", strict=True)]
    row = {
        "id": "1",
        "question": {"stem": "س؟", "choices": texts},
        "answerKey": "ب",
        "info": {"subject": "Physics"},
    }
    (item,) = loaded("exams_ar", write_jsonl(tmp_path / "exams.jsonl", [row])).test
    assert (item.question, item.choices, item.answer, item.subject) == ("س؟", ("a", "b"), 1, "Physics")
    row = {"id": "Q", "question": "q", "choices": {"text": ["x", "y"], "label": ["1", "2"]}, "answerKey": "2"}
    (item,) = loaded("arc_easy", write_jsonl(tmp_path / "arc.jsonl", [row])).test
    assert (item.id, item.answer) == ("Q", 1)


def test_parquet_with_lists_as_on_the_hub(tmp_path):
    import polars as pl

    frame = pl.DataFrame({"question": ["q"], "subject": ["s"], "choices": [["2", "1", "0"]], "answer": [2]})
    path = tmp_path / "all" / "test-00000-of-00001.parquet"
    path.parent.mkdir()
    frame.write_parquet(path)
    (item,) = loaded("mmlu_en", path.parent).test
    assert item.answer == 2  # an index, not the choice that reads "2"


def test_every_public_task_is_planted(planted):
    assert set(TASKS) - set(planted) == UNTESTED | {task.name for task in OWN}


@pytest.mark.parametrize("name", sorted(task.name for task in DIALECTS))
def test_dialect_sets_as_published(planted, name):
    """The planted rows say which choice is right; whatever the format, that choice comes out."""
    found = loaded(name, planted[name])
    assert found.faults == ()
    right = [item.choices[item.answer] for item in found.test]
    expected = {
        "boolq": ["نعم", "لا", "نعم"],
        "winogrande": ["سارة"],
        "26": ["العربية الفصحى", "الرياض"],
        "6": ["القاهرة", "بيروت"],
    }.get(name.split("_")[1], [choices[answer] for _, choices, answer in MCQ_AR])
    assert right == expected
    if "mmlu" in name:
        assert {item.subject for item in found.test} <= {"Geography", "geography"}
    if name.endswith("hellaswag"):
        assert found.test[0].question == "طبخ: راجل في المطبخ. هو"


def test_madar_has_two_corpora_in_one_folder(planted):
    """A sentence is in the part that its split names: of 26 cities two are scored, three are examples."""
    of_26 = loaded("madar_26", planted["madar_26"])
    assert [(item.id, item.passage, item.country) for item in of_26.test] == [
        ("2 MSA", "أريد أن أعرف الطريق.", "العربية الفصحى"), ("3 RIY", "أبي أعرف الدرب.", "السعودية"),
    ]  # fmt: skip
    assert [item.id for item in of_26.dev] == ["4 MOS", "1 BEI", "0 CAI"]
    assert {len(item.choices) for item in of_26.test} == {26}
    of_6 = load(TASKS["madar_6"], str(planted["madar_26"]))
    assert [item.id for item in of_6.test] == ["1 BEI", "0 CAI"]
    assert [item.id for item in of_6.dev] == ["5 RAB"]
    assert [fault.rsplit(": ", 1)[1] for fault in of_6.faults] == [
        f"lang must be one of BEI, CAI, DOH, MSA, RAB, TUN, got {city!r}" for city in ("MOS", "RIY")
    ]
    shared = loaded("madar_6", planted["madar_6"]).test
    assert [(item.passage, len(item.choices)) for item in shared] == [
        ("عايز أعرف الطريق.", 6),
        ('"شو بدك؟', 6),
    ]


def test_alrage_as_published(planted):
    items = loaded("alrage", planted["alrage"]).test
    assert [(item.question, item.choices) for item in items] == [
        (row["question"], (row["gold_answer"],)) for row in ALRAGE
    ]
    assert items[0].passage == f"{PASSAGE}\nسياق آخر لا صلة له بالسؤال."
    assert all(item.open for item in items)


def test_every_format_that_a_task_names_is_there():
    from benchmarks.tasks.formats import BY_NAME

    assert {task.format for task in TASKS.values()} - {""} == set(BY_NAME)


def test_a_set_with_the_right_choice_first_is_shuffled(planted):
    places = [item.answer for item in loaded("aradice_culture", planted["aradice_culture"]).test]
    assert places != [0] * len(places)


def test_open_questions_as_published(planted):
    """SQuAD's nested file and the hub's flat rows are the same items; GSM8K's number stands after its hashes."""
    arcd, xquad = (loaded(name, planted[name]).test for name in ("arcd", "xquad_ar"))
    assert [(item.question, item.choices, item.passage) for item in arcd] == [
        (question, tuple(answers), PASSAGE) for question, answers in SPANS
    ]
    assert [(item.question, item.choices) for item in xquad] == [
        (item.question, item.choices) for item in arcd
    ]
    sums = loaded("gsm8k", planted["gsm8k"])
    assert [item.choices for item in sums.test] == [(number,) for _, _, number in SUMS]
    assert sums.dev[0].worked == SUMS[0][1]
    assert len(sums.dev) == 5


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (["q", "a", "b", "c", "d", "7"], "the answer must be one of 4 choices, got number 8"),
        (["q", "a", "b", "c", "d", "?"], "the answer must be a whole number, got '?'"),
        (["q", "a", "", "c", "d", "1"], "choice 2 is empty"),
        (["", "a", "b", "c", "d", "1"], "the question is empty"),
    ],
)
def test_rows_that_are_no_items_are_told(tmp_path, row, reason):
    header = ["question", "choice0", "choice1", "choice2", "choice3", "answer"]
    path = write_csv(tmp_path / "mmlu.csv", [header, ["q", "a", "b", "c", "d", "0"], row])
    found = loaded("mmlu_en", path)
    assert len(found.test) == 1
    assert found.faults == (f"mmlu.csv row 2: {reason}",)


def test_wrong_columns_and_missing_files(tmp_path):
    path = write_jsonl(tmp_path / "x.jsonl", [{"prompt": "q", "completion": "a"}])
    with pytest.raises(
        BenchmarkError, match=r"x\.jsonl row 1: no known format has the columns completion, prompt"
    ):
        load(TASKS["mmlu_en"], str(path))
    with pytest.raises(BenchmarkError, match="no such file"):
        load(TASKS["mmlu_en"], str(tmp_path / "none.csv"))
    (tmp_path / "broken.jsonl").write_text('{"question": 1}\n{"question"')
    with pytest.raises(BenchmarkError, match=r"broken\.jsonl: cannot be read \(line 2"):
        load(TASKS["mmlu_en"], str(tmp_path / "broken.jsonl"))
    ragged = write_csv(tmp_path / "ragged.csv", [["q", "a", "b", "c", "d", "A"], ["q", "a"]])
    with pytest.raises(BenchmarkError, match="row 2 has 2 cells, but 6 are needed"):
        load(TASKS["mmlu_ar"], str(ragged))


def test_the_hub_is_asked_where_there_is_one(planted, monkeypatch, tmp_path):
    """A local copy of a repository goes the way that the hub's would, through `datasets`."""
    from dataclasses import replace

    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    repository = tmp_path / "repository"
    write_jsonl(
        repository / "test.jsonl", [json.loads(line) for line in planted["exams_ar"].read_text().splitlines()]
    )
    found = load(replace(TASKS["exams_ar"], hub=str(repository)))
    assert [item.answer for item in found.test] == [1, 0, 3]
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert load(TASKS["exams_ar"]) is None


def test_validation_is_scored_where_test_has_no_labels(tmp_path):
    rows = [
        {"goal": f"g{n}", "sol1": "a", "sol2": "b", "label": label} for n, label in enumerate(("0", "1", ""))
    ]
    for split, part in (("train", rows[:1]), ("validation", rows[1:2]), ("test", rows[2:])):
        write_jsonl(tmp_path / "piqa" / f"{split}.jsonl", part)
    found = loaded("piqa", tmp_path / "piqa")
    assert [item.question for item in found.test] == ["g1"]
    assert [item.question for item in found.dev] == ["g0"]
    assert found.faults == ("piqa/test.jsonl row 1: the answer must be a whole number, got ''",)


def test_answers():
    assert [letter_index(letter) for letter in ("A", "أ", "ا", "ب.", "ج)", "د", "هـ", "ه")] == [
        0,
        0,
        0,
        1,
        2,
        3,
        4,
        4,
    ]
    assert index("٣", first=1) == 2
    assert letter_or_index("B", ("A", "B")) == 1
    assert letter_or_index("1", ("1", "0")) == 1
    assert letter_or_index("نعم", ("لا", "نعم")) == 1
    assert letter_or_index("z", ("x", "y", "z")) == 2
    with pytest.raises(ValueError, match="must be a letter"):
        letter_index("AB")


@given(st.integers(2, 6), st.integers(0, 5), st.integers(0, 9))
def test_shuffled_items_hold_the_same_answer(size, answer, seed):
    item = Item(id="x", question="q", choices=tuple("abcdef"[:size]), answer=answer % size)
    other = shuffled(item, seed)
    assert sorted(other.choices) == sorted(item.choices)
    assert other.choices[other.answer] == item.choices[item.answer]
    assert shuffled(item, seed) == other


def test_suites_name_tasks_with_the_papers_shots():
    assert all(name in TASKS for suite in SUITES.values() for name in suite.shots)
    shots = {each.task.name: each.task.shots for each in chosen(["allam"])}
    assert shots["exams_ar"] == shots["acva"] == 5
    assert shots["mmlu_en"] == shots["mmlu_ar"] == shots["arabic_mmlu"] == shots["etec"] == 0
    assert len(chosen(["arabic", "allam", "mmlu_ar"])) == len(
        {*SUITES["arabic"].shots, *SUITES["allam"].shots}
    )
    with pytest.raises(BenchmarkError, match="did you mean 'arabic'"):
        chosen(["arabik"])
