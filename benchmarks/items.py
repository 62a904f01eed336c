"""What every task becomes: a question with choices, one of which is right, or with answers that are accepted."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One question of a benchmark.

    Attributes:
        id: File and row, or the data's own id; unique within a task.
        question: The question; where `ending` is given, the text before the choice.
        choices: The possible answers, at least two, none empty; of an open question the accepted ones, at least one.
        answer: Index of the right choice.
        subject: Subject for averages and for few-shot examples; empty where the data has none.
        passage: Text that the question is about; empty where there is none.
        country: Country that the question is about, for averages.
        ending: Text after the choice, the same for all: the choice then fills a blank, and the ending is scored.
        split: "test", "dev" or "train"; the first of these that a task has is scored, the others give examples; an item
            of another split is left alone.
        also_right: Indices of further right choices (TruthfulQA mc2).
        open: An open question: the model writes its answer.
        worked: Solution that a few-shot example shows instead of the bare answer.
    """

    id: str
    question: str
    choices: tuple[str, ...]
    answer: int
    subject: str = ""
    passage: str = ""
    country: str = ""
    ending: str = ""
    split: str = "test"
    also_right: tuple[int, ...] = ()
    open: bool = False
    worked: str = ""

    def __post_init__(self) -> None:
        if len(self.choices) < 2 - self.open:
            kind = "1 accepted answer" if self.open else "2 choices"
            raise ValueError(f"an item needs at least {kind}, got {len(self.choices)}")
        if not all(self.choices):
            raise ValueError(f"choice {self.choices.index('') + 1} is empty")
        if not (self.question or self.passage):
            raise ValueError("the question is empty")
        for index in (self.answer, *self.also_right):
            if not 0 <= index < len(self.choices):
                raise ValueError(
                    f"the answer must be one of {len(self.choices)} choices, got number {index + 1}"
                )
