"""Output to object storage: the corpus arrives whole, the manifest last, and nothing is put twice."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

URL = "memory://bucket/corpus"
SMALL = {"workers": 1, "block_megabytes": 1, "shard_megabytes": 1}


@pytest.fixture
def store() -> Iterator[MemoryFileSystem]:
    files = fsspec.filesystem("memory")
    files.store.clear()
    yield files
    files.store.clear()


@pytest.fixture
def config(tmp_path: Path, build: Any, writer: Any, jsonl: Callable[..., Path]) -> Callable[..., Path]:
    sources = []
    for name in ("first", "second"):
        path = jsonl(tmp_path / f"{name}.jsonl", [*({"text": writer.text()} for _ in range(30)), "{broken"])
        sources.append({"name": name, "path": str(path)})

    def made(**settings: Any) -> Path:
        defaults = {"output_dir": URL, "work_dir": str(tmp_path / "work"), "sources": sources}
        return build.config(**defaults | SMALL | settings)  # type: ignore[no-any-return]

    return made


@pytest.fixture
def puts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of what is put, in order."""
    names: list[str] = []
    undisturbed = MemoryFileSystem.put_file

    def counted(files: Any, local: str, remote: str, *rest: Any, **more: Any) -> None:
        names.append(remote.split("/corpus/")[1])
        undisturbed(files, local, remote, *rest, **more)

    monkeypatch.setattr(MemoryFileSystem, "put_file", counted)
    return names


def downloaded(store: Any, root: str, directory: Path) -> Path:
    store.get(root, str(directory), recursive=True)
    return directory


def test_the_corpus_arrives_whole_with_the_manifest_last(
    tmp_path: Path, build: Any, config: Any, contents: Any, store: Any, puts: list[str]
) -> None:
    said = build(config()).stdout
    assert f"{URL}/card.html" in said
    assert contents(downloaded(store, "/bucket/corpus", tmp_path / "down")) == contents(tmp_path / "work")
    assert puts[-1] == "manifest.json"
    assert {name.split("/")[0] for name in puts} >= {"shards", "quarantine", "card.html", "clusters.parquet"}
    puts.clear()
    build(config())
    assert puts == []


def test_a_stopped_run_is_taken_up_where_it_ended(
    tmp_path: Path, build: Any, config: Any, contents: Any, store: Any, puts: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    counted = MemoryFileSystem.put_file

    def broken(files: Any, local: str, remote: str, *rest: Any, **more: Any) -> None:
        if len(puts) == 3:
            raise TimeoutError("the store\nsleeps")
        counted(files, local, remote, *rest, **more)

    with monkeypatch.context() as patch:
        patch.setattr(MemoryFileSystem, "put_file", broken)
        said = build(config(), code=2).stderr
    assert f"{URL}: cannot be written (the store sleeps): check the address" in said
    assert not store.exists("/bucket/corpus/manifest.json")
    first = set(puts)
    puts.clear()
    build(config())
    assert not first & set(puts)
    assert contents(downloaded(store, "/bucket/corpus", tmp_path / "down")) == contents(tmp_path / "work")


def test_what_changed_in_the_store_or_here_is_put_again_and_stale_files_go(
    tmp_path: Path, build: Any, config: Any, contents: Any, store: Any, puts: list[str]
) -> None:
    build(config())
    shard = next(name for name in puts if name.startswith("shards/second"))
    store.pipe_file(f"/bucket/corpus/{shard}", b"damaged")
    puts.clear()
    build(config())
    assert puts == [shard, "manifest.json"]
    only_first = build.config(
        output_dir=URL, work_dir=str(tmp_path / "work"), update=True, **SMALL,
        sources=[{"name": "first", "path": str(tmp_path / "first.jsonl")}],
    )  # fmt: skip
    build(only_first)
    assert contents(downloaded(store, "/bucket/corpus", tmp_path / "down")) == contents(tmp_path / "work")
    assert not store.exists(f"/bucket/corpus/{shard}")


def test_another_corpus_is_not_written_over(build: Any, config: Any, store: Any, puts: list[str]) -> None:
    store.pipe_file("/bucket/corpus/shards/theirs.parquet", b"theirs")
    said = build(config(), code=2).stderr
    assert "shards/theirs.parquet is there and was not put there from" in said
    assert puts == []
    build(config(update=True))
    assert not store.exists("/bucket/corpus/shards/theirs.parquet")


def test_what_arrives_changed_is_noticed(
    build: Any, config: Any, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The size is right and one byte is not, as a broken proxy would have it."""

    def flipped(files: Any, local: str, remote: str, *_: Any, **__: Any) -> None:
        data = bytearray(Path(local).read_bytes())
        data[len(data) // 2] ^= 1
        files.pipe_file(remote, bytes(data))

    monkeypatch.setattr(MemoryFileSystem, "put_file", flipped)
    assert "is not there as it was sent" in build(config(), code=2).stderr
    assert not store.exists("/bucket/corpus/manifest.json")


def test_a_mounted_store_gets_files_by_renaming(
    tmp_path: Path, build: Any, config: Any, contents: Any
) -> None:
    place = tmp_path / "mounted" / "corpus"
    build(config(output_dir=f"file://{place}"))
    assert contents(place) == contents(tmp_path / "work")


def test_a_copy_that_was_killed_halfway_is_taken_up(
    tmp_path: Path, build: Any, config: Any, contents: Any
) -> None:
    """What is left: part of a file beside its place, and half a line of what was put."""
    place = tmp_path / "mounted" / "corpus"
    build(config(output_dir=f"file://{place}"))
    (place / "manifest.json").unlink()
    (shard, *_) = sorted((place / "shards").iterdir())
    shard.rename(shard.with_name(f".{shard.name}.partial"))
    with (tmp_path / "work" / "work" / "published.jsonl").open("a") as file:
        file.write('{"url": "file')
    build(config(output_dir=f"file://{place}"))
    assert contents(place) == contents(tmp_path / "work")
    ledger = (tmp_path / "work" / "work" / "published.jsonl").read_text().splitlines()
    assert '"manifest.json"' in ledger[-1]
    assert (
        sum('"url"' in line and not line.endswith("}") for line in ledger) == 1
    )  # the half line spoils no other
    build(config(output_dir=f"file://{place}"))
    assert not list(place.rglob("*.partial"))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"work_dir": ""}, "work_dir must name a directory of this machine"),
        ({"work_dir": "s3://here/too"}, "work_dir must name a directory of this machine"),
        ({"output_dir": "out"}, "work_dir goes with a URL as output_dir"),
        ({"output_dir": "out[1]", "work_dir": ""}, "output_dir must have no *, ? or [ in its name"),
        ({"work_dir": "out*"}, "work_dir must have no *, ? or [ in its name"),
        ({"output_dir": "nowhere://bucket/corpus"}, "nowhere://bucket/corpus: Protocol not known"),
    ],
)
def test_mistakes_are_one_line(build: Any, config: Any, settings: dict[str, Any], expected: str) -> None:
    said = build(config(**settings), code=2).stderr
    assert expected in said
    assert len(said.strip().splitlines()) == 1
