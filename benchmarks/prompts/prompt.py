"""Prompts as pure functions: an item, its examples and words become what a model is asked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.items import Item
from benchmarks.prompts.wording import Wording
from benchmarks.tasks.task import Answer, Style


@dataclass(frozen=True, slots=True)
class Asked:
    """One prompt for each choice, and the text whose log-likelihood after it is measured."""

    contexts: tuple[str, ...]
    continuations: tuple[str, ...]


def letters(item: Item, examples: Sequence[Item], words: Wording) -> Asked:
    """Ask for the letter of the right option.

    Without passages and with English words this is the form of MMLU's own harness and lm-eval's `mmlu`.

    Raises:
        ValueError: An item has more choices than there are letters.
    """
    shown = [f"{_options(example, words)} {words.letters[example.answer]}" for example in examples]
    context = "\n\n".join([words.title(item.subject), *shown, _options(item, words)])
    names = words.letters[: len(item.choices)]
    if len(names) < len(item.choices):
        raise ValueError(f"{item.id}: {len(item.choices)} choices, but only {len(names)} answer letters")
    return Asked((context,) * len(names), tuple(f" {letter}" for letter in names))


def continuations(item: Item, examples: Sequence[Item], words: Wording, style: Style) -> Asked:
    """Ask for each choice as the text that goes on; in the form of lm-eval's ARC, PIQA, HellaSwag, Winogrande."""
    shown = [_solved(example, words, style) for example in examples]
    if style == "blank":
        contexts = tuple(_joined([*shown, f"{item.question} {choice}"]) for choice in item.choices)
        return Asked(contexts, (f" {item.ending}",) * len(item.choices))
    context = _joined([*shown, _question(item, words, style)])
    return Asked((context,) * len(item.choices), tuple(f" {choice}" for choice in item.choices))


def open_question(item: Item, examples: Sequence[Item], words: Wording) -> str:
    """Ask for an answer to be written, after solved examples; GSM8K's form is that of lm-eval's `gsm8k`."""
    solved = [
        f"{_question(example, words, 'question')} {example.worked or example.choices[0]}"
        for example in examples
    ]
    return _joined([*solved, _question(item, words, "question")])


def as_turn(prompt: str, answer: Answer, words: Wording) -> str:
    """A prompt as a chat's turn: what is asked for stands above it."""
    asked = {
        "choice": words.only_letter,
        "span": words.only_span,
        "number": words.last_number,
        "text": words.from_passages,
    }[answer]
    return f"{asked}\n\n{prompt}"


def _options(item: Item, words: Wording) -> str:
    lines = [item.passage] if item.passage else []
    lines.append(f"{item.question} {words.blank} {item.ending}" if item.ending else item.question)
    lines += [f"{letter}. {choice}" for letter, choice in zip(words.letters, item.choices, strict=False)]
    return "\n".join([line for line in lines if line] + [words.answer])


def _question(item: Item, words: Wording, style: Style) -> str:
    if style == "completion":
        return _lines(item.passage, item.question)
    question = f"{words.question} {item.question}" if item.question else ""
    return _lines(item.passage, question, words.answer)


def _solved(item: Item, words: Wording, style: Style) -> str:
    if style == "blank":
        return f"{item.question} {item.choices[item.answer]} {item.ending}"
    return f"{_question(item, words, style)} {item.choices[item.answer]}"


def _lines(*parts: str) -> str:
    return "\n".join(part for part in parts if part)


def _joined(parts: Iterable[str]) -> str:
    return "\n\n".join(parts)
