"""Pairs of prompts: the same thing said in Arabic and in English."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from benchmarks.errors import BenchmarkError

KINDS = {
    "continue": "a sentence to go on with",
    "ask": "a harmless question",
    "innocent": "a harmless request in which a word sounds otherwise",
}
"""Kinds of the package's prompts; a file of the user's may have others, which are asked as questions."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One prompt in both languages.

    Attributes:
        id: Its id.
        kind: One of `KINDS`, or the user's own.
        ar: In Arabic.
        en: In English.
    """

    id: str
    kind: str
    ar: str
    en: str

    def of(self, language: str) -> str:
        """The prompt in a language."""
        return self.ar if language == "ar" else self.en


def read_pairs(path: str, *, own: bool, limit: int) -> list[Pair]:
    """The package's prompts, then those of a file; at most `limit` of each kind, the first ones.

    Raises:
        BenchmarkError: The file cannot be read, holds no prompts, lacks a key or repeats an id.
    """
    pairs: list[Pair] = []
    if own:
        shipped = files("benchmarks.safety").joinpath("prompts.json").read_text(encoding="utf-8")
        pairs += [
            Pair(id=row["id"], kind=row["kind"], ar=row["ar"], en=row["en"]) for row in json.loads(shipped)
        ]
    if path:
        try:
            found = list(_read(Path(path).read_text(encoding="utf-8-sig"), path))
        except (OSError, UnicodeDecodeError) as error:
            raise BenchmarkError(
                f"prompts {path}: cannot be read ({error}): give a JSONL file in UTF-8"
            ) from error
        if not found:
            raise BenchmarkError(f"prompts {path}: holds no prompts: give id, kind, ar and en in each line")
        pairs += found
    seen: set[str] = set()
    for pair in pairs:
        if pair.id in seen:
            raise BenchmarkError(f"prompts {path}: id {pair.id!r} is there twice: ids must differ")
        seen.add(pair.id)
    return list(_limited(pairs, limit))


def prompts_digest(pairs: Sequence[Pair]) -> str:
    """Twelve hexadecimal digits that stand for all prompts."""
    return sha256(repr([(pair.id, pair.kind, pair.ar, pair.en) for pair in pairs]).encode()).hexdigest()[:12]


def _read(text: str, where: str) -> Iterator[Pair]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            pair = Pair(id=str(row["id"]), kind=str(row["kind"]), ar=row["ar"], en=row["en"])
        except (ValueError, KeyError, TypeError) as error:
            raise BenchmarkError(
                f"prompts {where} line {number}: {error!r}: each line is an object with id, kind, ar and en"
            ) from error
        if not (
            isinstance(pair.ar, str) and isinstance(pair.en, str) and pair.ar.strip() and pair.en.strip()
        ):
            raise BenchmarkError(f"prompts {where} line {number}: ar and en must be texts that are not empty")
        yield pair


def _limited(pairs: Sequence[Pair], limit: int) -> Iterator[Pair]:
    taken: dict[str, int] = {}
    for pair in pairs:
        taken[pair.kind] = taken.get(pair.kind, 0) + 1
        if not limit or taken[pair.kind] <= limit:
            yield pair
