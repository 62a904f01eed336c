"""Multiple-choice questions made of conversations by rule: the right answer among answers to other questions."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchmarkError
from benchmarks.tasks.rows import Row, read_rows
from corpus.pipeline.atomic import atomic_path

CHOICES = 4
LANGUAGES = ("ar", "en")

_MARKS = ".,:;?!\"'()\N{ARABIC COMMA}\N{ARABIC SEMICOLON}\N{ARABIC QUESTION MARK}"

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
        questions = multiple_choice(rows, most)
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


def multiple_choice(rows: Sequence[Asked], most: int = 0) -> list[dict[str, str]]:
    """Questions with A to D and the letter of the right answer, in an order drawn by their ids; `most`, or all if 0.

    Wrong choices are answers to the next questions of the same kind in that order that speak of what this question
    asks about (`about`): an answer about something else would be told by that alone. A question with too few of them
    is left out, as is a kind that has only a few answers, such as yes and no.
    """
    ordered = sorted(rows, key=lambda row: _drawn(row[0]))
    by_kind: dict[str, list[Asked]] = {}
    for row in ordered:
        by_kind.setdefault(row[1], []).append(row)
    by_kind = {kind: each for kind, each in by_kind.items() if len({row[3] for row in each}) >= CHOICES}
    met: dict[str, int] = {}
    made: list[dict[str, str]] = []
    for identity, kind, question, answer in ordered:
        if most and len(made) == most:
            break
        if kind not in by_kind:
            continue
        place = met[kind] = met.get(kind, 0) + 1
        others = islice(cycle(by_kind[kind]), place, place + len(by_kind[kind]))
        told = (about(question, other, its_answer) for _, _, other, its_answer in others)
        wrong = list(islice(_distinct(each for each in told if each != answer), CHOICES - 1))
        if len(wrong) < CHOICES - 1:
            continue
        choices = sorted([answer, *wrong], key=lambda each: _drawn(f"{identity} place {each}"))
        letters = "ABCD"[:CHOICES]
        made.append(
            {"id": identity, "question": question, "answer": letters[choices.index(answer)]}
            | dict(zip(letters, choices, strict=True))
        )
    return made


def about(question: str, other: str, answer: str) -> str:
    """The answer to another question, with what this question asks about in place of what that one does.

    Both are wordings of one kind, so what differs between them is what they ask about.

    >>> about("Where is Rome?", "Where is Old Cairo?", "Old Cairo is in Egypt.")
    'Rome is in Egypt.'
    >>> about("Name the land of Rome.", "Name the land of Salem, Oregon.", "Salem, Oregon lies in America.")
    'Rome lies in America.'
    """
    ours, theirs = question.split(), other.split()
    while ours and theirs and _same(ours[0], theirs[0]):
        ours, theirs = ours[1:], theirs[1:]
    while ours and theirs and _same(ours[-1], theirs[-1]):
        ours, theirs = ours[:-1], theirs[:-1]
    named = f"[{re.escape(_MARKS)}]*\\s+".join(re.escape(word.strip(_MARKS)) for word in theirs)
    if not ours or not named:
        return answer
    return re.sub(rf"(?<!\w){named}(?!\w)", lambda _: " ".join(ours).strip(_MARKS), answer)


def _same(word: str, other: str) -> bool:
    return word.strip(_MARKS) == other.strip(_MARKS)


def _distinct(texts: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for text in texts:
        if text not in seen:
            seen.add(text)
            yield text


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
