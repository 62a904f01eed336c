"""Questions and the answers of models to them, out of JSONL files in the forms that are about."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchmarkError
from benchmarks.tasks.rows import Row, read_rows
from corpus.card.markup import direction

_IDS = ("id", "question_id")
_PROMPTS = ("prompt", "question", "instruction", "turns")
_ANSWERS = ("answer", "response", "output", "completion", "choices")


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question, and the answer of each model that gave one.

    Attributes:
        id: Its id.
        prompt: What was asked.
        language: "ar" or "en", which sets the direction of lines that have no letters.
        answers: Answer by model.
    """

    id: str
    prompt: str
    language: str
    answers: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Study:
    """What is judged.

    Attributes:
        questions: The questions, in the order of their file.
        models: Names of the models, in the order in which they were met.
        digest: Twelve hexadecimal digits that stand for all of it.
    """

    questions: tuple[Question, ...]
    models: tuple[str, ...]
    digest: str


def read_study(questions: str, answers: Mapping[str, str]) -> Study:
    """Join questions and answers by id. FastChat's question and answer files are understood as they are.

    Raises:
        BenchmarkError: A file cannot be read, lacks a column, repeats an id, or answers what was not asked.
    """
    asked = {_id(row): row for row in _rows(questions)}
    found = {identity: _own_answers(row) for identity, row in asked.items()}
    for model, path in answers.items():
        _join(found, model, path)
    read = tuple(_question(identity, row, found[identity]) for identity, row in asked.items())
    models = tuple(dict.fromkeys(model for question in read for model in question.answers))
    if not models:
        raise BenchmarkError(
            f"{questions}: no answers there: give them as answers by model, or files as --answers.MODEL=FILE"
        )
    state = sha256(repr([(q.id, q.prompt, sorted(q.answers.items())) for q in read]).encode())
    return Study(questions=read, models=models, digest=state.hexdigest()[:12])


def _rows(path: str) -> list[Row]:
    if not Path(path).is_file():
        raise BenchmarkError(f"{path}: no such file: give a JSONL file")
    rows = read_rows(Path(path))
    if not rows:
        raise BenchmarkError(f"{path}: holds no rows: give a JSONL file, one record to a line")
    seen: set[str] = set()
    for row in rows:
        if (identity := _id(row)) in seen:
            raise BenchmarkError(f"{row.label}: id {identity!r} is there twice: ids must differ")
        seen.add(identity)
    return rows


def _id(row: Row) -> str:
    return str(_first(row, _IDS, "an id"))


def _first(row: Row, names: Sequence[str], what: str) -> Any:
    for name in names:
        if row.values.get(name) is not None:
            return row.values[name]
    raise BenchmarkError(f"{row.label}: {what} is missing: one of {', '.join(names)} must be there")


def _own_answers(row: Row) -> dict[str, str]:
    given = row.values.get("answers") or {}
    if not isinstance(given, dict):
        raise BenchmarkError(
            f"{row.label}: answers must be an object of answer by model, got a {type(given).__name__}"
        )
    return {str(model): _text(answer) for model, answer in given.items() if answer is not None}


def _join(found: Mapping[str, dict[str, str]], model: str, path: str) -> None:
    for row in _rows(path):
        identity = _id(row)
        if identity not in found:
            raise BenchmarkError(f"{row.label}: id {identity!r} is no question's: check both files")
        if model in found[identity]:
            raise BenchmarkError(f"{row.label}: {model} has an answer to {identity!r} already")
        found[identity][model] = _answer_text(_first(row, _ANSWERS, "an answer"))


def _question(identity: str, row: Row, answers: Mapping[str, str]) -> Question:
    prompt = _text(_first(row, _PROMPTS, "a prompt"))
    if not prompt.strip():
        raise BenchmarkError(f"{row.label}: the prompt is empty")
    language = row.values.get("language") or ("ar" if direction(prompt) == "rtl" else "en")
    return Question(id=identity, prompt=prompt, language=str(language), answers=dict(answers))


def _answer_text(value: Any) -> str:
    """An answer as text; FastChat's `choices` hold the turns of each sample, of which the first counts."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return _text(value[0].get("turns", ""))
    return _text(value)


def _text(value: Any) -> str:
    """Text as it is, and turns one after the other."""
    if isinstance(value, str):
        return value
    parts: Iterable[Any] = value if isinstance(value, list) else [value]
    return "\n\n".join(str(part) for part in parts)
