"""Multiple-choice questions of the user's own, in any of the formats that are understood."""

from typing import Any

from benchmarks.tasks.task import Task

_USERS: dict[str, Any] = {
    "source": "the user's",
    "license": "the user's",
    "private": True,
    "rule": "per_character",
    "note": "any file in a format below",
}

OWN: tuple[Task, ...] = (
    Task(name="own_ar", title="Own questions, Arabic", language="ar", **_USERS),
    Task(name="own_en", title="Own questions, English", language="en", **_USERS),
)
"""One for each language."""
