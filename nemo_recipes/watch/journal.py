"""`log.jsonl`: one line for each logged step, validation and failure, which a resumed run continues exactly.

What the same run gives again stands in the line itself; what varies with the machine stands under `run`.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from corpus.pipeline.atomic import atomic_path


class Journal:
    """Appends lines to a file; each is on disk when `write` returns."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, line: dict[str, Any]) -> None:
        """Append a line, whole, and on its own where a crash cut off the one before."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab+") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    file.write(b"\n")
            file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")

    def lines(self, kind: str = "") -> list[dict[str, Any]]:
        """All lines, or those of one kind; a line that a crash cut off is left out."""
        return [line for line in _read(self.path) if not kind or line["kind"] == kind]

    def cut_after(self, step: int) -> None:
        """Drop the lines of later steps: the run goes on from this one, and writes them again."""
        if not self.path.exists():
            return
        kept = [line for line in _read(self.path) if line["step"] <= step]
        with atomic_path(self.path) as partial:
            partial.write_text(
                "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in kept), encoding="utf-8"
            )


def _read(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").split("\n"):
        try:
            yield json.loads(line)
        except ValueError:  # cut off by a crash; a start after it wrote on
            continue
