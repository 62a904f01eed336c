"""Words beside a number that tell what it is, kept in words.json."""

import json
import re
from functools import cache
from pathlib import Path


def any_of(name: str) -> str:
    """A pattern for any word of one list of words.json, the longest first."""
    return "|".join(re.escape(word) for word in sorted(_words()[name], key=len, reverse=True))


@cache
def _words() -> dict[str, list[str]]:
    words: dict[str, list[str]] = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    return words
