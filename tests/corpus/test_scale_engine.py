"""The build on Daft: the same documents as on one machine, here and on a Ray cluster whose workers are killed."""

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components as scipy_components

daft = pytest.importorskip("daft")

from corpus.dedup import NearDuplicates, band_keys, near_clusters  # noqa: E402
from corpus.dedup.near import resembling  # noqa: E402
from corpus.errors import CorpusError  # noqa: E402
from corpus.pipeline.units import PassFiles  # noqa: E402
from corpus.scale.components import connected_components  # noqa: E402
from corpus.scale.daft_engine import DaftEngine  # noqa: E402
from corpus.scale.settings import EngineSettings  # noqa: E402

SMALL = {"workers": 2, "block_megabytes": 1, "shard_megabytes": 1}


@pytest.fixture
def engine() -> Iterator[DaftEngine]:
    with DaftEngine(EngineSettings(name="daft"), 2) as engine:
        yield engine


def components(edges: list[tuple[int, int]]) -> dict[int, int]:
    left, right = (list(side) for side in zip(*edges, strict=True))
    found = connected_components(daft.from_pydict({"left": left, "right": right}), lambda step: step())
    return dict(zip(found["row"].to_pylist(), found["label"].to_pylist(), strict=True))


def least_by_scipy(edges: list[tuple[int, int]]) -> dict[int, int]:
    size = max(max(edge) for edge in edges) + 1
    left, right = zip(*edges, strict=True)
    _, labels = scipy_components(
        coo_array((np.ones(len(edges)), (left, right)), (size, size)), directed=False
    )
    first = {label: int(np.flatnonzero(labels == label)[0]) for label in np.unique(labels)}
    rows = {row for edge in edges for row in edge}
    return {row: first[labels[row]] for row in rows if first[labels[row]] != row}


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=40))
def test_components_equal_scipys(edges: list[tuple[int, int]]) -> None:
    assert components(edges) == least_by_scipy(edges)


def test_components_of_a_long_path_and_of_a_large_star() -> None:
    numbers = list(range(300))
    random.Random(3).shuffle(numbers)
    path = list(pairwise(numbers))
    assert components(path) == dict.fromkeys(range(1, 300), 0)
    hub = 70_000
    star = [(hub, point) for point in range(50_000)]
    assert components(star) == dict.fromkeys([*range(1, 50_000), hub], 0)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([3, 40, 64, 65, 200]))
def test_a_run_is_joined_alone_as_among_others(seed: int, size: int) -> None:
    """Chains of resemblance, in runs below and above the number of leaders."""
    draw = np.random.default_rng(seed)
    rows = draw.integers(0, 3, (size, 8), dtype=np.uint32)
    options = NearDuplicates(num_perm=8, bands=1, rows_per_band=2, minimum_similarity=0.75)
    expected = near_clusters(lambda _: np.zeros(size, np.uint64), rows, options)
    assert resembling(np.arange(size), rows, options).tolist() == expected.tolist()


def test_a_file_has_as_many_readers_as_it_is_large_and_there_are_workers() -> None:
    engine = DaftEngine(EngineSettings(name="daft", file_megabytes=10), 4)
    sizes = (0, 1, 10_000_000, 10_000_001, 35_000_000, 900_000_000)
    assert [engine.readers_of(size) for size in sizes] == [1, 1, 1, 2, 4, 4]
    assert DaftEngine(EngineSettings(name="daft"), 500).readers_of(10**12) == 16


@pytest.mark.parametrize("seed", range(3))
def test_near_labels_equal_this_machines(seed: int, tmp_path: Path, engine: DaftEngine) -> None:
    """Chains, runs of two and one cluster of thousands, which most rows share."""
    draw = np.random.default_rng(seed)
    options = NearDuplicates(num_perm=16, bands=4, rows_per_band=4, minimum_similarity=0.6)
    rows = draw.integers(0, 6, (12_000, 16), dtype=np.uint32)
    rows[draw.random(12_000) < 0.6] = 7  # boilerplate
    noise = draw.random(rows.shape) < 0.05
    rows[noise] = draw.integers(0, 9, int(noise.sum()))
    keys = band_keys(rows, options)
    files = PassFiles(tmp_path)
    rows.tofile(files.signatures)
    keys.tofile(files.bands)
    seen: list[int] = []
    labels = engine.near_labels(files, len(rows), options, seen.append)
    assert labels.tolist() == near_clusters(lambda band: keys[band], rows, options).tolist()
    assert sum(seen) == 4
    assert np.bincount(labels).max() > 5_000


