"""Killed anywhere, with any number of workers, built in steps or at once: the same bytes."""

import errno
import fcntl
import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from corpus.dedup import key_ranges, near
from corpus.pipeline import builder, cleaning, passes

Contents = Callable[[Path], dict[str, Any]]
Jsonl = Callable[..., Path]


def no_space(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "out/x")


VICTIMS = ("build", "group", "one worker", "all workers")

SMALL = {"workers": 1, "block_megabytes": 1, "shard_megabytes": 1}


def sources(directory: Path, writer: Any, jsonl: Jsonl, documents: int = 3000) -> list[dict[str, Any]]:
    """Two sources of several parts each, with duplicates within and across them."""
    texts = [writer.text() for _ in range(documents)]
    mixed = [writer.edit(text, 1) if number % 9 == 0 else text for number, text in enumerate(texts[::5])]
    mixed += [writer.text("en") for _ in range(documents // 2)]
    first = jsonl(directory / "first.jsonl.gz", ({"text": text} for text in texts))
    second = jsonl(directory / "second.jsonl", ({"text": text} for text in mixed))
    return [{"name": "first", "path": str(first)}, {"name": "second", "path": str(second), "priority": 2}]


@pytest.fixture(scope="module")
def made(shared_build: Any, writer: Any, jsonl: Jsonl) -> list[dict[str, Any]]:
    return sources(shared_build.directory, writer, jsonl)


@pytest.fixture(scope="module")
def whole(shared_build: Any, made: list[dict[str, Any]], contents: Contents) -> dict[str, Any]:
    """What an undisturbed build of the two sources leaves."""
    shared_build(shared_build.config(output_dir=str(shared_build.directory / "whole"), sources=made, **SMALL))
    return contents(shared_build.directory / "whole")


@pytest.fixture
def setting(tmp_path: Path, build: Any, made: list[dict[str, Any]]) -> Callable[..., Path]:
    """Writes a config for those sources."""

    def make(output: str, **settings: Any) -> Path:
        chosen = {"output_dir": str(tmp_path / output), "sources": made} | SMALL | settings
        return build.config(**chosen)

    return make


def test_number_of_workers_does_not_show(
    tmp_path: Path, build: Any, setting: Callable[..., Path], contents: Contents, whole: dict[str, Any]
) -> None:
    build(setting("two", workers=2))
    assert contents(tmp_path / "two") == whole
    assert len([name for name in whole if name.startswith("shards/")]) > 2


def test_nothing_shows_of_what_was_spilled(
    tmp_path: Path,
    build: Any,
    setting: Callable[..., Path],
    contents: Contents,
    whole: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Keys of texts, lines and ids wait in files, and signatures are read three at a time."""
    monkeypatch.setattr(key_ranges, "VALUES_IN_MEMORY", 50)
    monkeypatch.setattr(near, "ROWS_AT_ONCE", 3)
    build(setting("spilled"))
    assert contents(tmp_path / "spilled") == whole


def workers_of(process: subprocess.Popen[Any]) -> list[psutil.Process]:
    """The build's worker processes that run now."""
    with suppress(psutil.NoSuchProcess):
        children = psutil.Process(process.pid).children()
        return [child for child in children if "spawn_main" in " ".join(child.cmdline())]
    return []


def kill(process: subprocess.Popen[Any], victim: str) -> str:
    """Kill the build alone, its whole process group, or one or all of its workers; what was in fact killed."""
    workers = workers_of(process) if "worker" in victim else []
    if not workers and "worker" in victim:
        victim = "build"
    if victim == "build":
        os.kill(process.pid, signal.SIGKILL)
    elif victim == "group":
        os.killpg(process.pid, signal.SIGKILL)
    for worker in workers[:1] if victim == "one worker" else workers:
        with suppress(psutil.NoSuchProcess):
            worker.kill()
    return victim


def test_killed_at_random_points(
    tmp_path: Path, build: Any, setting: Callable[..., Path], contents: Contents, whole: dict[str, Any]
) -> None:
    start = time.monotonic()
    subprocess.run(build.command(setting("timed", workers=2)), capture_output=True, check=True)
    seconds = time.monotonic() - start
    config = setting("killed", workers=2)
    draw = random.Random(int(os.environ.get("DAAD_SEED", "11")))
    count: Counter[str] = Counter()
    said = tmp_path / "said"
    wanted = int(os.environ.get("DAAD_KILLS", "4"))
    while wanted > sum(count[victim] for victim in VICTIMS):
        with said.open("w") as file:
            process = subprocess.Popen(
                build.command(config), stdout=subprocess.DEVNULL, stderr=file, start_new_session=True
            )
        try:
            process.wait(timeout=draw.uniform(0.2, 0.9) * seconds)
        except subprocess.TimeoutExpired:
            victim = kill(process, draw.choice(VICTIMS))
            code = process.wait()
            count[victim] += 1
            print(dict(count), flush=True)  # for docs/results/faults.md, shown by -s
            if "worker" in victim and code:
                # A build that loses a worker says so itself and ends; one that needed it no more ends well.
                assert code == 2, said.read_text()
                assert "a worker process died" in said.read_text().splitlines()[-1]
        else:
            code = process.returncode
        if code == 0:
            assert contents(tmp_path / "killed") == whole
            shutil.rmtree(tmp_path / "killed")
            count["finished builds"] += 1
    build(config)
    assert contents(tmp_path / "killed") == whole
    print(dict(count + Counter({"finished builds": 1})))


@pytest.mark.parametrize(
    "phase",
    [
        "make_part",
        "exact_pass",
        "sign_part",
        "near_pass",
        "write_shard",
        "_put_in_place",
        "make_manifest",
        "write_card",
    ],
)
def test_full_disk_in_every_phase(
    phase: str,
    tmp_path: Path,
    build: Any,
    setting: Callable[..., Path],
    contents: Contents,
    whole: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The disk fills up in each phase in turn: one line, exit code 2, and the same command ends well later."""
    config = setting("out")

    with monkeypatch.context() as patch:
        owner = next(module for module in (passes, cleaning, builder) if hasattr(module, phase))
        patch.setattr(owner, phase, no_space)
        printed = build(config, code=2).stderr
    last = printed.splitlines()[-1]
    assert last.startswith("corpus.build: out/x: No space left on device: free some space")
    assert "Traceback" not in printed
    build(config)
    assert contents(tmp_path / "out") == whole


def test_stopped_between_two_shards_of_one_source(
    tmp_path: Path,
    build: Any,
    setting: Callable[..., Path],
    contents: Contents,
    whole: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One shard's summary is fresh, the other's was read back from its file: the manifest does not show which."""
    config = setting("out")
    calls = iter([builder.write_shard, no_space])
    with monkeypatch.context() as patch:
        patch.setattr(builder, "write_shard", lambda task: next(calls)(task))
        build(config, code=2)
    assert len(list((tmp_path / "out" / "work").rglob("shards/first-*.json"))) == 1
    build(config)
    assert contents(tmp_path / "out") == whole


@pytest.mark.parametrize(
    ("stopped_at", "again"),
    [
        ("_deduplicate_and_write", ()),
        ("_deduplicate_and_write", ("--update", "true")),
        ("write_card", ()),
    ],
)
def test_a_stopped_update_does_not_pass_for_the_older_build(
    stopped_at: str,
    again: tuple[str, ...],
    tmp_path: Path,
    build: Any,
    setting: Callable[..., Path],
    contents: Contents,
    made: list[dict[str, Any]],
    whole: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Until the new shards are in their places the older corpus stands there, whole; at the end only its card might."""
    build(setting("out", sources=made[:1]))
    config = setting("out")
    with monkeypatch.context() as patch:
        patch.setattr(builder, stopped_at, no_space)
        build(config, "--update", "true", code=2)
    build(config, *again)
    assert contents(tmp_path / "out") == whole


def test_shards_that_another_stopped_build_replaced_are_written_again(
    tmp_path: Path,
    build: Any,
    setting: Callable[..., Path],
    contents: Contents,
    made: list[dict[str, Any]],
    whole: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both builds are stopped when their shards are in their places and before the manifest says so."""
    with monkeypatch.context() as patch:
        patch.setattr(builder, "make_manifest", no_space)
        build(setting("out"), code=2)
        build(setting("out", sources=made[:1]), "--update", "true", code=2)
    build(setting("out"), "--update", "true")
    assert contents(tmp_path / "out") == whole


def test_a_removal_that_is_killed_leaves_nothing_to_go_on_from(
    tmp_path: Path,
    build: Any,
    setting: Callable[..., Path],
    contents: Contents,
    whole: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Markers say that signatures are there, and the files of the signatures went first."""
    config, remove = setting("out"), shutil.rmtree

    def die_midway(path: Path, **given: Any) -> None:
        signatures = [*Path(path).rglob("*.u32"), *Path(path).rglob("*.u64")]
        if not signatures:
            return remove(path, **given)
        for file in signatures:
            file.unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(builder.shutil, "rmtree", die_midway)
        build(config, code=130)
    build(config)
    assert contents(tmp_path / "out") == whole
    assert not list((tmp_path / "out" / "work").glob("discarded*"))


def test_terminated_build_says_how_to_go_on(tmp_path: Path, build: Any, setting: Callable[..., Path]) -> None:
    process = subprocess.Popen(build.command(setting("out")), stderr=subprocess.PIPE, text=True)
    parts = tmp_path / "out" / "work" / "parts"
    deadline = time.monotonic() + 60
    while not list(parts.rglob("*.summary.json")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.terminate()
    _, printed = process.communicate(timeout=60)
    assert process.returncode == 130
    assert printed.splitlines()[-1] == "corpus.build: stopped; the same command continues from here"


def test_added_source_equals_a_build_from_scratch(
    tmp_path: Path,
    build: Any,
    setting: Callable[..., Path],
    contents: Contents,
    made: list[dict[str, Any]],
    whole: dict[str, Any],
) -> None:
    build(setting("grown", sources=made[:1]))
    parts = {
        path: path.stat().st_mtime_ns
        for path in (tmp_path / "grown" / "work" / "parts").rglob("*.summary.json")
    }
    config = setting("grown")
    refused = build(config, code=2)
    assert "source.second is new" in refused.stderr
    assert "--update true" in refused.stderr
    build(config, "--update", "true")
    assert {path: path.stat().st_mtime_ns for path in parts} == parts  # not made again
    assert contents(tmp_path / "grown") == whole


def test_changed_input_and_setting_are_noticed(
    tmp_path: Path, build: Any, setting: Callable[..., Path], contents: Contents, made: list[dict[str, Any]]
) -> None:
    copy = Path(shutil.copy(made[1]["path"], tmp_path / "second.jsonl"))
    changing = [made[0], made[1] | {"path": str(copy)}]
    config = setting("out", sources=changing)
    build(config)
    before = contents(tmp_path / "out")
    refused = build(config, "--near_duplicates.enabled", "false", code=2)
    assert "near_duplicates.enabled True -> False" in refused.stderr
    with copy.open("a", encoding="utf-8") as file:
        file.write('{"text": "x"}\n')
    refused = build(config, code=2)
    assert "second.jsonl has changed" in refused.stderr
    assert contents(tmp_path / "out") == before
    build(config, "--update", "true")
    build(setting("fresh", sources=changing))
    assert contents(tmp_path / "out") == contents(tmp_path / "fresh")


def test_finished_build_is_not_made_again(tmp_path: Path, build: Any, setting: Callable[..., Path]) -> None:
    config = setting("out")
    build(config)
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.parquet")}
    again = build(config, "--workers", "2")
    assert "documents stay" in again.stdout
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    next(iter((tmp_path / "out" / "shards").iterdir())).unlink()
    build(config)
    assert {path for path in stamps if path.exists()} == set(stamps)


def test_two_builds_in_one_place(tmp_path: Path, build: Any, setting: Callable[..., Path]) -> None:
    config = setting("out")
    (tmp_path / "out" / "work").mkdir(parents=True)
    with (tmp_path / "out" / "work" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "another build is running here" in build(config, code=2).stderr
    build(config)


def test_trial_run_reads_only_the_first_records(
    tmp_path: Path, build: Any, setting: Callable[..., Path]
) -> None:
    build(setting("out"), "--max_documents", "25")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert [entry["records"] for entry in manifest["inputs"]] == [25, 25]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"output_dir": "{made}/out"}, "a file stands where a directory is needed"),
        ({"sources": [{"name": "a", "path": "{tmp}/nothing*.jsonl"}]}, "nothing*.jsonl"),
        ({"sources": [{"name": "a", "path": "{made}", "text_column": "body"}]}, "body"),
        ({"sources": [{"name": "a b", "path": "x"}]}, "source name"),
        ({"sources": []}, "at least one source"),
        ({"sourcez": []}, "did you mean 'sources'?"),
        ({"block_megabytes": 0}, "block_megabytes must be at least 1, got 0"),
    ],
)
def test_mistakes_are_one_line_and_code_2(
    change: dict[str, Any],
    expected: str,
    tmp_path: Path,
    build: Any,
    setting: Callable[..., Path],
    made: list[dict[str, Any]],
) -> None:
    text = json.dumps(change).replace("{tmp}", str(tmp_path)).replace("{made}", made[0]["path"])
    filled = json.loads(text)
    output = filled.pop("output_dir", None)
    arguments = ["--output_dir", output] if output else []
    printed = build(setting("out", **filled), *arguments, code=2).stderr
    lines = [line for line in printed.splitlines() if line.startswith("corpus.build: ")]
    assert len(lines) == 1
    assert expected in lines[0]
    assert "Traceback" not in printed


def test_full_file_system(
    small_disk: Path, build: Any, setting: Callable[..., Path], contents: Contents, whole: dict[str, Any]
) -> None:
    """A real file system of 300 kilobytes: the build ends in one line, and goes on when there is room."""
    printed = build(setting(small_disk.name, workers=2), code=2).stderr
    assert os.strerror(errno.ENOSPC) in printed.splitlines()[-1]
    assert "Traceback" not in printed
    subprocess.run(["mount", "-o", "remount,size=200m", str(small_disk)], check=True)
    build(setting(small_disk.name, workers=2))
    assert contents(small_disk) == whole
