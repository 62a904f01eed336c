"""The scale study's arithmetic, what it hears of a build, corpora in many files, and quality judged on samples."""

import importlib
import json
import random
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

SPEED_DIR = Path(__file__).parents[2] / "benchmarks" / "speed"


@pytest.fixture(scope="module")
def speed():
    """The benchmark's modules, which import one another as scripts of one directory do; pools of words are invented."""
    names = ("truth", "spelling", "documents", "word_pools", "generate", "quality", "measured_run", "report")
    names += ("phase_meter", "scale_fit", "scale_page", "scale_study", "sampled_quality")
    sys.path.insert(0, str(SPEED_DIR))
    try:
        modules = {name: importlib.import_module(name) for name in names}
    finally:
        sys.path.remove(str(SPEED_DIR))
    draw = random.Random(5)
    words = [
        ["".join(draw.choices(letters, k=draw.randint(3, 7))) for _ in range(4000)]
        for letters in ("ابتجدرسعفقكلمنهوى", "abcdefghijklmnoprstu")
    ]
    invented = modules["word_pools"].WordPools(*words)
    modules["generate"].load_word_pools = modules["sampled_quality"].load_word_pools = lambda: invented
    yield type("Speed", (), modules)
    for name in names:
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def corpus_plan(speed):
    return speed.documents.CorpusPlan(documents=120, megabytes=0.06, seed=3)


def test_growth_of_exact_powers_has_no_interval(speed):
    sizes = [0.1, 0.25, 0.5, 1.0, 2.0]
    for power in (0.0, 1.0, 2.0):
        found = speed.scale_fit.growth(sizes, [3 * size**power for size in sizes])
        assert found is not None
        assert [found[name] for name in ("exponent", "low", "high")] == pytest.approx([power] * 3, abs=1e-6)


def test_growth_interval_by_hand(speed):
    """Logarithms (0, 0), (1, 2), (2, 2): slope 1, residuals -1/3, 2/3, -1/3, one degree of freedom."""
    found = speed.scale_fit.growth(list(np.exp([0, 1, 2])), list(np.exp([0, 2, 2])))
    reach = 12.7062 * np.sqrt((6 / 9) / 2)
    assert found is not None
    assert found["exponent"] == pytest.approx(1.0)
    assert found["high"] - 1.0 == pytest.approx(reach, rel=1e-4)
    assert speed.scale_fit.growth([1, 2], [1, 2]) is None
    assert speed.scale_fit.growth([1, 2, 3], [0, 1, 2]) is None


def test_plan_by_hand(speed):
    """1 TB at 360 s a GB are 100 core hours; 10 nodes of 10 cores, half of them useful, need 2 hours.

    100,000 parts of 10 MB at 36 ms add 1 hour of the main process.
    """
    cluster = speed.scale_fit.Cluster(
        cores=10,
        efficiency=0.5,
        node_dollars=2.0,
        bytes_per_document=1_000,
        dropped_share=0.1,
        block_megabytes=10,
        seconds_a_part=0.036,
    )
    found = speed.scale_fit.plan(1.0, 10, 360.0, cluster)
    assert found["core_hours"] == pytest.approx(100)
    assert found["hours"] == pytest.approx(2 + 1)
    assert found["dollars"] == pytest.approx(60)
    assert found["documents"] == pytest.approx(1e9)
    assert found["signatures_terabytes"] == pytest.approx(0.512)
    assert found["main_process_gigabytes"] == pytest.approx(40 + 0.1 * 300)


def test_phases_are_told_by_bars(speed):
    assert speed.phase_meter.last_phase("nothing yet", "start") == "start"
    assert speed.phase_meter.last_phase("\rload kernels          :  50%|##  | 2/4", "start") == "load kernels"
    assert speed.phase_meter.last_phase("near-duplicates       : 100%|#|\nshards  :   0%|", "x") == "shards"
    assert speed.phase_meter.last_phase("a warning: 50% of it", "shards") == "shards"


def test_a_phase_is_charged_for_its_children(speed):
    """A child that computes and writes, and has ended and been waited for before its phase does."""
    child = "import sys; sum(range(12_000_000)); open(sys.argv[1], 'wb').write(bytes(5_000_000))"
    program = (
        "import subprocess, sys, time; print('one phase :   0%|', flush=True); time.sleep(0.6);"
        f"subprocess.run([sys.executable, '-c', {child!r}, sys.argv[1]], check=True); time.sleep(0.6)"
    )
    phases, status, _ = speed.phase_meter.measure_phases([sys.executable, "-c", program, "/dev/null"], {}, 60)
    assert status == 0
    assert phases["one phase"].processor_seconds > 0.1
    assert 5_000_000 <= phases["one phase"].written_bytes < 6_000_000
    assert sum(cost.seconds for cost in phases.values()) > 1.0


def test_many_files_hold_the_same_documents(speed, corpus_plan, tmp_path):
    speed.generate.generate(corpus_plan, tmp_path / "eight", with_truth=False)
    speed.generate.generate_large(corpus_plan, tmp_path / "three", 3, 1, with_jsonl=False)
    texts = [
        [
            text
            for path in sorted((tmp_path / name / "parquet").glob("*"))
            for text in pq.read_table(path)["text"]
        ]
        for name in ("eight", "three")
    ]
    assert texts[0] == texts[1]
    assert (tmp_path / "eight" / "planted.parquet").read_bytes() == (
        tmp_path / "three" / "planted.parquet"
    ).read_bytes()
    facts = [json.loads((tmp_path / name / "corpus.json").read_text()) for name in ("eight", "three")]
    assert facts[0]["by_language"] == facts[1]["by_language"]


@pytest.mark.parametrize("size", [2, 3, 7])
def test_pairs_are_numbered_as_combinations(speed, size):
    pairs = list(combinations(range(size), 2))
    assert [
        tuple(speed.sampled_quality._pair(number, size).tolist()) for number in range(len(pairs))
    ] == pairs


def test_a_sample_of_all_pairs_is_the_whole_truth(speed, corpus_plan, tmp_path):
    """With every pair drawn, precision is what the full truth says, and recall is of copies and their bases."""
    speed.generate.generate(corpus_plan, tmp_path, with_truth=True)
    planted = pq.read_table(tmp_path / "planted.parquet").to_pydict()
    clusters = np.array(planted["base"])
    clusters[5:60] = 5  # some that have nothing in common
    table = {"id": np.arange(len(clusters)), "cluster": clusters}
    pq.write_table(pa.table(table), tmp_path / "clusters.parquet")
    sampled = speed.sampled_quality.sampled_quality(tmp_path, tmp_path / "clusters.parquet", 10**6)
    whole = speed.quality.judge_clusters(tmp_path, tmp_path / "clusters.parquet")["like_for_like"]
    for name in ("precision", "unrelated"):
        assert sampled[name] == whole[name]
    assert 0 < sampled["recall"]["trials"] <= whole["recall"]["trials"]
