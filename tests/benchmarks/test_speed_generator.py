"""The benchmark's corpus is what it says, and its truth is true."""

import gzip
import importlib
import json
import random
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

SPEED_DIR = Path(__file__).parents[2] / "benchmarks" / "speed"
ARABIC = (
    "قال المدير: إنّ الشركة أطلقت خدمةً جديدةً في المدينة على الإنترنت، وهي متاحة إلى الجميع. متى تبدأ الدراسة؟"
)


@pytest.fixture(scope="module")
def speed():
    """The benchmark's modules, which import one another as scripts of one directory do."""
    sys.path.insert(0, str(SPEED_DIR))
    names = (
        "truth",
        "spelling",
        "documents",
        "word_pools",
        "generate",
        "quality",
        "whole_build",
        "measured_run",
        "build_runs",
    )
    try:
        modules = {name: importlib.import_module(name) for name in names}
    finally:
        sys.path.remove(str(SPEED_DIR))
    yield type("Speed", (), modules)
    for name in names:
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def pools(speed):
    """Small invented pools, so that no test waits for the registry's texts."""
    rng = random.Random(5)
    letters = "ابتجدرسعفقكلمنهوىةأإي"
    arabic = [
        "".join(rng.choices(letters, k=rng.randint(2, 7))) + "َ" * rng.randint(0, 1) for _ in range(5000)
    ]
    english = ["".join(rng.choices("abcdefghijklmnoprstu", k=rng.randint(2, 8))) for _ in range(5000)]
    return speed.word_pools.WordPools(arabic, english)


@pytest.fixture(scope="module")
def corpus(speed, pools):
    plan = speed.documents.CorpusPlan(documents=400, megabytes=0.6, near_share=0.2, spelling_share=0.1)
    return speed.documents.Corpus(plan, pools)


def test_shares_and_size_are_as_planned(corpus):
    documents = [corpus.document(number) for number in range(400)]
    kinds = [document.kind for document in documents]
    assert (kinds.count("near"), kinds.count("spelling")) == (80, 40)
    assert 0.52 < sum(document.language == "ar" for document in documents) / 400 < 0.72
    assert 0.5e6 < sum(len(document.text.encode()) for document in documents) < 0.7e6
    assert all(document.base < document.id for document in documents if document.kind != "base")


def test_a_document_does_not_depend_on_what_was_made_before(speed, pools, corpus):
    again = speed.documents.Corpus(corpus.plan, pools)
    assert again.document(317) == corpus.document(317)


def test_another_seed_is_another_corpus(speed, pools, corpus):
    other = speed.documents.Corpus(speed.documents.CorpusPlan(documents=400, megabytes=0.6, seed=2), pools)
    assert other.document(0).text != corpus.document(0).text


def test_planted_similarities_are_near_their_targets(speed, corpus):
    truth = speed.truth
    errors = []
    for number in range(400):
        document = corpus.document(number)
        if document.kind == "near":
            sets = [
                truth.shingles(truth.folded_words(corpus.document(i).text)) for i in (document.base, number)
            ]
            errors.append(truth.jaccard(*sets) - document.target)
    assert len(errors) == 80
    assert abs(np.mean(errors)) < 0.02
    assert max(map(abs, errors)) < 0.12


def test_only_spelling_tells_spelling_variants_apart(speed, corpus):
    truth = speed.truth
    variants = [corpus.document(i) for i in range(400) if corpus.planted(i)[0] == "spelling"]
    for variant in variants:
        base = corpus.document(variant.base).text
        assert truth.folded_words(variant.text) == truth.folded_words(base)
        assert variant.text != base
    spaced = [
        truth.jaccard(*(truth.shingles(text.split()) for text in (v.text, corpus.document(v.base).text)))
        for v in variants
    ]
    assert np.mean(np.array(spaced) < 0.8) > 0.9


