"""Suites: tasks that are reported together, with their shots."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from benchmarks.errors import BenchmarkError
from benchmarks.tasks.arabic import ARABIC
from benchmarks.tasks.dialects import DIALECTS
from benchmarks.tasks.english import ENGLISH
from benchmarks.tasks.own import OWN
from benchmarks.tasks.task import Task

TASKS: dict[str, Task] = {task.name: task for task in (*ARABIC, *ENGLISH, *OWN)}
"""Every task by its name."""


@dataclass(frozen=True, kw_only=True)
class Suite:
    """Tasks with the shots of this suite, and what else belongs to it but is not scored by `benchmarks.run`."""

    shots: Mapping[str, int]
    elsewhere: Mapping[str, str] = field(default_factory=dict)


_PUBLIC_ARABIC = [task.name for task in ARABIC if not task.private]

SUITES: dict[str, Suite] = {
    "arabic": Suite(shots=dict.fromkeys(_PUBLIC_ARABIC, 0)),
    "english": Suite(shots={task.name: task.shots for task in ENGLISH}),
    "dialects": Suite(
        shots=dict.fromkeys(
            [name for name in _PUBLIC_ARABIC if name.startswith("belebele_") and name != "belebele_arb"]
            + [task.name for task in DIALECTS],
            0,
        )
    ),
    "allam": Suite(
        shots={
            "mmlu_en": 0,
            "mmlu_ar": 0,
            "arabic_mmlu": 0,
            "etec": 0,
            "exams_ar": 5,
            "acva": 5,
            "ien_mcq": 0,
            "ien_tf": 0,
            "aramath": 0,
        },
        elsewhere={"MT-Bench, Arabic and English": "benchmarks.judge scores it"},
    ),
    "oall-v2": Suite(
        shots=dict.fromkeys(
            (
                "alghafa",
                "arabic_mmlu",
                "mmlu_ar_ht",
                "exams_ar",
                "madinah_qa",
                "aratrust",
                "belebele_arb",
                "alrage",
            ),
            0,
        ),
    ),
}
"""The suites. Shots of `allam` are the paper's where it gives them (arXiv:2407.15390), else 0."""


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A task that a run asks for, and whether it was named itself or came with a suite."""

    task: Task
    suite: str = ""


def chosen(names: Sequence[str]) -> list[Chosen]:
    """The tasks that names of suites and of tasks stand for, each once, the first mention winning.

    Raises:
        BenchmarkError: There is no such task or suite.
    """
    found: dict[str, Chosen] = {}
    for name in names:
        if name in SUITES:
            for task, shots in SUITES[name].shots.items():
                found.setdefault(task, Chosen(task=replace(TASKS[task], shots=shots), suite=name))
        elif name in TASKS:
            found.setdefault(name, Chosen(task=TASKS[name]))
        else:
            close = difflib.get_close_matches(name, [*SUITES, *TASKS], n=1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            raise BenchmarkError(
                f"tasks: {name!r} is neither a suite ({', '.join(SUITES)}) nor a task; {hint}"
                "docs/benchmarks.md lists all"
            )
    return list(found.values())


def check_data(names: Iterable[str]) -> None:
    """Refuse paths for what is no task, as --data.mmlu_arr.

    Raises:
        BenchmarkError: A name is no task's.
    """
    for name in names:
        if name not in TASKS:
            raise BenchmarkError(f"data.{name}: no task has this name; docs/benchmarks.md lists all")


def why_absent(each: Chosen) -> str:
    """Why a suite's task has no items where no path is given.

    Raises:
        BenchmarkError: It was named itself, so that it may not be left out.
    """
    reason = (
        "not published"
        if each.task.private
        else "not on the hub in this form"
        if not each.task.hub
        else "the hub is off (HF_HUB_OFFLINE)"
    )
    if not each.suite:
        raise BenchmarkError(f"{each.task.name}: {reason}: give its files with --data.{each.task.name}=PATH")
    return f"{reason}, and no --data.{each.task.name} is given"
