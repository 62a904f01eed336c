"""Faults that the kernel makes, not the test: lost permission, a bad disk, memory that is not there."""

import errno
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

Contents = Callable[[Path], dict[str, Any]]

NOBODY = 65_534
SMALL = {"block_megabytes": 1, "shard_megabytes": 1}

AS_NOBODY = """
import os, sys
from corpus.build import main
from corpus.build_config import BuildConfig
from corpus.command_line import run

warm, config = sys.argv[1:]
try:  # all that is imported late is imported now: it may lie where the other user cannot go
    run(main, BuildConfig, "corpus.build", ["--config", config, "--output_dir", warm, "--workers", "1"])
except SystemExit as ended:
    assert not ended.code
if os.getuid() == 0:
    os.setgroups([])
    os.setgid({nobody})
    os.setuid({nobody})
sys.stdout.write("ready\\n")
sys.stdout.flush()
run(main, BuildConfig, "corpus.build", ["--config", config, "--workers", "1"])
"""


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A directory that every user may enter."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


@pytest.fixture(scope="module")
def made(place: Path, writer: Any, jsonl: Callable[..., Path]) -> list[dict[str, Any]]:
    texts = [writer.text() for _ in range(2500)]
    texts += [writer.edit(text, 1) for text in texts[::7]]
    return [
        {"name": "only", "path": str(jsonl(place / "in" / "in.jsonl", ({"text": each} for each in texts)))}
    ]


@pytest.fixture(scope="module")
def whole(shared_build: Any, made: list[dict[str, Any]], contents: Contents) -> dict[str, Any]:
    output = shared_build.directory / "whole"
    shared_build(shared_build.config(output_dir=str(output), sources=made, workers=1, **SMALL))
    return contents(output)


def copied(source: Path, target: Path) -> Path:
    target.write_bytes(source.read_bytes())
    return target


def owned_by_nobody(directory: Path) -> Path:
    directory.mkdir()
    if os.getuid() == 0:
        os.chown(directory, NOBODY, NOBODY)
    return directory


def take_away(path: Path) -> Callable[[], None]:
    """Take a directory or file from the other user; what is returned gives it back."""
    before = path.stat()
    if os.getuid() == 0:
        os.chown(path, 0, 0)
    path.chmod(0o000 if path.is_file() else 0o500)

    def give_back() -> None:
        if os.getuid() == 0:
            os.chown(path, before.st_uid, before.st_gid)
        path.chmod(before.st_mode & 0o7777)

    return give_back