def test_a_step_is_started_again_and_then_given_up(capsys: pytest.CaptureFixture[str]) -> None:
    tries: list[int] = []

    def step() -> int:
        tries.append(1)
        if len(tries) < 3:
            raise RuntimeError("The actor died\nunexpectedly")
        return 5

    assert DaftEngine(EngineSettings(name="daft", retries=2), 1).again(step) == 5
    tries.clear()
    with pytest.raises(
        CorpusError, match="failed 2 times, at last with: The actor died unexpectedly: look at"
    ):
        DaftEngine(EngineSettings(name="daft", retries=1), 1).again(step)


ACROSS = """
import os
from corpus.scale.daft_engine import DaftEngine
from corpus.scale.settings import EngineSettings
with DaftEngine(EngineSettings(name="daft"), 2) as engine:
    assert list(engine.map(abs, [-1, 2, -3])) == [1, 2, 3]
    try:
        list(engine.map(os.listdir, [".", "there/is/none"]))
    except FileNotFoundError as error:
        print(error)
"""


def test_mistakes_come_back_from_workers_as_they_are() -> None:
    """In a process of its own: Daft leaves pipes of its workers open."""
    ended = subprocess.run([sys.executable, "-c", ACROSS], capture_output=True, text=True, check=True)
    assert "No such file or directory: 'there/is/none'" in ended.stdout


@pytest.fixture(scope="module")
def made(shared_build: Any, writer: Any, jsonl: Callable[..., Path]) -> list[dict[str, Any]]:
    """Several files with copies within and across them, lines that many share, and pairs."""
    directory = shared_build.directory
    notice = "كل الحقوق محفوظة لهذا الموقع ولا يجوز نسخ المواد."
    texts = [writer.text() for _ in range(900)]
    texts = [f"{text}\n{notice}" if number % 3 == 0 else text for number, text in enumerate(texts)]
    copies = [writer.edit(text, 1) if number % 9 == 0 else text for number, text in enumerate(texts[::4])]
    copies += [writer.text("en") for _ in range(200)]
    pairs = [{"en": writer.text("en", 4), "ar": writer.text("ar", 4)} for _ in range(60)]
    paths = [
        jsonl(directory / "first" / f"{number}.jsonl.gz", ({"text": text} for text in texts[number::3]))
        for number in range(3)
    ]
    second = jsonl(directory / "second.jsonl", [*({"text": text} for text in copies), "{broken"])
    both = jsonl(directory / "pairs.jsonl", [*pairs, *pairs[:9]])
    return [
        {"name": "first", "path": str(paths[0].parent)},
        {"name": "second", "path": str(second), "priority": 2},
        {
            "name": "pairs",
            "path": str(both),
            "kind": "parallel",
            "text_columns": {"en": "en", "ar": "ar"},
        },
    ]


@pytest.fixture(scope="module")
def whole(shared_build: Any, made: list[dict[str, Any]], contents: Callable[[Path], Any]) -> Any:
    """What the build leaves on one machine."""
    output = shared_build.directory / "whole"
    shared_build(shared_build.config(output_dir=str(output), sources=made, **SMALL))
    return contents(output)


def test_same_documents_as_on_one_machine(
    tmp_path: Path, build: Any, made: list[dict[str, Any]], contents: Callable[[Path], Any], whole: Any
) -> None:
    config = build.config(output_dir=str(tmp_path / "out"), sources=made, **SMALL)
    subprocess.run(build.command(config, "--engine", "daft"), capture_output=True, check=True)
    assert contents(tmp_path / "out") == whole
    reasons = {
        reason
        for row in whole["manifest.json"]["counts"]
        for reason, count in row["dropped"].items()
        if count
    }
    assert reasons >= {"exact_duplicate", "near_duplicate"}


