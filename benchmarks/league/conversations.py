"""Multiple-choice questions made of conversations by rule: the right answer among answers to other questions."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchmarkError
from benchmarks.tasks.rows import Row, read_rows
from corpus.pipeline.atomic import atomic_path

CHOICES = 4
LANGUAGES = ("ar", "en")

Asked = tuple[str, str, str, str]
"""Id, kind (what the question asks for), question and answer."""


def write_questions(path: str, most: int, directory: Path) -> dict[str, str]:
    """Write own_ar.jsonl and own_en.jsonl; returns their paths by task. A language without questions has none.

    Raises:
        BenchmarkError: The file is no file of conversations, or holds no questions that differ.
    """
    if not Path(path).is_file():
        raise BenchmarkError(f"conversations {path}: no such file: give a JSONL of conversations")
    by_language: dict[str, list[Asked]] = {language: [] for language in LANGUAGES}
    for row in read_rows(Path(path)):
        asked = _asked(row)
        if row.values["language"] in by_language and asked is not None:
            by_language[row.values["language"]].append(asked)
    found = {}
    for language, rows in by_language.items():
        questions = multiple_choice(rows)[: most or None]
        if questions:
            target = directory / f"own_{language}.jsonl"
            with atomic_path(target) as partial:
                lines = (json.dumps(question, ensure_ascii=False) + "\n" for question in questions)
                partial.write_text("".join(lines), encoding="utf-8")
            found[f"own_{language}"] = str(target)
    if not found:
        raise BenchmarkError(
            f"conversations {path}: no language has {CHOICES} different answers to choose from"
        )
    return found


def multiple_choice(rows: Sequence[Asked]) -> list[dict[str, str]]:
    """Questions with A to D and the letter of the right answer, in an order drawn by their ids.

    Wrong choices are the answers to other questions of the same kind that differ from it, drawn by the ids of both, so
    that all four are as plausible. A question with too few of them is left out.
    """
    answers: dict[str, list[str]] = {}
    for _, kind, _, answer in rows:
        answers.setdefault(kind, []).append(answer)
    distinct = {kind: sorted(set(found)) for kind, found in answers.items()}
    made = []
    for identity, kind, question, answer in sorted(rows, key=lambda row: _drawn(row[0])):
        others = [each for each in distinct[kind] if each != answer]
        wrong = sorted(others, key=lambda each: _drawn(f"{identity} {each}"))[: CHOICES - 1]
        if len(wrong) < CHOICES - 1:
            continue
        choices = sorted([answer, *wrong], key=lambda each: _drawn(f"{identity} place {each}"))
        letters = "ABCD"[:CHOICES]
        made.append(
            {"id": identity, "question": question, "answer": letters[choices.index(answer)]}
            | dict(zip(letters, choices, strict=True))
        )
    return made


def _asked(row: Row) -> Asked | None:
    """A conversation of one question and one answer; longer ones, whose questions hang on others, are left out."""
    values: Mapping[str, Any] = row.values
    try:
        roles = [turn["role"] for turn in values["messages"]]
        texts = [turn["content"].strip() for turn in values["messages"]]
        identity, _ = str(values.get("id") or row.label), values["language"]
    except (KeyError, TypeError, AttributeError) as error:
        raise BenchmarkError(
            f"{row.label}: {error!r}: a conversation has language and messages of role and content"
        ) from error
    if roles != ["user", "assistant"] or not all(texts):
        return None
    # Answers to different wordings of one kind of question may differ in form, which would give the right one away.
    wording = identity.rsplit(":", 1)[-1] if values.get("relation") else ""
    return identity, f"{values.get('relation', '')} {wording}", texts[0], texts[1]


def _drawn(text: str) -> bytes:
    return sha256(text.encode()).digest()
