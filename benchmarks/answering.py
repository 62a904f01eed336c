"""A model is asked about items: requests out, one row of responses for each item back."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import polars as pl

from benchmarks import prompts
from benchmarks.items import Item
from benchmarks.prompts import Asked, Wording
from benchmarks.tasks.task import Task


class Model(Protocol):
    """What is needed of a model: lm-eval's `loglikelihood`."""

    def loglikelihood(self, requests: list[Any]) -> list[tuple[float, bool]]:
        """Log-likelihood in nats of each request's continuation after its context."""


def examples_for(item: Item, dev: Sequence[Item], shots: int) -> list[Item]:
    """The first `shots` examples of the item's subject, filled up with the first of others; never the item itself."""
    others = [each for each in dev if each.id != item.id]
    same = [each for each in others if each.subject == item.subject]
    different = [each for each in others if each.subject != item.subject]
    return [*same, *different][:shots]


def ask(model: Model, task: Task, items: Sequence[Item], dev: Sequence[Item], words: Wording) -> pl.DataFrame:
    """Responses to all items under the rules of the task.

    Returns:
        Columns id, subject, country, passage, question, ending, choices, answer, also_right, and the log-likelihoods in
        nats of each choice: `letters` (empty where the task has no such rule) and `continuation`.
    """
    by_letter = [_letters(task, item, dev, words) for item in items]
    by_text = [
        prompts.continuations(item, examples_for(item, dev, task.shots), words, task.style) for item in items
    ]
    found = _loglikelihoods(model, [*by_letter, *by_text], task.name)
    columns: Mapping[str, Any] = {
        **{name: [getattr(item, name) for item in items] for name in _KEPT},
        "letters": found[: len(items)],
        "continuation": found[len(items) :],
    }
    return pl.DataFrame(columns, schema=SCHEMA)


_KEPT = ("id", "subject", "country", "passage", "question", "ending", "choices", "answer", "also_right")

SCHEMA: dict[str, Any] = {
    **dict.fromkeys(("id", "subject", "country", "passage", "question", "ending"), pl.String),
    "choices": pl.List(pl.String),
    "answer": pl.Int64,
    "also_right": pl.List(pl.Int64),
    "letters": pl.List(pl.Float64),
    "continuation": pl.List(pl.Float64),
}
"""Columns of a frame of responses."""


def _letters(task: Task, item: Item, dev: Sequence[Item], words: Wording) -> Asked:
    if "letters" not in task.rules:
        return Asked((), ())
    return prompts.letters(item, examples_for(item, dev, task.shots), words)


def _loglikelihoods(model: Model, asked: Sequence[Asked], name: str) -> list[list[float]]:
    from lm_eval.api.instance import Instance

    requests = [
        Instance(request_type="loglikelihood", doc={}, arguments=pair, idx=choice, metadata=(name, number, 1))
        for number, each in enumerate(asked)
        for choice, pair in enumerate(zip(each.contexts, each.continuations, strict=True))
    ]
    answers = iter(model.loglikelihood(requests))
    return [[next(answers)[0] for _ in each.contexts] for each in asked]
