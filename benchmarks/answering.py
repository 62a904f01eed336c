"""A model is asked about items: requests out, one row of responses for each item back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, Protocol

import polars as pl

from benchmarks import prompts
from benchmarks.items import Item
from benchmarks.prompts import Asked, Wording
from benchmarks.tasks.task import Task


class Model(Protocol):
    """What is needed of a model: lm-eval's `loglikelihood` and `generate_until`."""

    def loglikelihood(self, requests: list[Any]) -> list[tuple[float, bool]]:
        """Log-likelihood in nats of each request's continuation after its context."""

    def generate_until(self, requests: list[Any]) -> list[str]:
        """Text after each request's prompt, up to the first of its ends."""


def examples_for(item: Item, dev: Sequence[Item], shots: int) -> list[Item]:
    """The first `shots` examples of the item's subject, filled up with the first of others; never the item itself.

    Ids alone do not tell an item: those of another split may count from the same number.
    """
    same = (each for each in dev if each.subject == item.subject and not _is_same(each, item))
    different = (each for each in dev if each.subject != item.subject and not _is_same(each, item))
    return list(islice(chain(same, different), shots))


def _is_same(one: Item, other: Item) -> bool:
    return (one.id, one.passage, one.question) == (other.id, other.passage, other.question)


@dataclass(frozen=True)
class Ways:
    """How a task is asked.

    Attributes:
        likelihoods: For the log-likelihoods of its choices.
        generated: For a text, which every open question needs.
        marked: Whether a judge marks free answers.
        template: What makes a chat's prompt of the text before a choice; None to ask for it as it is.
        turn: What makes a chat's prompt of a turn, such as a chat template; None to let the model go on with a text.
    """

    likelihoods: bool = True
    generated: bool = False
    marked: bool = False
    template: Callable[[str], str] | None = None
    turn: Callable[[str], str] | None = None


ITEMS_AT_A_TIME = 512
"""Items whose prompts and tokens are held at a time."""


def ask(
    model: Model,
    task: Task,
    items: Sequence[Item],
    dev: Sequence[Item],
    words: Wording,
    ways: Ways = Ways(),
) -> pl.DataFrame:
    """Responses to all items under the rules of the task, in their order.

    Prompts and tokens of `ITEMS_AT_A_TIME` items are held at a time, those of one subject together, as they share their
    examples: beyond these, only the responses grow with the number of items.

    Returns:
        Columns id, subject, country, passage, question, ending, choices (of an open question: the accepted answers),
        answer, also_right, the log-likelihoods in nats of each choice: `letters` (empty where the task has no such
        rule) and `continuation`; `generated`, null where no text was asked for; and `mark`, null until a judge has
        given one.
    """
    order = sorted(range(len(items)), key=lambda number: items[number].subject)
    frames = []
    for start in range(0, len(order), ITEMS_AT_A_TIME):
        places = order[start : start + ITEMS_AT_A_TIME]
        portion = _ask(model, task, [items[place] for place in places], dev, words, ways)
        frames.append(portion.with_columns(place=pl.Series(places, dtype=pl.Int64)))
    if not frames:
        return pl.DataFrame(schema=SCHEMA)
    return pl.concat(frames).sort("place").drop("place")


def _ask(
    model: Model,
    task: Task,
    items: Sequence[Item],
    dev: Sequence[Item],
    words: Wording,
    ways: Ways,
) -> pl.DataFrame:
    """As `ask`, all at once."""
    empty: list[list[float]] = [[] for _ in items]
    by_letter, by_text = empty, empty
    if task.answer == "choice" and ways.likelihoods:
        letters = [in_template(_letters(task, item, dev, words), ways.template) for item in items]
        texts = [
            in_template(
                prompts.continuations(item, examples_for(item, dev, task.shots), words, task.style),
                ways.template,
            )
            for item in items
        ]
        found = _loglikelihoods(model, [*letters, *texts], task.name)
        by_letter, by_text = found[: len(items)], found[len(items) :]
    columns: Mapping[str, Any] = {
        **{name: [getattr(item, name) for item in items] for name in _KEPT},
        "letters": by_letter,
        "continuation": by_text,
        "generated": _generated(model, task, items, dev, words, ways),
        "mark": [None for _ in items],
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
    "generated": pl.String,
    "mark": pl.Float64,
}
"""Columns of a frame of responses."""


def _letters(task: Task, item: Item, dev: Sequence[Item], words: Wording) -> Asked:
    if "letters" not in task.rules:
        return Asked((), ())
    return prompts.letters(item, examples_for(item, dev, task.shots), words)


def in_template(asked: Asked, template: Callable[[str], str] | None) -> Asked:
    """Each context as a chat's turn, and each continuation as the answer's first words, as lm-eval has it."""
    if template is None:
        return asked
    turns = {context: template(context) for context in dict.fromkeys(asked.contexts)}
    return Asked(
        tuple(turns[context] for context in asked.contexts),
        tuple(continuation.removeprefix(" ") for continuation in asked.continuations),
    )


def _generated(
    model: Model, task: Task, items: Sequence[Item], dev: Sequence[Item], words: Wording, ways: Ways
) -> Sequence[str | None]:
    if task.answer == "choice" and not (ways.generated and "letters" in task.rules):
        return [None for _ in items]
    from lm_eval.api.instance import Instance

    settings = {"until": list(task.until), "max_gen_toks": task.max_tokens, "do_sample": False}
    requests = []
    for number, item in enumerate(items):
        examples = examples_for(item, dev, task.shots)
        if task.answer == "choice":
            prompt = prompts.letters(item, examples, words).contexts[0]
        else:
            prompt = prompts.open_question(item, examples, words)
        if ways.turn is not None:
            prompt = ways.turn(prompts.as_turn(prompt, task.answer, words))
        requests.append(
            Instance("generate_until", {}, (prompt, settings), 0, metadata=(task.name, number, 1))
        )
    return model.generate_until(requests)


def _loglikelihoods(model: Model, asked: Sequence[Asked], name: str) -> list[list[float]]:
    from lm_eval.api.instance import Instance

    requests = [
        Instance(request_type="loglikelihood", doc={}, arguments=pair, idx=choice, metadata=(name, number, 1))
        for number, each in enumerate(asked)
        for choice, pair in enumerate(zip(each.contexts, each.continuations, strict=True))
    ]
    answers = iter(model.loglikelihood(requests))
    return [[next(answers)[0] for _ in each.contexts] for each in asked]