@given(st.integers(0, 10_000))
def test_respelling_modern_arabic_keeps_its_folded_words(speed, seed):
    respelled = speed.spelling.respell(ARABIC, random.Random(seed))
    assert speed.truth.folded_words(respelled) == speed.truth.folded_words(ARABIC)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("مُدَرِّسَةٌ", ["مدرسه"]),
        ("إلـــى آخر الأمر", ["الي", "اخر", "الامر"]),
        ("كِتَاب،كتاب", ["كتاب", "كتاب"]),
        ("Straße don't", ["strasse", "don", "t"]),
    ],
)
def test_folded_words(speed, text, words):
    assert speed.truth.folded_words(text) == words


def test_jaccard_of_five_word_shingles_by_hand(speed):
    # a..g has shingles abcde bcdef cdefg; a..f and x has abcde bcdef cdefx: 2 shared of 4
    first, second = (speed.truth.shingles(list(letters)) for letters in ("abcdefg", "abcdefx"))
    assert speed.truth.jaccard(first, second) == 0.5
    assert speed.truth.shingles(["a", "b"]) == {"a b"}


@given(
    st.lists(st.sets(st.integers(0, 12), min_size=1), min_size=1, max_size=12),
    st.sampled_from([0.3, 0.5, 0.8, 1.0]),
)
def test_join_finds_what_comparing_all_pairs_finds(speed, sets, minimum):
    found = speed.truth.similar_pairs([np.array(sorted(one), np.uint64) for one in sets], minimum)
    expected = {
        (first, second): len(sets[first] & sets[second]) / len(sets[first] | sets[second])
        for first, second in combinations(range(len(sets)), 2)
    }
    expected = {pair: similarity for pair, similarity in expected.items() if similarity >= minimum}
    pairs = zip(found.first.tolist(), found.second.tolist(), strict=True)
    assert dict(zip(pairs, found.similarity.tolist(), strict=True)) == expected


def test_files_hold_the_corpus_and_its_truth(speed, pools, monkeypatch, tmp_path):
    monkeypatch.setattr(speed.generate, "load_word_pools", lambda: pools)
    monkeypatch.setattr(speed.generate, "_ROWS_AT_ONCE", 5)  # several batches in each of the eight files
    plan = speed.documents.CorpusPlan(documents=100, megabytes=0.1, near_share=0.2, spelling_share=0.1)
    for name in ("one", "two"):
        speed.generate.generate(plan, tmp_path / name)
    descriptions = [json.loads((tmp_path / name / "corpus.json").read_text()) for name in ("one", "two")]
    assert descriptions[0] == descriptions[1]
    table = pl.read_parquet(tmp_path / "one" / "parquet" / "*.parquet").sort("id")
    sizes = table.group_by("language").agg(pl.len(), pl.col("text").str.len_bytes().sum()).rows()
    assert descriptions[0]["by_language"] == {
        language: {"documents": documents, "bytes": size} for language, documents, size in sizes
    }
    lines = []
    for path in sorted((tmp_path / "one" / "jsonl").iterdir()):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            lines += [json.loads(line) for line in file]
    assert [line["text"] for line in lines] == table["text"].to_list()
    assert [int(line["id"]) for line in lines] == list(range(100))
    # the truth file against every pair, compared without the join
    split = speed.truth.folded_words
    sets = [speed.truth.shingles(split(text)) for text in table["text"]]
    expected = {(i, j): speed.truth.jaccard(sets[i], sets[j]) for i, j in combinations(range(100), 2)}
    truth = pl.read_parquet(tmp_path / "one" / "truth.parquet")
    recorded = {
        (i, j): similarity for i, j, similarity in truth.select("first", "second", "similarity").rows()
    }
    assert {pair for pair, similarity in expected.items() if similarity >= 0.5} <= recorded.keys()
    assert all(expected[pair] == similarity for pair, similarity in recorded.items())
    assert truth.filter(pl.col("kind") == "accident").is_empty()


def judged(speed, folder, truth, planted, clusters):
    """Quality of these clusters; truth rows are first, second, folded and spaced similarity, kind."""
    columns = ["first", "second", "similarity", "spaced_similarity", "kind"]
    pl.DataFrame(truth, schema=columns, orient="row").with_columns(target=0.9).write_parquet(
        folder / "truth.parquet"
    )
    pl.DataFrame(planted, schema=["kind", "base"], orient="row").write_parquet(folder / "planted.parquet")
    pl.DataFrame({"id": range(len(clusters)), "cluster": clusters}).write_parquet(folder / "clusters.parquet")
    return speed.quality.judge_clusters(folder, folder / "clusters.parquet")


