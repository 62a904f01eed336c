"""Questions and answers in FastChat's form."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.errors import BenchmarkError
from benchmarks.tasks.rows import Row, read_rows
from corpus.pipeline.atomic import atomic_path


@dataclass(frozen=True, kw_only=True)
class Question:
    """A conversation's user side.

    Attributes:
        id: Its id.
        category: As writing or math; empty where there is none.
        turns: What the user says, one or two turns.
        references: A reference answer to each turn; empty where there is none.
    """

    id: str
    category: str
    turns: tuple[str, ...]
    references: tuple[str, ...] = ()


def read_questions(path: Path, limit: int = 0) -> list[Question]:
    """Questions of a file.

    Raises:
        BenchmarkError: A row is no question of one or two turns, or an id stands twice.
    """
    questions: dict[str, Question] = {}
    for row in read_rows(path):
        question = _question(row)
        if question.id in questions:
            raise BenchmarkError(f"{row.label}: question_id {question.id} stands twice")
        questions[question.id] = question
    return list(questions.values())[: limit or None]


def read_answers(path: Path, questions: Sequence[Question]) -> dict[str, tuple[str, ...]]:
    """The turns of the first choice of each answer, by question.

    Raises:
        BenchmarkError: An answer is missing, or has fewer turns than its question.
    """
    found: dict[str, tuple[str, ...]] = {}
    for row in read_rows(path):
        try:
            turns = row.values["choices"][0]["turns"]
            found[str(row.values["question_id"])] = tuple(str(turn) for turn in turns)
        except (KeyError, IndexError, TypeError) as error:
            raise BenchmarkError(
                f"{row.label}: needs question_id and choices[0].turns, as FastChat's answers"
            ) from error
    for question in questions:
        if len(found.get(question.id, ())) < len(question.turns):
            raise BenchmarkError(
                f"{path}: question {question.id} is not answered in {len(question.turns)} turns"
            )
    return {question.id: found[question.id] for question in questions}


def write_answers(path: Path, model: str, answers: Mapping[str, Iterable[str]]) -> None:
    """Write answers in FastChat's form, whole or not at all."""
    with atomic_path(path) as partial:
        lines = (
            {"question_id": question, "model_id": model, "choices": [{"index": 0, "turns": list(turns)}]}
            for question, turns in answers.items()
        )
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        partial.write_text(text, encoding="utf-8")


def _question(row: Row) -> Question:
    values = row.values
    given = values.get("turns") or values.get("text") or values.get("question")
    turns = (given,) if isinstance(given, str) else tuple(given or ())
    if not 1 <= len(turns) <= 2 or not all(isinstance(turn, str) and turn.strip() for turn in turns):
        raise BenchmarkError(
            f"{row.label}: needs question_id and one or two turns (or text), as FastChat's questions"
        )
    references = values.get("reference") or ()
    references = (references,) if isinstance(references, str) else tuple(map(str, references))
    return Question(
        id=str(values.get("question_id", row.label)),
        category=str(values.get("category") or ""),
        turns=tuple(turns),
        references=references if len(references) >= len(turns) else (),
    )
