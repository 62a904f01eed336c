"""Answers on disk, by what was asked: nothing is paid twice, and a kill loses only what was under way."""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from corpus.endpoint.errors import EndpointError
from corpus.endpoint.requests import Reply
from corpus.sqlite_file import SqliteFile

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
            EndpointError: It is no such file, or may not be written.
        """
        self.path = directory / NAME
        self._file = SqliteFile(self.path, _TABLE, "answers", EndpointError)

    def get(self, key: str) -> Reply | None:
        """The kept reply, marked as such."""
        rows = self._file.run("SELECT reply FROM replies WHERE key = ?", (key,))
        if not rows:
            return None
        kept = {name: _tuple(value) for name, value in json.loads(rows[0][0]).items()}
        return replace(Reply(**kept), from_cache=True)

    def put(self, key: str, model: str, request: Mapping[str, Any], reply: Reply) -> None:
        """Keep a reply; it is on disk when this returns.

        Raises:
            EndpointError: The disk is full, or the file cannot be written.
        """
        values = (
            key,
            model,
            json.dumps(request, ensure_ascii=False, sort_keys=True),
            json.dumps(_filled(reply), ensure_ascii=False),
            reply.prompt_tokens,
            reply.completion_tokens,
        )
        columns = "key, model, request, reply, prompt_tokens, completion_tokens"
        self._file.run(f"INSERT OR REPLACE INTO replies ({columns}) VALUES (?,?,?,?,?,?)", values)  # noqa: S608

    def tokens(self, model: str) -> tuple[int, int, int]:
        """Number of kept replies of a model, and the tokens of their prompts and answers."""
        sums = "COUNT(*), COALESCE(SUM(prompt_tokens), 0), COALESCE(SUM(completion_tokens), 0)"
        ((replies, prompts, completions),) = self._file.run(
            f"SELECT {sums} FROM replies WHERE model = ?",  # noqa: S608
            (model,),
        )
        return replies, prompts, completions

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _filled(reply: Reply) -> dict[str, Any]:
    return {name: value for name, value in asdict(reply).items() if value and name != "from_cache"}


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
