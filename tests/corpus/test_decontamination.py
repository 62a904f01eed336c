"""Benchmark items planted in documents are found, nothing else is, and a brute-force twin agrees."""

import gzip
import json
import lzma
import pickle

import numpy as np
import polars as pl
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.decontamination import Decontamination, judge, load_benchmarks, load_index, save_index
from corpus.decontamination.benchmarks import read_items
from corpus.errors import CorpusError
from corpus.fold import fold, fold_text

QUESTION = "أيُّ مدينةٍ من المدن الآتية هي عاصمة الجمهورية التي أُعلنت بعد الثورة الكبرى في الشرق القديم؟"
PLAIN = "اي مدينه من المدن الاتيه هي عاصمه الجمهوريه التي اعلنت بعد الثوره الكبري في الشرق القديم"
ENGLISH = "Which of the following cities is the capital of the republic that was founded after the great revolution?"
SHORT = "The blue whale never sleeps under the ice"  # 8 words, of 8 needed


@pytest.fixture
def benchmark(tmp_path):
    path = tmp_path / "quiz.jsonl"
    rows = [
        {"question": QUESTION, "choices": ["نعم", "لا"]},
        {"question": ENGLISH, "answer": 1},
        {"question": SHORT},
        {"question": "Too short to match"},
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def judged(texts, path, **changed):
    chosen = Decontamination(benchmarks=[str(path)], **changed)
    return judge(fold(pl.Series(texts)), load_benchmarks(chosen), chosen).rows()


def test_planted_items_are_found_in_other_spellings(benchmark):
    filler = "كلام عادي عن الطقس والزراعة " * 5
    texts = [
        filler,
        filler + PLAIN + " " + filler,
        "Intro. " + ENGLISH.upper() + " End.",
        f"It is said: {SHORT.lower()}!",
        "",
    ]
    rows = judged(texts, benchmark)
    assert [reason for reason, _ in rows] == [None, "contamination", "contamination", "contamination", None]
    words = fold_text(QUESTION).split()
    total = len(words) - 12
    assert rows[1][1].endswith(f"quiz.jsonl row 1: {total} of {total} n-grams, '{' '.join(words[:13])}'")
    assert "quiz.jsonl row 2: " in rows[2][1]
    assert rows[3][1].endswith(f"quiz.jsonl row 3: 1 of 1 n-grams, '{SHORT.lower()}'")


def test_twelve_words_in_common_are_not_thirteen(benchmark):
    words = ENGLISH.split()
    rows = judged(
        [" ".join([*words[:12], "x"]), " ".join(words[:13]), " ".join(SHORT.split()[:7])], benchmark
    )
    assert [reason for reason, _ in rows] == [None, "contamination", None]


def test_an_item_cut_by_the_end_of_a_document_is_not_found_over_two(benchmark):
    words, short = ENGLISH.split(), SHORT.split()
    texts = [" ".join(words[:8]), " ".join(words[8:]), " ".join(short[:5]), " ".join(short[5:])]
    assert judged(texts, benchmark) == [(None, None)] * 4


def test_minimum_matches(benchmark):
    thirteen = " ".join(ENGLISH.split()[:13])
    assert judged([thirteen], benchmark, minimum_matches=2) == [(None, None)]
    assert judged([ENGLISH], benchmark, minimum_matches=2)[0][0] == "contamination"


def test_phrases_that_many_items_share_are_ignored(tmp_path):
    stem = "for the passage that is given below choose which one of the statements is most likely true"
    path = tmp_path / "quiz.csv"
    for count, reason in ((5, "contamination"), (6, None)):
        path.write_text("\n".join(f"{stem} topic{index}" for index in range(count)), encoding="utf-8")
        assert judged([f"note {stem} end"], path)[0][0] == reason
    index = load_benchmarks(Decontamination(benchmarks=[str(path)]))
    assert index.num_common == 17 - 12


def test_one_item_repeated_is_no_common_phrase(tmp_path):
    path = tmp_path / "quiz.csv"
    path.write_text("\n".join([ENGLISH] * 20), encoding="utf-8")
    assert judged([ENGLISH], path)[0][1].split(":")[0].endswith("quiz.csv row 1")


def test_formulas_are_ignored_and_short_items_counted(tmp_path):
    path = tmp_path / "quiz.csv"
    path.write_text("x 2 x 1 x 2 x 1 x 2 x 1 x 2 x 1\nwhat is it", encoding="utf-8")
    assert judged(["x 2 x 1 x 2 x 1 x 2 x 1 x 2 x 1"], path) == [(None, None)]
    assert load_benchmarks(Decontamination(benchmarks=[str(path)])).num_ignored == 1


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_equals_the_brute_force_twin(tmp_path_factory, data):
    word = st.sampled_from(["aa", "bb", "cc", "dd"])
    texts = st.lists(st.lists(word, max_size=9).map(" ".join), min_size=1, max_size=6)
    items, documents = data.draw(texts), data.draw(texts)
    path = tmp_path_factory.mktemp("twin") / "quiz.jsonl"
    path.write_text("\n".join(json.dumps({"q": item}) for item in items), encoding="utf-8")
    rules = {"ngram_words": 4, "minimum_words": 2, "minimum_letters": 1, "maximum_items": 2}
    found = [reason is not None for reason, _ in judged(documents, path, **rules)]
    assert found == [_holds_an_item(document.split(), items) for document in documents]


def _holds_an_item(document, items):
    distinct = [item.split() for item in dict.fromkeys(items)]
    grams = [{tuple(item[i : i + 4]) for i in range(len(item) - 3)} for item in distinct]
    for item, own in zip(distinct, grams, strict=True):
        rare = {gram for gram in own if sum(gram in other for other in grams) <= 2}
        rare |= {tuple(item)} if 2 <= len(item) < 4 else set()
        for gram in rare:
            if any(tuple(document[i : i + len(gram)]) == gram for i in range(len(document))):
                return True
    return False


def _write(tmp_path, name, rows):
    path = tmp_path / name
    frame = pl.DataFrame({"question": rows, "answer": ["A"] * len(rows)})
    if name.endswith(".parquet"):
        frame.write_parquet(path)
        return path
    if ".jsonl" in name:
        content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in frame.to_dicts())
    else:
        content = frame.write_csv(
            separator="\t" if ".tsv" in name else ",", include_header="bare" not in name
        )
    path.write_bytes(gzip.compress(content.encode()) if name.endswith(".gz") else content.encode())
    return path


