"""Input and output over the protocol of S3, against a server of its own (moto); test_publish.py has the rest.

Needs `pip install 'daad[remote]' 'moto[server]'`, which are not among the tests' own packages.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

s3fs = pytest.importorskip("s3fs", reason="needs pip install 'daad[remote]'")
server = pytest.importorskip("moto.server", reason="needs pip install 'moto[server]'")

URL = "s3://bucket/corpus"
SMALL = {"workers": 1, "block_megabytes": 1, "shard_megabytes": 1}


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A store with an empty bucket; whoever asks for s3:// is sent there."""
    moto = server.ThreadedMotoServer("127.0.0.1", port=0)
    moto.start()
    host, port = moto.get_host_and_port()
    httpx.post(f"http://{host}:{port}/moto-api/reset")  # one memory serves all of a process's servers
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    files = s3fs.S3FileSystem()
    files.mkdir("bucket")
    yield files
    s3fs.S3FileSystem.clear_instance_cache()
    moto.stop()


@pytest.fixture
def config(
    tmp_path: Path, store: Any, build: Any, writer: Any, jsonl: Callable[..., Path]
) -> Callable[..., Path]:
    """A build whose input lies in the store too."""
    for name in ("first", "second"):
        path = jsonl(tmp_path / f"{name}.jsonl.gz", [{"text": writer.text()} for _ in range(40)])
        store.put_file(str(path), f"bucket/input/{name}.jsonl.gz")

    def made(**settings: Any) -> Path:
        sources = [
            {"name": name, "path": f"s3://bucket/input/{name}.jsonl.gz"} for name in ("first", "second")
        ]
        defaults = {"output_dir": URL, "work_dir": str(tmp_path / "work"), "sources": sources}
        return build.config(**defaults | SMALL | settings)  # type: ignore[no-any-return]

    return made


def modified(store: Any) -> dict[str, str]:
    """When each object of the corpus was written."""
    store.invalidate_cache()
    found = store.find("bucket/corpus", detail=True)
    return {path: str(facts["LastModified"]) for path, facts in found.items() if facts["type"] == "file"}


def downloaded(store: Any, directory: Path) -> Path:
    store.invalidate_cache()
    store.get("bucket/corpus", str(directory), recursive=True)
    return directory


def test_from_the_store_and_into_it(
    tmp_path: Path, build: Any, config: Any, contents: Any, store: Any
) -> None:
    build(config())
    assert contents(downloaded(store, tmp_path / "down")) == contents(tmp_path / "work")
    before = modified(store)
    assert len(before) > 4
    time.sleep(1.1)  # LastModified has seconds
    build(config())
    assert modified(store) == before
    shard = next(path for path in before if "/shards/" in path)
    store.pipe_file(shard, b"damaged")
    build(config())
    assert {path for path, when in modified(store).items() if when != before[path]} == {
        shard,
        "bucket/corpus/manifest.json",
    }
    assert contents(downloaded(store, tmp_path / "again")) == contents(tmp_path / "work")


@pytest.mark.parametrize("objects", [1, 3])
def test_killed_while_it_puts(
    objects: int, tmp_path: Path, build: Any, config: Any, contents: Any, store: Any
) -> None:
    path = config()
    with subprocess.Popen(build.command(path), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as run:
        try:
            while run.poll() is None and len(modified(store)) < objects:
                time.sleep(0.01)
        finally:
            os.kill(run.pid, signal.SIGKILL)
    assert not store.exists("bucket/corpus/manifest.json")
    build(path)
    assert contents(downloaded(store, tmp_path / "down")) == contents(tmp_path / "work")


def test_a_missing_bucket_is_told_before_the_work(
    tmp_path: Path, build: Any, config: Any, store: Any
) -> None:
    said = build(config(output_dir="s3://nobody/corpus"), code=2).stderr
    assert said.startswith("corpus.build: s3://nobody/corpus: cannot be written (")
    assert "bucket" in said
    assert len(said.strip().splitlines()) == 1
    assert not (tmp_path / "work" / "shards").exists()
