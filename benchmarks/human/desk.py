"""What an annotator sees next, and what becomes of a click; no HTTP here."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.errors import BenchmarkError
from benchmarks.human.schedule import Place, Unit, way
from benchmarks.human.settings import Mode
from benchmarks.human.store import COMMENT, PREFERENCE, Click, Store
from benchmarks.human.study import Question, Study
from corpus.card.markup import direction

PREFERENCES = ("first", "second", "tie", "both_bad")
POINTS = ("1", "2", "3", "4", "5")
LONGEST_NAME = 60
LONGEST_COMMENT = 10_000


class Desk:
    """Everything but the network: a study, its units, and the store of clicks."""

    def __init__(
        self,
        study: Study,
        things: list[Unit],
        store: Store,
        *,
        mode: Mode,
        criteria: Sequence[str],
        seed: int,
    ) -> None:
        self._study, self._units, self._store = study, things, store
        self._seed = seed
        self.criteria: tuple[str, ...] = (PREFERENCE,) if mode == "compare" else tuple(criteria)
        self._ways: dict[str, list[Place]] = {}

    def state(self, annotator: str, number: int | None = None) -> dict[str, Any]:
        """What to show: the place asked for, else the first that is not judged; names of models are never in it.

        Raises:
            BenchmarkError: The name is empty or too long, or there is no such place.
        """
        places = self._way(annotator)
        kept = self._store.latest_of(annotator)
        done = [all((place.unit.id, each) in kept for each in self.criteria) for place in places]
        if number is None:
            number = done.index(False) if False in done else len(places)
        if not 0 <= number <= len(places):
            raise BenchmarkError(f"number must be from 0 to {len(places)}, got {number}")
        shown = {} if number == len(places) else self._shown(places[number], kept)
        return {"annotator": annotator, "number": number, "total": len(places), "done": sum(done), **shown}

    def click(self, annotator: str, number: int, criterion: str, value: str, seconds: float) -> None:
        """Keep a click or a comment.

        Raises:
            BenchmarkError: There is no such place, criterion or value.
        """
        places = self._way(annotator)
        if not 0 <= number < len(places):
            raise BenchmarkError(f"number must be from 0 to {len(places) - 1}, got {number}")
        if criterion == COMMENT:
            allowed = len(value) <= LONGEST_COMMENT
        else:
            allowed = criterion in self.criteria and value in (
                PREFERENCES if criterion == PREFERENCE else POINTS
            )
        if not allowed:
            raise BenchmarkError(f"{criterion}: no such judgment here")
        place = places[number]
        self._store.add(
            Click(
                annotator=annotator,
                unit=place.unit.id,
                question=self._study.questions[place.unit.question].id,
                shown_first=place.shown[0],
                shown_second=place.shown[1] if len(place.shown) > 1 else "",
                criterion=criterion,
                value=value,
                seconds=min(max(seconds, 0.0), 86_400.0),
            )
        )

    def close(self) -> None:
        """Let go of the store."""
        self._store.close()

    def _way(self, annotator: str) -> list[Place]:
        if not annotator or annotator != " ".join(annotator.split()) or len(annotator) > LONGEST_NAME:
            raise BenchmarkError(f"annotator must be a name of at most {LONGEST_NAME} characters")
        if annotator not in self._ways:
            self._ways[annotator] = way(self._units, annotator, self._seed)
        return self._ways[annotator]

    def _shown(self, place: Place, kept: Mapping[tuple[str, str], str]) -> dict[str, Any]:
        question: Question = self._study.questions[place.unit.question]
        return {
            "language": question.language,
            "prompt": lines(question.prompt, question.language),
            "answers": [lines(question.answers[model], question.language) for model in place.shown],
            "values": {each: kept.get((place.unit.id, each), "") for each in self.criteria},
            "comment": kept.get((place.unit.id, COMMENT), ""),
        }


def lines(text: str, language: str) -> list[dict[str, str]]:
    """Lines of a text, each with the direction in which most of its letters run."""
    base = "rtl" if language == "ar" else "ltr"
    return [{"text": line, "dir": direction(line, base)} for line in text.strip().splitlines()]
