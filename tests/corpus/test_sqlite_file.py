"""What is kept in SQLite: whole transactions, and one line for what a disk or a stranger's file does."""

import os
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from corpus.endpoint import EndpointError
from corpus.errors import CorpusError
from corpus.sqlite_file import SqliteFile

ROWS = "CREATE TABLE IF NOT EXISTS rows (key INTEGER PRIMARY KEY, content BLOB)"
ADD = "INSERT INTO rows VALUES (?, ?)"


def opened(path: Path | None) -> SqliteFile:
    return SqliteFile(path, ROWS, "rows")


def keys(file: SqliteFile) -> list[int]:
    return [key for (key,) in file.run("SELECT key FROM rows ORDER BY key")]


def fill(file: SqliteFile) -> None:
    for key in range(100):
        file.run(ADD, (key, os.urandom(9000)))


def test_a_full_disk_costs_nothing_that_was_kept(small_disk: Path) -> None:
    with closing(opened(small_disk / "kept")) as file:
        with pytest.raises(
            CorpusError, match=r"kept: rows cannot be kept there \(.*\): make room on the disk"
        ):
            fill(file)
        before = keys(file)
        assert 0 < len(before) < 100
        assert before == list(range(len(before)))
        subprocess.run(["mount", "-o", "remount,size=9m", str(small_disk)], check=True)
        file.run(ADD, (len(before), b"now"))
    with closing(opened(small_disk / "kept")) as again:
        assert keys(again) == [*before, len(before)]


def test_no_room_to_open_it(small_disk: Path) -> None:
    (small_disk / "other").write_bytes(b"0" * 300 * 1024)
    with pytest.raises(CorpusError, match="kept: rows cannot be kept there"):
        opened(small_disk / "kept")


def test_many_rows_are_all_there_or_none() -> None:
    with closing(opened(None)) as file:
        file.run_many(ADD, [(1, b""), (2, b"")])
        with pytest.raises(CorpusError, match="UNIQUE"):
            file.run_many(ADD, [(3, b""), (4, b""), (2, b"")])
        assert keys(file) == [1, 2]


def test_errors_are_of_the_class_that_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"not a database, certainly not" * 50)
    with pytest.raises(
        EndpointError, match=r"kept: answers cannot be kept there \(file is not a database\): move it"
    ):
        SqliteFile(tmp_path / "kept", ROWS, "answers", EndpointError)


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    with closing(opened(tmp_path / "kept")) as file:
        file.run_many(ADD, [(key, os.urandom(900)) for key in range(200)])
    data = bytearray((tmp_path / "kept").read_bytes())
    data[4096:] = os.urandom(len(data) - 4096)
    (tmp_path / "kept").write_bytes(bytes(data))
    with closing(opened(tmp_path / "kept")) as file, pytest.raises(CorpusError, match="move it away"):
        file.run("SELECT * FROM rows")
