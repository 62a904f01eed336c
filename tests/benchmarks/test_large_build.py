"""The corpus that is larger than memory is what its plan says, and its account counts what was planted."""

import importlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

SPEED_DIR = Path(__file__).parents[2] / "benchmarks" / "speed"
ARABIC = "قالَ المديرُ إنّ الشركةَ أطلقت خدمةً جديدةً في المدينة على الإنترنت وهي متاحة إلى الجميع متى تبدأ الدراسة"
NAMES = (
    "large_build",
    "large_corpus",
    "large_report",
    "many_documents",
    "planted_account",
    "truth",
    "word_pools",
)


@pytest.fixture(scope="module")
def speed():
    """The benchmark's modules, which import one another as scripts of one directory do."""
    sys.path.insert(0, str(SPEED_DIR))
    before = set(sys.modules)
    try:
        modules = {name: importlib.import_module(name) for name in NAMES}
    finally:
        sys.path.remove(str(SPEED_DIR))
    yield SimpleNamespace(**modules)
    for name in set(sys.modules) - before:
        if str(SPEED_DIR) in str(getattr(sys.modules[name], "__file__", "")):
            sys.modules.pop(name)


@pytest.fixture(scope="module")
def plan(speed):
    return speed.many_documents.ManyPlan(mean_bytes=1_500, notices=2, sites=5, notice_share=0.05)


@pytest.fixture(scope="module")
def pools(speed, plan):
    arabic = [f"{word}{'ابتثجحخدذرزسش'[number % 13]}" for number in range(500) for word in ARABIC.split()]
    english = [f"word{number}" for number in range(9_000)]
    return speed.many_documents.pack(speed.word_pools.WordPools(arabic, english), plan)


def test_a_document_does_not_depend_on_what_is_made_with_it(speed, plan, pools):
    together = speed.many_documents.texts(plan, pools, np.arange(300)).to_pylist()
    for number in (0, 7, 299):
        assert speed.many_documents.texts(plan, pools, np.array([number])).to_pylist() == [together[number]]
    size = np.mean([len(text.encode()) for text in together])
    assert size == pytest.approx(plan.mean_bytes, rel=0.15)
    assert all(text == text.strip() and "  " not in text for text in together)


def test_copies_are_what_they_are_planted_as(speed, plan, pools):
    many, count = speed.many_documents, 3_000
    planted = many.roles(plan, np.arange(count))
    shares = np.bincount(planted.kinds, minlength=4) / count
    assert shares[1:] == pytest.approx([0.04, 0.08, 0.05], abs=0.015)
    copies = np.flatnonzero((planted.kinds == many.EXACT) | (planted.kinds == many.NEAR))
    assert (planted.families[copies] < copies).all()
    assert (planted.kinds[planted.families[copies]] == many.BASE).all()
    texts = many.texts(plan, pools, np.arange(count)).to_pylist()
    bare = many.texts(plan, pools, np.arange(count), bare=True).to_pylist()
    for number in copies:
        base = planted.families[number]
        if planted.kinds[number] == many.EXACT:
            assert texts[number] == texts[base]
        else:
            sides = (speed.truth.shingles(speed.truth.folded_words(bare[n])) for n in (number, base))
            assert speed.truth.jaccard(*sides) == pytest.approx(planted.targets[number], abs=0.12)
    for number in range(count):
        extra = len(texts[number].split("\n")) - len(bare[number].split("\n"))
        assert extra == (many.SITE_LINES if planted.sites[number] >= 0 else 0)


