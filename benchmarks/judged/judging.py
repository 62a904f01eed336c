"""Judges are asked about every answer and every pair, in both orders, until their verdicts can be read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.judge_config import JudgeConfig
from benchmarks.judged.answers import Answers
from benchmarks.judged.prompts import Template, messages
from benchmarks.judged.questions import Question
from benchmarks.judged.verdicts import REMINDER, mark, rating, verdict
from corpus.endpoint import Endpoint, Reply, Request, chat

SCHEMA: dict[str, Any] = {
    **dict.fromkeys(("judge", "mode", "question", "category", "first", "second"), pl.String),
    "turn": pl.Int64,  # from 1
    "rating": pl.Float64,  # null where none was given in the asked form
    "verdict": pl.String,  # A for the first, B for the second, C for a tie; null as above
    "asks": pl.Int64,  # how often the judge was asked
    "refused": pl.Boolean,
    "judgment": pl.String,  # the last reply
}
"""Columns of judgments: `first` and `second` are models in the order in which the judge saw them."""


@dataclass(frozen=True, kw_only=True)
class Unit:
    """One thing to be judged: the answer of one model, or of two in this order, to a turn (from 0) of a question."""

    question: Question
    turn: int
    models: tuple[str, ...]

    @property
    def mode(self) -> str:
        """What is asked of the judge."""
        return "single" if len(self.models) == 1 else "pairwise"


def units(
    questions: Sequence[Question], models: Sequence[str], modes: Sequence[str], baseline: str
) -> list[Unit]:
    """All that a judge is asked about; every pair comes in both orders."""
    sides: list[tuple[str, ...]] = [(model,) for model in models] if "single" in modes else []
    if "pairwise" in modes:
        pairs = [pair for pair in combinations(models, 2) if not baseline or baseline in pair]
        sides += [side for first, second in pairs for side in ((first, second), (second, first))]
    return [
        Unit(question=question, turn=turn, models=side)
        for question in questions
        for turn in range(len(question.turns))
        for side in sides
    ]


def judge(
    config: JudgeConfig,
    name: str,
    url: str,
    asked: Sequence[Unit],
    answers: Mapping[str, Answers],
    templates: Mapping[str, Template],
) -> tuple[pl.DataFrame, dict[str, Any]]:
    """All judgments of one judge (`SCHEMA`), and what they cost.

    A verdict that cannot be read is asked for again in the same chat, up to `asks` times in all; then it stays null.

    Raises:
        EndpointError: The judge's endpoint cannot be used; what it said so far is kept.
    """
    settings = config.priced(replace(config.judge_endpoint, url=url, model=name), name)
    chats = [
        messages(
            templates, unit.question, unit.turn, [answers[model][unit.question.id] for model in unit.models]
        )
        for unit in asked
    ]
    modes = [unit.mode for unit in asked]
    with Endpoint(settings, Path(config.output_dir) / "responses") as endpoint:
        said = ask_until_readable(endpoint, chats, modes, asks=config.asks, max_tokens=config.judge_tokens)
        rows = [_row(name, unit, reply, asks) for unit, (reply, asks) in zip(asked, said, strict=True)]
        return pl.DataFrame(rows, schema=SCHEMA), endpoint.summary()


def ask_until_readable(
    endpoint: Endpoint,
    chats: Sequence[list[dict[str, str]]],
    modes: Sequence[str],
    *,
    asks: int,
    max_tokens: int,
) -> list[tuple[Reply, int]]:
    """The last reply to each chat, and how often it was asked for; one that cannot be read is asked for again.

    Raises:
        EndpointError: The endpoint cannot be used; what it said so far is kept.
    """
    name = endpoint.settings.model
    said: list[tuple[Reply, int]] = [(Reply(), 0)] * len(chats)
    waiting = list(range(len(chats)))
    for ask in range(1, asks + 1):
        requests = [_request(chats[number], modes[number], said[number], max_tokens) for number in waiting]
        replies = endpoint.ask(requests, desc=f"{name} judges" if ask == 1 else f"{name}, asked again")
        for number, reply in zip(waiting, replies, strict=True):
            said[number] = (reply, ask)
        waiting = [number for number in waiting if not _readable(modes[number], said[number][0])]
        if not waiting:
            break
    return said


def _request(turns: list[dict[str, str]], mode: str, said: tuple[Reply, int], max_tokens: int) -> Request:
    reply, asks = said
    if asks:
        turns = [
            *turns,
            {"role": "assistant", "content": reply.text},
            {"role": "user", "content": REMINDER[mode]},
        ]
    return chat(turns, max_tokens=max_tokens, sample=asks)


_READERS: dict[str, Callable[[str], float | str | None]] = {
    "single": rating,
    "pairwise": verdict,
    "mark": mark,
}


def _readable(mode: str, reply: Reply) -> bool:
    """Whether there is nothing more to ask: a verdict was given, or the endpoint will not answer."""
    if reply.refusal:
        return True
    return _READERS[mode](reply.text) is not None


def _row(judge_name: str, unit: Unit, reply: Reply, asks: int) -> dict[str, Any]:
    single = unit.mode == "single"
    return {
        "judge": judge_name,
        "mode": unit.mode,
        "question": unit.question.id,
        "category": unit.question.category,
        "first": unit.models[0],
        "second": "" if single else unit.models[1],
        "turn": unit.turn + 1,
        "rating": rating(reply.text) if single else None,
        "verdict": None if single else verdict(reply.text),
        "asks": asks,
        "refused": bool(reply.refusal),
        "judgment": reply.refusal or reply.text,
    }
