"""Rows in one SQLite file: what was written outlives the process, and what goes wrong is told in one line."""

import sqlite3
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from corpus.errors import CorpusError, DaadError

_ADVICE = {
    sqlite3.SQLITE_FULL: "make room on the disk",
    sqlite3.SQLITE_BUSY: "end the other process that holds it",
    sqlite3.SQLITE_NOTADB: "move it away, or choose another directory",
    sqlite3.SQLITE_CORRUPT: "it is damaged: move it away",
    sqlite3.SQLITE_READONLY: "let this user write there",
    sqlite3.SQLITE_PERM: "let this user write there",
    sqlite3.SQLITE_CANTOPEN: "let this user write a file there, or move away what stands in its place",
}
_OTHER_ADVICE = "look after its disk, or move it away if it is damaged"
_PRIMARY = 0xFF
"""Bits of SQLite's error codes that name the kind."""


class SqliteFile:
    """A connection that threads share, one at a time, and whose file processes share; each call is a transaction."""

    def __init__(
        self,
        path: Path | None,
        schema: str,
        what: str,
        error: type[DaadError] = CorpusError,
        synchronous: str = "NORMAL",
    ) -> None:
        """Open the file, which is made where it is missing; without a path it is in memory.

        Args:
            path: The file.
            schema: Statements that make its tables where they are missing.
            what: What is kept there, for messages.
            error: Class of all errors.
            synchronous: SQLite's setting. With NORMAL a power cut may cost the last transactions, no kill does;
                with FULL neither.

        Raises:
            DaadError: It is no such file, or may not be written.
        """
        self._path, self._what, self._error = path, what, error
        self._lock = threading.Lock()
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._database = sqlite3.connect(path or ":memory:", timeout=60, check_same_thread=False)
        except sqlite3.DatabaseError as fault:
            raise self._told(fault) from fault
        try:
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute(f"PRAGMA synchronous={synchronous}")
            self._database.executescript(schema)
        except BaseException as fault:
            self._database.close()
            if isinstance(fault, sqlite3.DatabaseError):
                raise self._told(fault) from fault
            raise

    def run(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """The rows that a statement finds; what it writes is in the file when this returns.

        Raises:
            DaadError: The disk is full, or the file cannot be read or written.
        """
        try:
            with self._lock, self._database:
                return self._database.execute(statement, values).fetchall()
        except sqlite3.DatabaseError as fault:
            raise self._told(fault) from fault

    def run_many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """One statement for each row, all of them or none.

        Raises:
            DaadError: As `run`.
        """
        try:
            with self._lock, self._database:
                self._database.executemany(statement, rows)
        except sqlite3.DatabaseError as fault:
            raise self._told(fault) from fault

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def _told(self, fault: sqlite3.DatabaseError) -> DaadError:
        code = getattr(fault, "sqlite_errorcode", 0) & _PRIMARY
        advice = _ADVICE.get(code, _OTHER_ADVICE)
        return self._error(f"{self._path}: {self._what} cannot be kept there ({fault}): {advice}")