def test_files_are_made_once_and_hold_their_texts(speed, plan, pools, monkeypatch, tmp_path):
    corpus = speed.large_corpus
    monkeypatch.setattr(corpus, "FILE_DOCUMENTS", 64)
    monkeypatch.setattr(corpus, "_ROWS_AT_ONCE", 32)
    monkeypatch.setattr(corpus, "load_word_pools", lambda: None)
    monkeypatch.setattr(corpus, "pack", lambda *_: pools)
    paths = corpus.make_files(plan, tmp_path, 2)
    frame = pl.read_parquet(paths)
    assert frame["id"].to_list() == [str(number) for number in range(128)]
    assert frame["text"].to_list() == speed.many_documents.texts(plan, pools, np.arange(128)).to_pylist()
    assert sum(map(corpus.text_bytes, paths)) == frame["text"].str.len_bytes().sum()
    before = paths[0].stat().st_mtime_ns
    assert corpus.make_files(plan, tmp_path, 2) == paths
    assert paths[0].stat().st_mtime_ns == before


def test_account_of_a_perfect_and_of_a_blind_build(speed, plan, pools, tmp_path):
    many, count = speed.many_documents, 800
    planted = many.roles(plan, np.arange(count))
    first: dict[int, int] = {}
    rows = []
    for number in range(count):
        family = number if planted.kinds[number] == many.BASE else int(planted.families[number])
        kept = first.setdefault(family, number)
        if kept != number:
            stage = "exact" if planted.kinds[number] == many.EXACT else "near"
            rows.append((stage, f"speed/{kept}", f"speed/{number}"))
    (tmp_path / "dropped").mkdir()
    pl.DataFrame({"id": ["speed/5"], "stage": ["quality"]}).write_parquet(tmp_path / "dropped" / "a.parquet")
    schema = ["stage", "kept", "dropped"]
    pl.DataFrame(rows, schema=schema, orient="row").write_parquet(tmp_path / "clusters.parquet")
    changes = [{"stage": "boilerplate", "changes": {"lines_removed": 7}}]
    found = speed.planted_account.account(plan, pools, count, tmp_path, changes)
    for name in ("recall_exact", "recall_near", "recall_notices", "same_family"):
        assert found[name]["share"] == 1, name
    assert found["documents_after_stages_2_to_7"] == count - 1
    assert found["lines_removed"]["removed"] == 7
    pl.DataFrame(rows[:1], schema=schema, orient="row").write_parquet(tmp_path / "clusters.parquet")
    found = speed.planted_account.account(plan, pools, count, tmp_path, changes)
    assert found["recall_exact"]["share"] < 0.1
    assert found["recall_near"]["share"] < 0.1


def test_time_line_recovers_slope_and_exponent(speed):
    rows = [{"text_bytes": size * 1e9, "seconds": 60 * size} for size in (1, 5, 20)]
    line = speed.large_build.time_line([*rows, {"failure": "x"}])
    assert line["seconds_per_gigabyte"] == pytest.approx(60)
    assert line["constant_seconds"] == pytest.approx(0, abs=1e-6)
    assert line["exponent"] == pytest.approx(1)
    assert speed.large_build.time_line(rows[:2]) == {}


def test_page_shows_every_size(speed):
    share = {"share": 0.5, "of": 10, "interval": [0.2, 0.8]}
    names = ("recall_exact", "recall_near", "same_family", "precision_near", "unrelated_near")
    row = {
        "text_bytes": 10**9, "documents": 330_000, "seconds": 60.0, "cpu_seconds": 110.0, "peak_bytes": 8e8,
        "peak_anonymous_bytes": 7e8, "largest_process_bytes": 4e8, "cgroup_peak_bytes": None,
        "disk_peak_bytes": 2e9, "run": {"seconds_by_phase": {"shards": 3.0}},
        "planted": dict.fromkeys(names, share)
        | {"recall_notices": share | {"largest_cluster": 9}, "lines_removed": {"removed": 3, "planted": 4}},
    }  # fmt: skip
    record = {"command": "python x.py", "note": "Quiet.", "rows": [row], "time": {}}
    page = speed.large_report.page(json.loads(json.dumps(record)))
    assert "| 1.00 | 330,000 | 60 | 110 | 16.7 | 5,500 | 800 | 700 |  | 400 | 2.0 |" in page
    assert "3 of 4" in page