def counts(*proportions):
    return [(proportion["successes"], proportion["trials"]) for proportion in proportions]


def test_quality_of_known_clusters(speed, tmp_path):
    # 0-1 alike and found, 2-3 alike and missed, 4-5 spelling and found, 6-7 unrelated and reported
    truth = [(0, 1, 0.9, 0.9, "near"), (2, 3, 0.85, 0.9, "near"), (4, 5, 1.0, 0.1, "spelling")]
    bases = [0, 0, 2, 2, 4, 4, 6, 7]
    kinds = ["base", "near", "base", "near", "base", "spelling", "base", "base"]
    quality = judged(speed, tmp_path, truth, list(zip(kinds, bases, strict=True)), [0, 0, 2, 3, 4, 4, 6, 6])
    fair = quality["like_for_like"]
    assert counts(fair["recall"], fair["precision"], fair["unrelated"]) == [(1, 2), (1, 2), (1, 2)]
    assert counts(quality["precision"], quality["unrelated"]) == [(2, 3), (1, 3)]
    assert counts(quality["spelling_recall"]) == [(1, 1)]
    assert quality["purity"] == pytest.approx(5 / 6)
    assert quality["documents_removed"] == 3


@pytest.mark.parametrize("finds_spelling", [False, True])
def test_folding_changes_nothing_in_the_like_for_like_account(speed, tmp_path, finds_spelling):
    # 1 is an edited copy of 0 just below the threshold, 2 is 0 respelled: who finds 2 also reports 0-2 and 1-2
    truth = [(0, 1, 0.78, 0.75, "near"), (0, 2, 1.0, 0.2, "spelling"), (1, 2, 0.78, 0.1, "sibling")]
    truth += [(3, 4, 0.95, 0.95, "near")]
    planted = [("base", 0), ("near", 0), ("spelling", 0), ("base", 3), ("near", 3)]
    quality = judged(speed, tmp_path, truth, planted, [0, 0, 0 if finds_spelling else 2, 3, 3])
    fair = quality["like_for_like"]
    assert counts(fair["recall"], fair["precision"], fair["unrelated"]) == [(1, 1), (1, 2), (0, 2)]
    assert counts(quality["spelling_recall"], quality["precision"]) == (
        [(1, 1), (2, 4)] if finds_spelling else [(0, 1), (1, 2)]
    )
    assert fair["precision"]["low"] == pytest.approx(0.0945, abs=1e-4)  # Wilson's, 1 of 2, by hand


def test_a_respelled_pair_that_blanks_see_too_is_not_counted_like_for_like(speed, tmp_path):
    truth = [(0, 1, 1.0, 0.9, "spelling")]
    quality = judged(speed, tmp_path, truth, [("base", 0), ("spelling", 0)], [0, 0])
    fair = quality["like_for_like"]
    assert counts(fair["recall"], fair["precision"], quality["spelling_recall"]) == [(0, 0)] * 3
    assert counts(quality["precision"]) == [(1, 1)]


def test_memory_line_recovers_constant_and_slope(speed):
    rows = [
        {"cores": 2, "documents": n, "peak_bytes": 3e8 + 600 * n, "largest_process_bytes": 1e8 + 500 * n}
        for n in (25_000, 50_000, 200_000)
    ]
    for measure, constant, slope in (("peak_bytes", 3e8, 600), ("largest_process_bytes", 1e8, 500)):
        line = speed.whole_build.memory_line(rows, 2, measure)
        assert line["constant_bytes"] == pytest.approx(constant)
        assert line["bytes_per_document"] == pytest.approx(slope)
    assert "bytes_per_document" not in speed.whole_build.memory_line(rows, 1, "peak_bytes")


def test_scaling_is_time_on_one_core_over_time_on_all(speed):
    rows = [
        {"corpus": "50", "cores": cores, "n": 3, "seconds": spent} for cores, spent in ((1, 18.0), (2, 10.0))
    ]
    rows += [{"corpus": "100", "cores": 2, "n": 0, "failure": "memory"}]
    assert speed.whole_build.scaling(rows) == [{"corpus": "50", "cores": 2, "n": 3, "ratio": 1.8}]


