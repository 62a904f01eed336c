"""What a judge is told: templates by name, filled with questions, answers and references."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from benchmarks.errors import BenchmarkError
from benchmarks.judged.questions import Question
from benchmarks.tasks.rows import read_rows

REFERENCED = frozenset({"math", "reasoning", "coding"})
"""Categories whose answers are judged beside a reference where there is one, as FastChat does."""

_PLACE = re.compile(r"\{(question(?:_[12])?|answer(?:_[ab])?(?:_[12])?|ref_answer_[12])\}")


@dataclass(frozen=True, kw_only=True)
class Template:
    """A judge prompt: what stands as system message, and a text with places in braces."""

    system: str
    text: str


def read_templates(path: str, language: str) -> dict[str, Template]:
    """Templates by name: of a file in FastChat's form, or Daad's own in a language.

    Raises:
        BenchmarkError: The file lacks one that is needed.
    """
    if path:
        rows: Sequence[Mapping[str, str]] = [dict(row.values) for row in read_rows(Path(path))]
    else:
        own = files("benchmarks.judged").joinpath("judge_prompts.json").read_text(encoding="utf-8")
        rows = json.loads(own)[language]
    found = {
        str(row.get("name")): Template(
            system=str(row.get("system_prompt") or ""), text=str(row["prompt_template"])
        )
        for row in rows
        if row.get("prompt_template")
    }
    missing = sorted({"single-v1", "single-v1-multi-turn", "pair-v2", "pair-v2-multi-turn"} - set(found))
    if missing:
        raise BenchmarkError(
            f"{path}: has no judge prompts named {', '.join(missing)}, as FastChat's file has"
        )
    return found


def messages(
    templates: Mapping[str, Template], question: Question, turn: int, answers: Sequence[Sequence[str]]
) -> list[dict[str, str]]:
    """The chat that asks a judge about the answer of one model, or of two, to a turn (0 or 1) of a question."""
    referenced = question.category in REFERENCED and bool(question.references)
    kind = ("single-math-v1" if referenced else "single-v1") if len(answers) == 1 else ""
    kind = kind or ("pair-math-v1" if referenced else "pair-v2")
    name = kind + ("-multi-turn" if turn else "")
    template = templates.get(name) or templates[name.replace("math-v1", "v1" if len(answers) == 1 else "v2")]
    return filled(template, question, answers)


def filled(template: Template, question: Question, answers: Sequence[Sequence[str]]) -> list[dict[str, str]]:
    """The chat of one template."""
    text = _PLACE.sub(lambda place: _value(place[1], question, answers), template.text)
    system = [{"role": "system", "content": template.system}] if template.system else []
    return [*system, {"role": "user", "content": text}]


def _value(place: str, question: Question, answers: Sequence[Sequence[str]]) -> str:
    """What a place stands for; answers may hold braces, so that nothing is filled twice."""
    number = int(place[-1]) - 1 if place[-1].isdigit() else 0
    if place.startswith("question"):
        return question.turns[number]
    if place.startswith("ref_answer"):
        return question.references[number] if number < len(question.references) else ""
    side = answers[1] if place.startswith("answer_b") else answers[0]
    return side[number]
