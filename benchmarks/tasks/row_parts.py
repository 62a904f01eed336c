"""What the readers of published formats share: a row's values as the parts of an item."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from benchmarks.items import Item
from benchmarks.tasks.rows import Row


def item_of(row: Row, question: Any, choices: tuple[str, ...], answer: int, **further: Any) -> Item:
    """An item of a row: its id, else where the row stands; id, subject and split of the row unless given."""
    identity = row.values.get("id")
    known: Mapping[str, Any] = {
        "id": str(identity) if identity not in (None, "") else row.label,
        "subject": row.subject,
        "split": row.split,
    }
    return Item(
        question=str(question).strip(),
        choices=choices,
        answer=answer,
        **{**known, **further},
    )


def filled(texts: Iterable[Any]) -> tuple[str, ...]:
    """The texts up to the last that is given: those beyond it are choices that an item does not have."""
    found = [text_of(text) for text in texts]
    while found and not found[-1]:
        found.pop()
    return tuple(found)


def text_of(value: Any) -> str:
    """The value as text without space around it; empty where there is none."""
    return "" if value is None else str(value).strip()


def without_brackets(text: str) -> str:
    """Text without the brackets that WikiHow's steps carry, as lm-eval removes them."""
    text = str(text).strip().replace(" [title]", ". ")
    return re.sub(r"\[.*?\]", "", text).replace("  ", " ").strip()
