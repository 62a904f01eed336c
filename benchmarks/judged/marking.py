"""A judge marks answers beside accepted ones, from 0 to 10 (ALRAGE's measure)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.judged.judging import ask_until_readable
from benchmarks.judged.prompts import filled, read_templates
from benchmarks.judged.questions import Question
from benchmarks.judged.verdicts import HIGHEST, mark
from corpus.endpoint import Endpoint, EndpointSettings

ASKS = 3
_TOKENS = 256
_TEMPLATE = "mark-v1"


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A question, what a model answered, and the answer that is accepted."""

    question: str
    answer: str
    accepted: str


@dataclass(frozen=True, kw_only=True)
class Marks:
    """Marks over 10, None where none could be read; who gave them by which prompt; and what asking took."""

    values: list[float | None]
    judge: str
    took: dict[str, Any]


def marks(settings: EndpointSettings, cache_dir: Path, answered: Sequence[Answered], language: str) -> Marks:
    """The judge's marks; an empty answer earns 0 unasked, a reply without a mark is asked for again.

    Raises:
        EndpointError: The judge's endpoint cannot be used; what it said so far is kept.
    """
    template = read_templates("", language)[_TEMPLATE]
    digest = hashlib.sha256(repr(template).encode()).hexdigest()[:8]
    values: list[float | None] = [0.0] * len(answered)
    places = [number for number, each in enumerate(answered) if each.answer.strip()]
    chats = [
        filled(
            template,
            Question(id="", category="", turns=(each.question,), references=(each.accepted,)),
            [[each.answer]],
        )
        for each in (answered[number] for number in places)
    ]
    with Endpoint(settings, cache_dir) as endpoint:
        said = ask_until_readable(endpoint, chats, ["mark"] * len(chats), asks=ASKS, max_tokens=_TOKENS)
        for number, (reply, _) in zip(places, said, strict=True):
            found = mark(reply.text)
            values[number] = None if found is None else found / HIGHEST
        judge = f"{endpoint.settings.model}-{digest}"
        return Marks(values=values, judge=judge, took=endpoint.summary())
