"""What is to be judged, and in which order and on which side each annotator sees it."""

from dataclasses import dataclass
from hashlib import sha256
from itertools import combinations

import numpy as np

from benchmarks.errors import BenchmarkError
from benchmarks.human.settings import Mode
from benchmarks.human.study import Study


@dataclass(frozen=True, kw_only=True)
class Unit:
    """One thing to judge: two answers to a question, or one.

    Attributes:
        id: Its name in the store; the same for all annotators.
        question: Index of the question.
        models: The two models in the order of the study, or the one.
    """

    id: str
    question: int
    models: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """A unit on an annotator's way, and the models in the order in which they are shown."""

    unit: Unit
    shown: tuple[str, ...]


def units(study: Study, mode: Mode, pairs_per_question: int = 0) -> list[Unit]:
    """Every unit in the order of the questions.

    Where there are fewer pairs to a question than there are pairs of models, each question goes on where the last one
    stopped, so that all pairs of models are met about equally often.

    Raises:
        BenchmarkError: No question has enough answers.
    """
    found: list[Unit] = []
    turn = 0
    for number, question in enumerate(study.questions):
        names = [name for name in study.models if name in question.answers]
        chosen: list[tuple[str, ...]] = [(name,) for name in names]
        if mode == "compare":
            pairs = list(combinations(names, 2))
            wanted = min(pairs_per_question or len(pairs), len(pairs))
            chosen = [pairs[(turn + step) % len(pairs)] for step in range(wanted)]
            turn += wanted
        found += [
            Unit(id=" ".join([question.id, *map(repr, models)]), question=number, models=models)
            for models in chosen
        ]
    if not found:
        raise BenchmarkError(
            "answers: no question has answers of two models: give a second --answers.MODEL=FILE"
        )
    return found


def way(things: list[Unit], annotator: str, seed: int) -> list[Place]:
    """An annotator's way through all units: order and sides drawn by name and seed, half of the pairs turned."""
    drawn = np.random.default_rng(list(sha256(f"{seed} {annotator}".encode()).digest()))
    order = drawn.permutation(len(things)).tolist()
    turned = drawn.permutation(np.arange(len(things)) % 2 == 1).tolist()
    return [
        Place(things[number], things[number].models[::-1] if turn else things[number].models)
        for number, turn in zip(order, turned, strict=True)
    ]
