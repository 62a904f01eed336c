"""The words of a prompt in each language."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from benchmarks.tasks.answers import ARABIC_LETTERS, LATIN_LETTERS


@dataclass(frozen=True, kw_only=True)
class Wording:
    """The words of a prompt.

    Attributes:
        language: "ar" or "en".
        heading: Line above the questions; `heading_about` is the same with a subject in it.
        question: Stands before the question in the continuation rule.
        answer: Stands before the answer.
        blank: Stands for the blank to be filled.
        only_letter: Asks a chat model for the letter alone.
        only_span: Asks a chat model for words of the passage alone.
        from_passages: Asks a chat model for an answer that rests on the passages.
        last_number: Asks a chat model for the number at the end.
        letters: Answer letters in their order.
    """

    language: str
    heading: str
    heading_about: str
    question: str
    answer: str
    blank: str
    only_letter: str
    only_span: str
    from_passages: str
    last_number: str
    letters: tuple[str, ...]

    def title(self, subject: str) -> str:
        """The heading for a subject; one written in another script than the prompt's is left out."""
        subject = subject.replace("_", " ").strip()
        arabic = any("\N{ARABIC LETTER HAMZA}" <= letter <= "\N{ARABIC LETTER YEH}" for letter in subject)
        fits = bool(subject) and arabic == (self.language == "ar")
        return self.heading_about.format(subject=subject) if fits else self.heading


@cache
def wording(language: str) -> Wording:
    """The words of a language."""
    words = json.loads(files("benchmarks.prompts").joinpath("wording.json").read_text(encoding="utf-8"))[
        language
    ]
    return Wording(language=language, letters=ARABIC_LETTERS if language == "ar" else LATIN_LETTERS, **words)
