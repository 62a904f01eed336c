"""What was found of each pair of documents, on disk, so that a stopped run goes on at the next pair."""

import hashlib
import io
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from corpus.errors import CorpusError

Arrays = tuple[npt.NDArray[Any], ...]


class Kept:
    """Arrays by key in one SQLite file (in memory without a path); what was put outlives the process."""

    def __init__(self, path: Path | None = None) -> None:
        """Open or make the file.

        Raises:
            CorpusError: It is no such file.
        """
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._database = sqlite3.connect(path or ":memory:")
            self._database.execute("PRAGMA journal_mode=WAL")
            # A power cut may cost the last pairs, no kill does.
            self._database.execute("PRAGMA synchronous=NORMAL")
            self._database.execute("CREATE TABLE IF NOT EXISTS arrays (key BLOB PRIMARY KEY, content BLOB)")
        except sqlite3.DatabaseError as error:
            raise CorpusError(f"{path}: not a store of alignments ({error}): remove it") from error
        self._path = path
        self.made = 0

    def arrays(self, key: bytes, make: Callable[[], Arrays]) -> Arrays:
        """Those of a key, made and put where they are not there yet.

        Raises:
            CorpusError: The disk is full, or the file cannot be read.
        """
        found = self._run("SELECT content FROM arrays WHERE key = ?", key)
        if found:
            with np.load(io.BytesIO(found[0][0]), allow_pickle=False) as stored:
                return tuple(stored[name] for name in stored.files)
        made = make()
        self.made += 1
        content = io.BytesIO()
        np.savez_compressed(content, *made)
        self._run("INSERT INTO arrays VALUES (?, ?)", key, content.getvalue())
        return made

    def _run(self, statement: str, *values: bytes) -> list[Any]:
        try:
            with self._database:
                return self._database.execute(statement, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise CorpusError(
                f"{self._path}: alignments cannot be kept ({error}): make room on the disk, or remove the file if "
                "it is damaged; the same command continues from here"
            ) from error

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def key_of(*parts: str | bytes) -> bytes:
    """What stands for texts and settings together."""
    found = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        found.update(len(data).to_bytes(8, "little") + data)
    return found.digest()


def key_of_sentences(left: pl.Series, right: pl.Series) -> bytes:
    """What stands for the sentences of two documents."""
    return key_of(str(len(left)), *left, *right)
