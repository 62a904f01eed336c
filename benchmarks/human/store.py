"""Every click, kept in one SQLite file as soon as it comes."""

import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.errors import BenchmarkError

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
    One connection serves all threads, one at a time.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        try:
            self._connection = sqlite3.connect(
                path, check_same_thread=False, isolation_level=None, timeout=30
            )
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            raise BenchmarkError(
                f"{path}: is no file of judgments ({error}): choose another output_dir"
            ) from error

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def remember(self, key: str, value: str) -> str:
        """The value kept under a key; it becomes the given one where there is none."""
        with self._lock:
            self._connection.execute("INSERT OR IGNORE INTO study VALUES (?, ?)", (key, value))
            row = self._connection.execute("SELECT value FROM study WHERE key = ?", (key,)).fetchone()
        return str(row[0])

    def recall(self, key: str) -> str:
        """The value kept under a key; empty where there is none."""
        with self._lock:
            row = self._connection.execute("SELECT value FROM study WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else ""

    def add(self, click: Click) -> None:
        """Keep a click; when this returns it is on the disk."""
        marks = ", ".join("?" * len(_COLUMNS))
        with self._lock:
            self._connection.execute(
                f"INSERT INTO clicks ({', '.join(_COLUMNS)}) VALUES ({marks})",  # noqa: S608 -- names of our own fields
                tuple(asdict(click).values()),
            )

    def latest_of(self, annotator: str) -> dict[tuple[str, str], str]:
        """The last value of an annotator by unit and criterion."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT unit, criterion, value FROM clicks WHERE annotator = ? ORDER BY number", (annotator,)
            ).fetchall()
        return {(unit, criterion): value for unit, criterion, value in rows}

    def frame(self) -> pl.DataFrame:
        """The last click of each annotator on each unit and criterion, in the order in which they came.

        Columns number, at, and those of `Click`.
        """
        names = ("number", "at", *_COLUMNS)
        with self._lock:
            rows: Sequence[tuple[object, ...]] = self._connection.execute(
                f"SELECT {', '.join(names)} FROM clicks ORDER BY number"  # noqa: S608
            ).fetchall()
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
