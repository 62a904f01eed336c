"""A task's items, from the user's path or from the hub."""

import os
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from benchmarks.errors import BenchmarkError
from benchmarks.items import Item
from benchmarks.tasks.formats import BY_NAME, FORMATS, Format
from benchmarks.tasks.rows import Row, read_rows
from benchmarks.tasks.task import Task
from corpus.errors import cause_of

_SPLITS_ON_HUB = {"test": "test", "validation": "dev", "dev": "dev", "train": "train"}


_ORDER = ("test", "dev", "train")


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """Items of a task.

    Attributes:
        test: Items to be scored.
        dev: Few-shot examples.
        faults: Rows that are no items, one line each: where and why.
        source: Where they came from: the path's last part, or the hub's repository and revision.
        digest: Start of the SHA-256 over all test items, so that two scores of the same items can be told.
    """

    test: tuple[Item, ...]
    dev: tuple[Item, ...]
    faults: tuple[str, ...]
    source: str
    digest: str


def load(task: Task, path: str = "") -> Loaded | None:
    """Items of a task; None where there is no path and the hub cannot be asked.

    Raises:
        BenchmarkError: The data cannot be read, or holds no item.
    """
    if path:
        rows, source = read_rows(Path(path)), Path(path).name
    elif task.hub and not os.environ.get("HF_HUB_OFFLINE"):
        rows, source = list(_hub_rows(task)), task.hub
    else:
        return None
    return from_rows(task, rows, source)


def from_rows(task: Task, rows: list[Row], source: str) -> Loaded:
    """Rows become items; rows that are none become faults.

    The first of test, dev and train that has items is scored; items of the others are examples, dev before train.

    Raises:
        BenchmarkError: No format has these columns, or no row is an item.
    """
    items, faults = [], []
    if not rows:
        raise BenchmarkError(f"{task.name}: {source} holds no rows: check the path after --data")
    for row in rows:
        try:
            items.append(_format_of(task, row).read(row))
        except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError) as error:
            reason = f"column {error} is missing" if isinstance(error, KeyError) else str(error)
            faults.append(f"{row.label}: {reason}")
    if not items:
        raise BenchmarkError(f"{task.name}: no row of {source} is an item; the first: {faults[0]}")
    test, *others = [part for part in ([i for i in items if i.split == name] for name in _ORDER) if part]
    dev = [item for part in others for item in part]
    test = _with_own_ids(test)
    if task.first_is_right:
        test = [shuffled(item, seed=0) for item in test]
    return Loaded(
        test=tuple(test), dev=tuple(dev), faults=tuple(faults), source=source, digest=items_digest(test)
    )


def shuffled(item: Item, seed: int) -> Item:
    """The item with its choices in another order, which depends on its id and the seed alone."""
    if item.open:
        return item
    order = list(range(len(item.choices)))
    random.Random(f"{seed} {item.id}").shuffle(order)  # noqa: S311
    return replace(
        item,
        choices=tuple(item.choices[number] for number in order),
        answer=order.index(item.answer),
        also_right=tuple(order.index(number) for number in item.also_right),
    )


def items_digest(items: Iterable[Item]) -> str:
    """Twelve hexadecimal digits that stand for questions, choices and answers in their order."""
    state = sha256()
    for item in items:
        state.update(repr((item.passage, item.question, item.choices, item.answer, item.ending)).encode())
    return state.hexdigest()[:12]


def _format_of(task: Task, row: Row) -> Format:
    columns = set(row.values)
    for each in (BY_NAME[task.format],) if task.format else FORMATS:
        if columns >= each.columns:
            return each
    raise BenchmarkError(
        f"{task.name}: {row.label}: no known format has the columns {', '.join(sorted(columns))}: "
        "docs/benchmarks.md lists the formats"
    )


def _with_own_ids(items: list[Item]) -> list[Item]:
    seen: Counter[str] = Counter()
    told = []
    for item in items:
        seen[item.id] += 1
        told.append(item if seen[item.id] == 1 else replace(item, id=f"{item.id} #{seen[item.id]}"))
    return told


def _hub_rows(task: Task) -> Iterator[Row]:
    """Rows of all splits of a repository on the hub, or of a local copy of it that datasets knows how to read."""
    import datasets

    try:
        configs = [task.hub_config or None]
        if task.hub_config == "*":
            names = datasets.get_dataset_config_names(task.hub)
            configs = [name for name in names if name.lower() not in ("all", "default")] or names
        for config in configs:
            splits = datasets.load_dataset(task.hub, config)
            subject = config if config and task.hub_config == "*" else ""
            for split, rows in splits.items():
                if split == "test" and task.scored_split != "test":
                    continue
                for number, values in enumerate(rows, 1):
                    label = f"{config or task.hub}/{split} row {number}"
                    yield Row(values, label, _SPLITS_ON_HUB.get(split, "test"), subject)
    except (OSError, ValueError) as error:
        cause = cause_of(error)
        raise BenchmarkError(
            f"{task.name}: {task.hub} cannot be loaded from the hub ({cause}): "
            f"give a local copy with --data.{task.name} PATH"
        ) from error