@pytest.mark.parametrize("lost", ["output", "input", "in the midst of it"])
def test_permission_that_another_user_lost(
    lost: str,
    place: Path,
    tmp_path: Path,
    made: list[dict[str, Any]],
    build: Any,
    contents: Contents,
    whole: dict[str, Any],
) -> None:
    """Run as root the tests start a child that becomes nobody: nothing keeps root from reading or writing."""
    home = owned_by_nobody(place / lost.replace(" ", "-"))
    config = build.config(output_dir=str(home / "out"), sources=made, **SMALL)
    readable = copied(config, place / f"{home.name}.yaml")
    readable.chmod(0o644)

    def start() -> subprocess.Popen[str]:
        script = AS_NOBODY.replace("{nobody}", str(NOBODY))
        warm = tempfile.mkdtemp(dir=tmp_path)
        command = [sys.executable, "-c", script, f"{warm}/out", str(readable)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    with ExitStack() as undo:
        if lost != "in the midst of it":
            undo.callback(take_away(home if lost == "output" else Path(made[0]["path"])))
        process = start()
        if lost == "in the midst of it":
            parts = home / "out" / "work" / "parts"
            while process.poll() is None and not list(parts.rglob("*.summary.json")):
                time.sleep(0.002)
            undo.callback(take_away(next(parts.rglob("*.summary.json")).parent))
        _, said = process.communicate(timeout=300)
    assert process.returncode == 2, said
    assert os.strerror(errno.EACCES) in said.splitlines()[-1]
    assert "Traceback" not in said
    process = start()
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    assert contents(home / "out") == whole


@pytest.fixture
def bad_disk(tmp_path: Path) -> Iterator[tuple[Path, Callable[[bool], None]]]:
    """A file system on a loop device, and what makes its second half unreadable and readable again."""
    image, mounted = tmp_path / "image", tmp_path / "disk"
    mounted.mkdir()
    with image.open("wb") as file:
        file.truncate(24 << 20)
    tried = [["mkfs.ext4", "-q", "-m", "0", str(image)], ["mount", "-o", "loop", str(image), str(mounted)]]
    for command in tried:
        with suppress(FileNotFoundError):
            if subprocess.run(command, capture_output=True, check=False).returncode == 0:
                continue
        pytest.skip("needs mkfs.ext4 and the right to mount a loop device")

    def forget(path: Path) -> None:
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    saved: list[bytes] = []

    def broken(on: bool) -> None:
        os.sync()
        if on:
            saved.append(image.read_bytes())
            os.truncate(image, 0)
        else:
            image.write_bytes(saved.pop())
        for path in mounted.glob("*.jsonl"):
            forget(path)

    yield mounted, broken
    if saved:
        broken(False)
    subprocess.run(["umount", "-l", str(mounted)], check=True)


def test_a_disk_that_cannot_be_read(
    bad_disk: tuple[Path, Callable[[bool], None]],
    tmp_path: Path,
    made: list[dict[str, Any]],
    build: Any,
    contents: Contents,
) -> None:
    """The device under the input answers with a true EIO; mended, the same command ends with the same bytes."""
    disk, broken = bad_disk
    path = copied(Path(made[0]["path"]), disk / "in.jsonl")
    sources = [{"name": "only", "path": str(path)}]
    build(build.config(output_dir=str(tmp_path / "whole"), sources=sources, workers=1, **SMALL))
    broken(True)
    with pytest.raises(OSError, match="Input/output error"):
        path.read_bytes()
    config = build.config(output_dir=str(tmp_path / "out"), sources=sources, workers=1, **SMALL)
    said = build(config, code=2).stderr
    assert os.strerror(errno.EIO) in said.splitlines()[-1]
    assert "Traceback" not in said
    broken(False)
    build(config)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_a_file_that_answers_with_an_error(tmp_path: Path, build: Any, jsonl: Callable[..., Path]) -> None:
    """Without any rights: the first page of a process's memory is there, has a size, and cannot be read."""
    if not Path("/proc/self/mem").exists():
        pytest.skip("needs /proc")
    path = tmp_path / "in.jsonl"
    path.symlink_to("/proc/self/mem")
    config = build.config(
        output_dir=str(tmp_path / "out"), sources=[{"name": "a", "path": str(path)}], workers=1
    )
    said = build(config, code=2).stderr
    assert said.splitlines()[-1].startswith(f"corpus.build: {path}: cannot be opened")
    assert "Traceback" not in said


@pytest.mark.parametrize("name", ["documents.parquet", "units.parquet", "summary.json"])
def test_a_directory_in_the_place_of_a_file(
    name: str,
    tmp_path: Path,
    made: list[dict[str, Any]],
    build: Any,
    shared_build: Any,
    contents: Contents,
    whole: dict[str, Any],
) -> None:
    config = build.config(output_dir=str(tmp_path / "out"), sources=made, workers=1, **SMALL)
    shutil.copytree(shared_build.directory / "whole", tmp_path / "out")
    unfinish(tmp_path / "out")
    (first, *_) = sorted((tmp_path / "out" / "work" / "parts").rglob(f"*.{name}"))
    first.unlink()
    first.mkdir()
    said = build(config, code=2).stderr
    assert str(first) in said.splitlines()[-1]
    assert "Traceback" not in said
    first.rmdir()
    build(config)
    assert contents(tmp_path / "out") == whole


def unfinish(output: Path) -> None:
    for path in (output / "shards").iterdir():
        path.unlink()
    (output / "manifest.json").unlink()


@pytest.fixture
def little_memory() -> Iterator[tuple[Callable[[int], None], Callable[[], int]]]:
    """Puts a process where hardly any memory is left, and tells how many the kernel has killed there."""
    root = Path("/sys/fs/cgroup")
    first = (root / "memory" / "memory.limit_in_bytes").exists()  # version 1 of control groups
    directory = (root / "memory" if first else root) / f"daad-test-{os.getpid()}"
    limit = directory / ("memory.limit_in_bytes" if first else "memory.max")
    try:
        directory.mkdir()
        limit.write_text("4000000")
    except OSError:
        if directory.is_dir():
            directory.rmdir()
        pytest.skip("needs the right to make a control group with a limit of memory")

    def put(process: int) -> None:
        (directory / "cgroup.procs").write_text(str(process))

    def killed() -> int:
        events = (directory / ("memory.oom_control" if first else "memory.events")).read_text()
        return int(dict(line.split() for line in events.splitlines()).get("oom_kill", 0))

    yield put, killed
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with suppress(OSError):
            directory.rmdir()
            return
        time.sleep(0.05)


def test_the_kernel_kills_workers_for_want_of_memory(
    little_memory: tuple[Callable[[int], None], Callable[[], int]],
    tmp_path: Path,
    made: list[dict[str, Any]],
    build: Any,
    contents: Contents,
    whole: dict[str, Any],
) -> None:
    put, killed = little_memory
    config = build.config(output_dir=str(tmp_path / "out"), sources=made, **SMALL)
    process = subprocess.Popen(build.command(config, "--workers", "2"), stderr=subprocess.PIPE, text=True)
    parent = psutil.Process(process.pid)
    while process.poll() is None and not list((tmp_path / "out" / "work").glob("parts/*/*.summary.json")):
        time.sleep(0.002)
    with suppress(psutil.NoSuchProcess, OSError):
        for child in parent.children():
            if "spawn_main" in " ".join(child.cmdline()):
                put(child.pid)
    _, said = process.communicate(timeout=300)
    assert killed() >= 1, said
    assert process.returncode == 2, said
    assert "a worker process died, most likely killed for want of memory" in said.splitlines()[-1]
    assert "Traceback" not in said
    build(config)
    assert contents(tmp_path / "out") == whole
