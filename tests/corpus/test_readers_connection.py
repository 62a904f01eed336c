"""A connection that drops while a file is read stops the build; the file is not taken for a broken one."""

import io
import random
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fsspec
import polars as pl
import pytest

from corpus.errors import CorpusError
from corpus.readers import cut, resolve
from corpus.sources import Source

LIMIT = 400_000


class Dropping(io.BytesIO):
    """A remote file whose connection ends after so many bytes."""

    def __init__(self, content: bytes, error: OSError) -> None:
        super().__init__(content)
        self.error, self.left = error, LIMIT

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.left -= len(data)
        if self.left < 0:
            raise self.error
        return data


class Opening:
    """What `fsspec.open` gives."""

    def __init__(self, file: io.BytesIO) -> None:
        self.file = file

    def open(self) -> io.BytesIO:
        return self.file

    def __enter__(self) -> io.BytesIO:
        return self.file

    def __exit__(self, *_: object) -> None:
        self.file.close()


@contextmanager
def dropped(path: Path, error: OSError) -> Any:
    content = path.read_bytes()
    assert len(content) > 2 * LIMIT
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fsspec, "open", lambda *_: Opening(Dropping(content, error)))
        yield


def write_parquet(path: Path) -> None:
    chance = random.Random(1)
    texts = ["".join(chance.choices("abcdefgh ", k=500)) for _ in range(8_000)]
    pl.DataFrame({"text": texts}).write_parquet(path, row_group_size=500)


def write_warc(path: Path) -> None:
    """Pages, and between them records that are passed over, in which the break may fall too."""
    records = []
    for number in range(200):
        for kind, size in (("conversion", 2_000), ("metadata", 6_000)):
            content = b"x" * size
            head = f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: http://a/{number}\r\n"
            head += f"Content-Type: text/plain\r\nContent-Length: {size}\r\n\r\n"
            records.append(head.encode() + content + b"\r\n\r\n")
    path.write_bytes(b"".join(records))


def write_jsonl(path: Path) -> None:
    path.write_text('{"text": "one"}\n' * 60_000, encoding="utf-8")


@pytest.mark.parametrize(
    "error", [ConnectionResetError(104, "Connection reset by peer"), TimeoutError("timed out")]
)
@pytest.mark.parametrize(
    ("name", "write"), [("a.parquet", write_parquet), ("a.warc", write_warc), ("a.jsonl", write_jsonl)]
)
def test_is_one_line_and_no_fault_of_the_file(name: str, write: Any, error: OSError, tmp_path: Path) -> None:
    write(tmp_path / name)
    source = Source(name="remote", path=str(tmp_path / name))
    (file,) = resolve(source)
    whole = list(cut(file, source, 100_000))
    assert not any(block.faults for block in whole)
    read = []
    with (
        dropped(tmp_path / name, error),
        pytest.raises(CorpusError, match=r"reading failed \(.*\): check the disk or the connection"),
    ):
        read.extend(block for block in cut(file, source, 100_000))
    assert not any(block.faults for block in read)


def test_a_break_of_the_file_itself_is_its_fault(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet")
    content = bytearray((tmp_path / "a.parquet").read_bytes())
    content[LIMIT : LIMIT + 2_000] = bytes(2_000)
    (tmp_path / "a.parquet").write_bytes(content)
    source = Source(name="broken", path=str(tmp_path / "a.parquet"))
    (file,) = resolve(source)
    *_, last = cut(file, source, 100_000)
    assert [fault.rule for fault in last.faults] == ["broken_file"]
