"""Answers on disk, by what was asked: nothing is paid twice, and a kill loses only what was under way."""

import json
import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from corpus.endpoint.errors import EndpointError
from corpus.endpoint.requests import Reply

NAME = "endpoint.sqlite"

_TABLE = """
CREATE TABLE IF NOT EXISTS replies (
    key TEXT PRIMARY KEY, model TEXT NOT NULL, request TEXT NOT NULL, reply TEXT NOT NULL,
    prompt_tokens INTEGER, completion_tokens INTEGER, asked TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
)
"""


class ReplyCache:
    """Replies of any endpoint in one SQLite file; threads and processes may share it."""

    def __init__(self, directory: Path) -> None:
        """Open the file, which is made where it is missing.

        Raises:
            EndpointError: It is no such file.
        """
        directory.mkdir(parents=True, exist_ok=True)
        self.path = directory / NAME
        self._lock = threading.Lock()
        try:
            self._database = sqlite3.connect(
                self.path, timeout=60, isolation_level=None, check_same_thread=False
            )
            self._prepare()
        except sqlite3.DatabaseError as error:
            raise EndpointError(f"{self.path}: no cache of answers ({error}): move it away") from error

    def _prepare(self) -> None:
        try:
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute(_TABLE)
        except BaseException:
            self._database.close()
            raise

    def get(self, key: str) -> Reply | None:
        """The kept reply, marked as such."""
        with self._lock:
            row = self._database.execute("SELECT reply FROM replies WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        kept = {name: _tuple(value) for name, value in json.loads(row[0]).items()}
        return replace(Reply(**kept), from_cache=True)

    def put(self, key: str, model: str, request: Mapping[str, Any], reply: Reply) -> None:
        """Keep a reply; it is on disk when this returns."""
        values = (
            key,
            model,
            json.dumps(request, ensure_ascii=False, sort_keys=True),
            json.dumps(_filled(reply), ensure_ascii=False),
            reply.prompt_tokens,
            reply.completion_tokens,
        )
        columns = "key, model, request, reply, prompt_tokens, completion_tokens"
        with self._lock:
            self._database.execute(f"INSERT OR REPLACE INTO replies ({columns}) VALUES (?,?,?,?,?,?)", values)  # noqa: S608

    def tokens(self, model: str) -> tuple[int, int, int]:
        """Number of kept replies of a model, and the tokens of their prompts and answers."""
        sums = "COUNT(*), COALESCE(SUM(prompt_tokens), 0), COALESCE(SUM(completion_tokens), 0)"
        with self._lock:
            row = self._database.execute(f"SELECT {sums} FROM replies WHERE model = ?", (model,))  # noqa: S608
            replies, prompts, completions = row.fetchone()
        return replies, prompts, completions

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def _filled(reply: Reply) -> dict[str, Any]:
    return {name: value for name, value in asdict(reply).items() if value and name != "from_cache"}


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