def test_seconds_by_stage_add_up_to_the_whole(speed):
    run = {
        "seconds_by_phase": {"load kernels": 2.0, "read and clean": 10.0, "signatures": 3.0},
        "worker_seconds_by_stage": {"read": 1.0, "language": 6.0, "quality": 2.0},
    }
    spent = speed.whole_build.stage_seconds(run, 16.5)
    assert (spent["parts"], spent["start"], spent["signatures"]) == (1.0, 1.5, 3.0)
    assert sum(spent.values()) == pytest.approx(16.5)


def test_datatrove_counts_are_read_by_stage_of_ours(speed, tmp_path):
    jobs = {
        "filter": [
            ("READER: Jsonl", {"documents": {"total": 100}}),
            ("FILTER: Language ID", {"total": 100, "forwarded": {"total": 90}}),
            ("FILTER: Gopher Quality", {"total": 90, "forwarded": 80}),
            ("FILTER: FineWeb Quality", {"total": 80, "forwarded": 70}),
        ],
        "exact3": [("READER: Jsonl", {"documents": 70}), ("exact-deduplication stage 3", {"forwarded": 69})],
        "near4": [("READER: Jsonl", {"documents": 69}), ("DEDUP: MinHash stage 4", {"total": 69})],
    }
    for job, steps in jobs.items():
        (tmp_path / job).mkdir()
        stats = [{"name": name, "stats": counted} for name, counted in steps]
        (tmp_path / job / "stats.json").write_text(json.dumps(stats))
    counted = speed.build_runs.datatrove_counts(tmp_path)
    # the last step forwarded nothing, which its statistics leave out
    assert counted == {"read": 100, "language": 90, "quality": 70, "exact": 69, "near": 0}


WORKERS = """
import multiprocessing, time
def burn(_):
    start = time.process_time()
    while time.process_time() - start < 1: pass
    time.sleep(0.5)
if __name__ == "__main__":
    with multiprocessing.get_context("forkserver").Pool(2) as pool:
        pool.map(burn, [1, 2])
"""
"""Two workers of a fork server, which the kernel's account of waited children leaves out."""


def test_measured_run_sees_time_memory_and_failure(speed, tmp_path):
    program = "import time; block = bytearray(200_000_000); block[::4096] = b'x' * len(block[::4096]); time.sleep(.6)"
    # from a process of its own: the kernel counts the size of the process that starts another
    measure = (
        "import dataclasses, json, sys; from measured_run import run_measured; "
        "print(json.dumps(dataclasses.asdict(run_measured([sys.executable, '-c', sys.argv[1]], [0], 60))))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", measure, program],
        cwd=Path(speed.measured_run.__file__).parent, capture_output=True, check=True,
    ).stdout  # fmt: skip
    measured = json.loads(printed)
    assert measured["exit_code"] == 0
    assert 0.6 < measured["seconds"] < 30
    assert 2e8 < measured["largest_process_bytes"] <= measured["peak_bytes"] < 3e8
    assert (
        speed.measured_run.run_measured([sys.executable, "-c", "raise SystemExit(3)"], [0], 60).exit_code == 3
    )
    (tmp_path / "workers.py").write_text(WORKERS)
    spent = speed.measured_run.run_measured(
        [sys.executable, str(tmp_path / "workers.py")], [0], 60
    ).cpu_seconds
    assert 1.5 < spent < 6
    late = speed.measured_run.run_measured([sys.executable, "-c", "import time; time.sleep(30)"], [0], 0.5)
    assert late.exit_code == 124


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"documents": 3}, "documents must be at least 10, got 3"),
        ({"arabic_share": 1.5}, "arabic_share must be between 0 and 1, got 1.5"),
        ({"levels": [1.0]}, "levels must lie between 0 and 1"),
        ({"near_share": 0.5, "spelling_share": 0.2}, "must be at most 0.5"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(speed, settings, message):
    with pytest.raises(ValueError, match=message):
        speed.documents.CorpusPlan(**settings)