def test_a_large_file_is_shared_and_a_directory_may_have_any_name(
    tmp_path: Path, build: Any, writer: Any, jsonl: Callable[..., Path], contents: Callable[[Path], Any]
) -> None:
    """Four blocks of one file by two readers; braces, which Daft takes for a pattern, in the name."""
    records = [{"text": writer.text(sentences=24)} for _ in range(1_600)]
    path = jsonl(tmp_path / "one.jsonl", [*records, "{broken", *records[:40]])
    assert path.stat().st_size > 3_000_000
    source = [{"name": "one", "path": str(path)}]
    places = [tmp_path / "out{a,b}", tmp_path / "here"]
    for place, engine in zip(places, (("--engine", "daft", "--engine.file_megabytes", "1"), ()), strict=True):
        config = build.config(output_dir=str(place), sources=source, **SMALL)
        subprocess.run(build.command(config, *engine), capture_output=True, check=True)
    assert contents(places[0]) == contents(places[1])
    complete = list(places[0].glob("work/parts/*/complete.json"))
    assert len(complete) == 1


def test_limits_are_kept_and_a_broken_address_is_one_line(
    tmp_path: Path, build: Any, made: list[dict[str, Any]], contents: Callable[[Path], Any]
) -> None:
    limited = {"sources": made[:1], "max_documents": 150} | SMALL
    build(build.config(output_dir=str(tmp_path / "here"), **limited))
    config = build.config(output_dir=str(tmp_path / "daft"), **limited)
    subprocess.run(build.command(config, "--engine", "daft"), capture_output=True, check=True)
    assert contents(tmp_path / "daft") == contents(tmp_path / "here")
    config = build.config(output_dir=str(tmp_path / "none"), **limited)
    said = build(config, "--engine.address", "127.0.0.1:1", code=2).stderr
    assert "address is a Ray cluster's: set name to daft" in said


def test_workers_killed_on_a_ray_cluster_change_nothing(
    tmp_path: Path, build: Any, made: list[dict[str, Any]], contents: Callable[[Path], Any], whole: Any
) -> None:
    """Two nodes of one machine; one of Daft's workers gets SIGKILL in each step."""
    pytest.importorskip("ray")
    config = build.config(output_dir=str(tmp_path / "out"), sources=made, **SMALL)
    script = Path(__file__).parent / "ray_cluster_with_kills.py"
    environment = os.environ | {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
    ended = subprocess.run(
        [sys.executable, str(script), str(config)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    said = ended.stdout.splitlines()
    num_steps = next(int(line.split()[0]) for line in said if line.endswith(" steps"))
    assert num_steps >= 9, said  # parts, copies, lines, signatures, bands, clusters' rounds and end, shards
    kills = [line for line in said if line.startswith("killed in ")]
    assert kills == [f"killed in step {number + 1}" for number in range(num_steps)]
    assert contents(tmp_path / "out") == whole


def test_tables_larger_than_rays_memory_are_spilled_and_joined_right(tmp_path: Path) -> None:
    """More than a million units in an object store of 80 MB, against Polars in memory."""
    pytest.importorskip("ray")
    script = Path(__file__).parent / "ray_cluster_that_spills.py"
    environment = os.environ | {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
    ended = subprocess.run(
        [sys.executable, str(script), str(tmp_path), "1300000"],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert int(ended.stdout.splitlines()[-1]) > 10_000_000

    units = pl.concat(
        pl.read_parquet(path, columns=["key_high", "characters"]).with_columns(priority=priority)
        for path, priority in zip(sorted(tmp_path.glob("*.units.parquet")), (1, 0, 2, 0), strict=True)
    ).with_row_index("unit")
    first = pl.col("unit").sort_by("priority", "characters", "unit", descending=[True, True, False]).first()
    expected = units.select(first.over("key_high"))["unit"].to_numpy()
    assert 0.2 < (expected != np.arange(len(expected))).mean() < 0.8
    assert (np.load(tmp_path / "stays.npy") == expected).all()
