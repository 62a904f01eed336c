"""Every click, kept in one SQLite file as soon as it comes."""

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.errors import BenchmarkError
from corpus.sqlite_file import SqliteFile

FILE = "judgments.sqlite"

COMMENT = "comment"
PREFERENCE = "preference"


@dataclass(frozen=True, kw_only=True)
class Click:
    """One click, or one comment.

    Attributes:
        annotator: Who.
        unit: On what.
        question: Id of the question.
        shown_first: Model of the answer that was shown as 1.
        shown_second: Model of the answer shown as 2; empty where one answer is rated.
        criterion: "preference", "comment", or what was rated.
        value: "first", "second", "tie" or "both_bad"; the text of a comment; "1" to "5".
        seconds: Time from when the page showed it.
    """

    annotator: str
    unit: str
    question: str
    shown_first: str
    shown_second: str
    criterion: str
    value: str
    seconds: float


_COLUMNS = tuple(field.name for field in fields(Click))

_SCHEMA = """
CREATE TABLE IF NOT EXISTS study (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS clicks (
  number INTEGER PRIMARY KEY,
  at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  annotator TEXT NOT NULL, unit TEXT NOT NULL, question TEXT NOT NULL, shown_first TEXT NOT NULL,
  shown_second TEXT NOT NULL, criterion TEXT NOT NULL, value TEXT NOT NULL, seconds REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS by_annotator ON clicks (annotator, unit);
"""


class Store:
    """A study's file. Clicks are only ever added: the last one on a unit counts, the others stay to be looked at.

    Write-ahead logging with full synchronization: a click that was answered survives a killed process and a power cut.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, which is made where it is missing.

        Raises:
            BenchmarkError: It is no such file, or may not be written.
        """
        self._file = SqliteFile(path, _SCHEMA, "judgments", BenchmarkError, synchronous="FULL")

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def remember(self, key: str, value: str) -> str:
        """The value kept under a key; it becomes the given one where there is none."""
        self._file.run("INSERT OR IGNORE INTO study VALUES (?, ?)", (key, value))
        return self.recall(key)

    def recall(self, key: str) -> str:
        """The value kept under a key; empty where there is none."""
        rows = self._file.run("SELECT value FROM study WHERE key = ?", (key,))
        return str(rows[0][0]) if rows else ""

    def add(self, click: Click) -> None:
        """Keep a click; when this returns it is on the disk.

        Raises:
            BenchmarkError: The disk is full, or the file cannot be written.
        """
        marks = ", ".join("?" * len(_COLUMNS))
        statement = f"INSERT INTO clicks ({', '.join(_COLUMNS)}) VALUES ({marks})"  # noqa: S608 -- names of our own fields
        self._file.run(statement, tuple(asdict(click).values()))

    def latest_of(self, annotator: str) -> dict[tuple[str, str], str]:
        """The last value of an annotator by unit and criterion."""
        rows = self._file.run(
            "SELECT unit, criterion, value FROM clicks WHERE annotator = ? ORDER BY number", (annotator,)
        )
        return {(unit, criterion): value for unit, criterion, value in rows}

    def frame(self) -> pl.DataFrame:
        """The last click of each annotator on each unit and criterion, in the order in which they came.

        Columns number, at, and those of `Click`.
        """
        names = ("number", "at", *_COLUMNS)
        rows = self._file.run(f"SELECT {', '.join(names)} FROM clicks ORDER BY number")  # noqa: S608
        kinds: dict[str, Any] = dict.fromkeys(names, pl.String) | {"number": pl.Int64, "seconds": pl.Float64}
        frame = pl.DataFrame(rows, schema=kinds, orient="row")
        return frame.unique(["annotator", "unit", "criterion"], keep="last", maintain_order=True).sort(
            "number"
        )


def open_existing(directory: Path) -> Store:
    """The store of a study that was served.

    Raises:
        BenchmarkError: There is none.
    """
    path = directory / FILE
    if not path.is_file():
        raise BenchmarkError(f"{path}: no such file: give the output_dir of benchmarks.human serve")
    return Store(path)
