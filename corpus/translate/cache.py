"""Translations on disk: each sentence is translated once, whatever stops a run."""

import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from corpus.sqlite_file import SqliteFile

_TABLE = "CREATE TABLE IF NOT EXISTS translations (key BLOB PRIMARY KEY, text TEXT, date TEXT) WITHOUT ROWID"
_ASKED_AT_ONCE = 500


class TranslationCache:
    """Translations by key in one SQLite file; a batch that was put outlives the process."""

    def __init__(self, path: Path) -> None:
        """Open or make the file.

        Raises:
            CorpusError: It is no such file, or may not be written.
        """
        self._file = SqliteFile(path, _TABLE, "translations")

    def get(self, keys: Sequence[bytes]) -> dict[bytes, tuple[str, str]]:
        """Translation and date of all keys that are there."""
        found: dict[bytes, tuple[str, str]] = {}
        for start in range(0, len(keys), _ASKED_AT_ONCE):
            some = keys[start : start + _ASKED_AT_ONCE]
            marks = ",".join("?" * len(some))
            query = f"SELECT key, text, date FROM translations WHERE key IN ({marks})"  # noqa: S608
            found.update({key: (text, date) for key, text, date in self._file.run(query, some)})
        return found

    def put(self, translations: Iterable[tuple[bytes, str]]) -> None:
        """Keep a batch.

        Raises:
            CorpusError: The disk is full, or the file cannot be written.
        """
        date = time.strftime("%Y-%m-%d", time.gmtime())
        rows = [(key, text, date) for key, text in translations]
        self._file.run_many("INSERT OR REPLACE INTO translations VALUES (?, ?, ?)", rows)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
