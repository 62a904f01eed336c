"""A machine that fails in other ways than by stopping: afterwards the same command ends with the same bytes."""

import errno
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from corpus import readers
from corpus.pipeline import builder

SMALL = {"workers": 1, "block_megabytes": 1, "shard_megabytes": 1}
Contents = Callable[[Path], dict[str, Any]]


@pytest.fixture(scope="module")
def made(shared_build: Any, writer: Any, jsonl: Callable[..., Path]) -> list[dict[str, Any]]:
    texts = [writer.text() for _ in range(1500)]
    texts += [writer.edit(text, 1) for text in texts[::7]]
    path = jsonl(shared_build.directory / "in.jsonl.gz", ({"text": text} for text in texts))
    return [{"name": "only", "path": str(path)}]


@pytest.fixture(scope="module")
def whole(shared_build: Any, made: list[dict[str, Any]], contents: Contents) -> dict[str, Any]:
    output = shared_build.directory / "whole"
    shared_build(shared_build.config(output_dir=str(output), sources=made, **SMALL))
    return contents(output)


@pytest.fixture
def config(tmp_path: Path, build: Any, made: list[dict[str, Any]]) -> Path:
    return build.config(**{"output_dir": str(tmp_path / "out"), "sources": made} | SMALL)


def refuse(number: int) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> Any:
        raise OSError(number, os.strerror(number), "there")

    return fail


def stop_before(name: str, build: Any, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build that ended just before one of its steps."""
    with monkeypatch.context() as patch:
        patch.setattr(builder, name, refuse(errno.ENOSPC))
        build(config, code=2)


@pytest.mark.parametrize("what", ["documents.parquet", "units.parquet", "lines.parquet", "summary.json"])
@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_part_that_the_disk_lost_is_made_again(
    what: str,
    damage: str,
    tmp_path: Path,
    build: Any,
    config: Path,
    contents: Contents,
    whole: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stop_before("_deduplicate_and_write", build, config, monkeypatch)
    (first, *_) = sorted((tmp_path / "out" / "work" / "parts").rglob(f"*.{what}"))
    if damage == "gone":
        first.unlink()
    else:
        os.truncate(first, first.stat().st_size // 2)
    build(config)
    assert contents(tmp_path / "out") == whole


@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_shard_that_the_disk_lost_is_made_again(
    damage: str, tmp_path: Path, build: Any, config: Path, contents: Contents, whole: dict[str, Any]
) -> None:
    build(config)
    (shard, *_) = (tmp_path / "out" / "shards").iterdir()
    if damage == "gone":
        shard.unlink()
    else:
        os.truncate(shard, shard.stat().st_size // 2)
    build(config)
    assert contents(tmp_path / "out") == whole


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES, errno.ESTALE])
def test_a_read_that_fails_is_one_line(
    number: int,
    tmp_path: Path,
    build: Any,
    config: Path,
    contents: Contents,
    whole: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A disk, a network share, a permission that is lost in the midst of it."""
    cut = readers.cut

    def cut_and_fail(*given: Any, **settings: Any) -> Any:
        blocks = iter(cut(*given, **settings))
        yield next(blocks)
        raise OSError(number, os.strerror(number), "in.jsonl.gz")

    with monkeypatch.context() as patch:
        patch.setattr(readers, "cut", cut_and_fail)
        said = build(config, code=2).stderr
    assert said.splitlines()[-1].startswith(f"corpus.build: in.jsonl.gz: {os.strerror(number)}: ")
    assert "Traceback" not in said
    build(config)
    assert contents(tmp_path / "out") == whole


def test_a_worker_killed_for_want_of_memory_is_one_line(
    tmp_path: Path, build: Any, config: Path, contents: Contents, whole: dict[str, Any]
) -> None:
    """The kernel kills one worker with SIGKILL; the build itself lives on to say so."""
    process = subprocess.Popen(build.command(config, "--workers", "2"), stderr=subprocess.PIPE, text=True)
    parent = psutil.Process(process.pid)

    def kill_one() -> None:
        while process.poll() is None:
            workers = [child for child in parent.children() if "spawn_main" in " ".join(child.cmdline())]
            if workers and list((tmp_path / "out" / "work").glob("parts/*/*.units.parquet")):
                workers[0].send_signal(signal.SIGKILL)
                return
            time.sleep(0.005)

    killer = threading.Thread(target=kill_one)
    killer.start()
    _, said = process.communicate(timeout=120)
    killer.join()
    assert process.returncode == 2, said
    assert "a worker process died, most likely killed for want of memory" in said.splitlines()[-1]
    assert "Traceback" not in said
    build(config)
    assert contents(tmp_path / "out") == whole


@pytest.mark.parametrize("leap", [-7 * 86_400, 86_400])
def test_a_clock_that_leaps_changes_nothing(
    leap: int,
    tmp_path: Path,
    build: Any,
    config: Path,
    contents: Contents,
    whole: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stop_before("_deduplicate_and_write", build, config, monkeypatch)
    now = time.time
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: now() + leap)
        for path in (tmp_path / "out" / "work").rglob("*"):
            os.utime(path, (now() - leap, now() - leap))
        build(config)
    assert contents(tmp_path / "out") == whole