@pytest.mark.parametrize(
    "name", ["q.csv", "bare.csv", "q.tsv", "q.csv.gz", "q.jsonl", "q.jsonl.gz", "q.parquet"]
)
def test_formats_give_one_index(tmp_path, name):
    path = _write(tmp_path, name, ["A short one, here", ENGLISH, QUESTION])
    index = load_benchmarks(Decontamination(benchmarks=[str(path)]))
    assert [label.rsplit("/", 1)[-1] for label in index.labels] == [f"{name} row {row}" for row in (1, 2, 3)]
    assert judged([ENGLISH, PLAIN], path)[1][1].split(":")[0].endswith(f"{name} row 3")
    if "bare" not in name:
        assert judged([ENGLISH], path, text_columns=["answer"]) == [(None, None)]


def test_globs_and_saved_indexes(tmp_path, benchmark):
    _write(tmp_path, "more.csv", [ENGLISH + " More words follow"])
    chosen = Decontamination(benchmarks=[str(tmp_path / "*.*")])
    index = load_benchmarks(chosen)
    assert len(index.labels) == 5
    saved, again = tmp_path / "index.npz", tmp_path / "again.npz"
    save_index(index, saved)
    save_index(load_index(saved), again)
    assert saved.read_bytes() == again.read_bytes()
    folded = fold(pl.Series([ENGLISH, PLAIN, "x"]))
    expected = judge(folded, index, chosen)
    assert judge(folded, load_index(saved), chosen).equals(expected)
    assert judge(folded, pickle.loads(pickle.dumps(index)), chosen).equals(expected)
    assert expected["reason"].to_list() == ["contamination", "contamination", None]


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("gone.csv", None, "no such file"),
        ("bad.jsonl", b'{"q": "a"}\n{"q": ', "line 2"),
        ("bad.csv", b"\xff\xfe\xff", "cannot be read"),
        ("bad.jsonl.gz", gzip.compress(b'{"q": "some text"}' * 50, mtime=0)[:-12], "cannot be read"),
        ("noise.jsonl.gz", gzip.compress(b"{}", mtime=0)[:10] + b"\xff" * 50, "cannot be read"),
        ("noise.jsonl.xz", lzma.compress(b"{}")[:12] + b"\x02" * 50, "cannot be read"),
        ("noise.jsonl.zst", zstandard.compress(b"{}")[:4] + b"\xff" * 50, "cannot be read"),
        ("deep.json", b"[" * 100_000, "cannot be read"),
        ("bad.parquet", b"PAR1", "cannot be read"),
        ("bad.docx", b"x", "none of csv"),
    ],
)  # fmt: skip
def test_benchmarks_that_cannot_be_read(tmp_path, name, content, rule):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CorpusError, match=rule) as caught:
        load_benchmarks(Decontamination(benchmarks=[str(tmp_path / name)]))
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_table_may_hold_a_long_cell(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("question,context\nq," + "word " * 40_000 + "\n")
    [item] = read_items(Decontamination(benchmarks=[str(path)]))
    assert [len(text) for text in item.fields] == [1, 200_000]


def test_columns_and_indexes_that_are_not_there(tmp_path, benchmark):
    with pytest.raises(CorpusError, match="text_columns"):
        load_benchmarks(Decontamination(benchmarks=[str(benchmark)], text_columns=["prompt"]))
    broken = tmp_path / "index.npz"
    broken.write_bytes(b"PK nonsense")
    with pytest.raises(CorpusError, match="build again"):
        load_index(broken)
    np.savez(broken, numbers=np.array([99, 1, 1, 0, 0]))
    with pytest.raises(CorpusError, match="build again"):
        load_index(broken)


@pytest.mark.parametrize(("field", "value"), [("minimum_words", 0), ("ngram_words", 3), ("maximum_items", 0)])
def test_settings_that_cannot_be(field, value):
    with pytest.raises(ValueError, match=field):
        Decontamination(**{field: value})
