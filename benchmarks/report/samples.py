"""A few items with the model's answers, for people to read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import polars as pl

from benchmarks.report.tables import Results
from benchmarks.scoring.decisions import probabilities
from benchmarks.scoring.summary import OPEN_RULES, credit_by, decisions
from benchmarks.tasks.task import Rule

SAMPLES_PER_TASK = 2


AlsoChosen = Mapping[tuple[str, str], Mapping[str, str]]
"""By title of the task and id of the item: what each of several models answered."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """An item as the report shows it.

    Attributes:
        id: Its id.
        language: Language of its text.
        lines: Passage and question.
        choices: The choices.
        answer: Index of the right one.
        chosen: Index of the model's under each rule.
        sure: Probability of each choice under the first rule that has one; empty where the model wrote its answer.
        generated: What the model wrote; empty where it was asked for no text.
    """

    id: str
    language: str
    lines: tuple[str, ...]
    choices: tuple[str, ...]
    answer: int
    chosen: Mapping[Rule, int]
    sure: tuple[float, ...]
    generated: str = ""


def read_samples(output: Path, results: Results) -> dict[str, list[Sample]]:
    """Samples of each task by its title: one answered right and one wrong where there are both, chosen by their ids."""
    found = {}
    for task in dict.fromkeys(score["task"] for score in results["scores"]):
        scores = [score for score in results["scores"] if score["task"] == task]
        frame = pl.read_parquet(output / "items" / f"{task}.parquet")
        found[scores[0]["title"]] = _samples(
            frame, scores[0]["language"], [score["rule"] for score in scores]
        )
    return found


def choices_by_model(
    directories: Sequence[Path], runs: Sequence[Results], samples: Mapping[str, Sequence[Sample]]
) -> AlsoChosen:
    """The choice of every model on each sample, under the first rule of its task, as a letter's place or text.

    A model that was not asked the item is left out. Ids are unique within a task only: translations share theirs.
    """
    found: dict[tuple[str, str], dict[str, str]] = {}
    for directory, results in zip(directories, runs, strict=True):
        for score in results["scores"]:
            if not score["first"] or score["rule"] == "mass":
                continue
            frame = pl.read_parquet(directory / "items" / f"{score['task']}.parquet")
            wanted = [sample.id for sample in samples.get(score["title"], ())]
            frame = frame.filter(pl.col("id").is_in(wanted))
            for identity, answer, chosen in zip(
                frame["id"], frame["answer"], _chosen(frame, score["rule"]), strict=True
            ):
                told = "right" if chosen == answer else f"wrong ({chosen + 1})" if chosen >= 0 else "wrong"
                found.setdefault((score["title"], identity), {})[results["model"]["name"]] = told
    return found


def _samples(frame: pl.DataFrame, language: str, rules: Sequence[Rule]) -> list[Sample]:
    chosen: dict[Rule, list[int]] = {rule: _chosen(frame, rule) for rule in rules if rule != "mass"}
    order = sorted(range(len(frame)), key=lambda n: sha256(frame["id"][n].encode()).digest())
    if chosen:
        first = next(iter(chosen.values()))
        right = [n for n in order if first[n] == frame["answer"][n]][:1]
        wrong = [n for n in order if first[n] != frame["answer"][n]][: SAMPLES_PER_TASK - len(right)]
        order = [*right, *wrong]
    return [_sample(frame, n, language, chosen) for n in order[:SAMPLES_PER_TASK]]


def _chosen(frame: pl.DataFrame, rule: Rule) -> list[int]:
    """The chosen index of each item; of open questions the right one where the text earns at least half, else -1."""
    if rule in OPEN_RULES:
        return [0 if credit >= 0.5 else -1 for credit in credit_by(frame, rule)]
    return [int(choice) for choice in decisions(frame, rule)]


def _sample(frame: pl.DataFrame, number: int, language: str, chosen: Mapping[Rule, list[int]]) -> Sample:
    row = frame.row(number, named=True)
    scores = row["letters"] or row["continuation"]
    question = f"{row['question']} ___ {row['ending']}" if row["ending"] else row["question"]
    return Sample(
        id=row["id"],
        language=language,
        lines=tuple(line for line in (row["passage"], question) if line),
        choices=tuple(row["choices"]),
        answer=row["answer"],
        chosen={rule: found[number] for rule, found in chosen.items()},
        sure=tuple(probabilities(scores).tolist()) if scores else (),
        generated=row["generated"] or "",
    )
