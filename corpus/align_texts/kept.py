"""What was found of each pair of documents, on disk, so that a stopped run goes on at the next pair."""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from corpus.sqlite_file import SqliteFile

_TABLE = "CREATE TABLE IF NOT EXISTS arrays (key BLOB PRIMARY KEY, content BLOB)"

Arrays = tuple[npt.NDArray[Any], ...]


class Kept:
    """Arrays by key in one SQLite file (in memory without a path); what was put outlives the process."""

    def __init__(self, path: Path | None = None) -> None:
        """Open or make the file.

        Raises:
            CorpusError: It is no such file, or may not be written.
        """
        self._file = SqliteFile(path, _TABLE, "alignments")
        self.made = 0

    def arrays(self, key: bytes, make: Callable[[], Arrays]) -> Arrays:
        """Those of a key, made and put where they are not there yet.

        Raises:
            CorpusError: The disk is full, or the file cannot be read.
        """
        found = self._file.run("SELECT content FROM arrays WHERE key = ?", (key,))
        if found:
            with np.load(io.BytesIO(found[0][0]), allow_pickle=False) as stored:
                return tuple(stored[name] for name in stored.files)
        made = make()
        self.made += 1
        content = io.BytesIO()
        np.savez_compressed(content, *made)
        self._file.run("INSERT INTO arrays VALUES (?, ?)", (key, content.getvalue()))
        return made

    def close(self) -> None:
        """Close the file."""
        self._file.close()


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
