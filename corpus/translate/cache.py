"""Translations on disk: each sentence is translated once, whatever stops a run."""

import sqlite3
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from corpus.errors import CorpusError

_ASKED_AT_ONCE = 500


class TranslationCache:
    """Translations by key in one SQLite file; a batch that was put outlives the process."""

    def __init__(self, path: Path) -> None:
        """Open or make the file.

        Raises:
            CorpusError: It is no such file.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._database = sqlite3.connect(path)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute(
                "PRAGMA synchronous=NORMAL"
            )  # a power cut may cost the last batches, no kill does
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS translations (key BLOB PRIMARY KEY, text TEXT, date TEXT) WITHOUT ROWID"
            )
        except sqlite3.DatabaseError as error:
            raise CorpusError(f"{path}: not a cache of translations ({error}): remove it") from error

    def get(self, keys: Sequence[bytes]) -> dict[bytes, tuple[str, str]]:
        """Translation and date of all keys that are there."""
        found: dict[bytes, tuple[str, str]] = {}
        for start in range(0, len(keys), _ASKED_AT_ONCE):
            some = keys[start : start + _ASKED_AT_ONCE]
            marks = ",".join("?" * len(some))
            query = f"SELECT key, text, date FROM translations WHERE key IN ({marks})"  # noqa: S608
            found.update({key: (text, date) for key, text, date in self._database.execute(query, some)})
        return found

    def put(self, translations: Iterable[tuple[bytes, str]]) -> None:
        """Keep a batch."""
        date = time.strftime("%Y-%m-%d", time.gmtime())
        with self._database:
            self._database.executemany(
                "INSERT OR REPLACE INTO translations VALUES (?, ?, ?)",
                [(key, text, date) for key, text in translations],
            )

    def close(self) -> None:
        """Close the file."""
        self._database.close()
