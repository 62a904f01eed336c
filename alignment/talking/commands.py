"""Lines that begin with a slash, and what they do to a conversation."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from alignment.talking.words import ANSWER_IN, WORDS, Word

Turn = dict[str, str]

COMMANDS = ("/help", "/history", "/language", "/quit", "/reset", "/save", "/system")


@dataclass(frozen=True, kw_only=True)
class Talk:
    """A conversation so far.

    Attributes:
        turns: Questions and answers.
        system: System prompt; empty for none.
        language: Language that was asked for; empty for none.
        model: Name of the model, for what is saved.
        ended: Whether the user has had enough.
    """

    turns: tuple[Turn, ...] = field(default=())
    system: str = ""
    language: str = ""
    model: str = ""
    ended: bool = False

    @property
    def messages(self) -> list[Turn]:
        """All turns, the system's first: the prompt, and a sentence that asks for the language."""
        wishes = [self.system, ANSWER_IN.get(self.language, "")]
        system = "\n".join(wish for wish in wishes if wish)
        return [*([{"role": "system", "content": system}] if system else []), *self.turns]

    def said(self, word: Word) -> str:
        """One of this program's own words in the language of the conversation."""
        return WORDS[word][self.language or "en"]

    def with_turn(self, role: str, content: str) -> "Talk":
        """The conversation with one more turn."""
        return replace(self, turns=(*self.turns, {"role": role, "content": content}))


def obey(talk: Talk, line: str) -> tuple[Talk, str]:
    """The conversation after a command, and what to tell the user."""
    name, _, argument = line.partition(" ")
    argument = argument.strip()
    if name == "/quit":
        return replace(talk, ended=True), ""
    if name == "/reset":
        return replace(talk, turns=()), talk.said("forgotten")
    if name == "/system":
        return replace(talk, system=argument, turns=()), talk.said(
            "system_set" if argument else "system_gone"
        )
    if name == "/language":
        if argument not in ("ar", "en", ""):
            return talk, talk.said("language_unknown")
        changed = replace(talk, language=argument)
        return changed, changed.said("language_set")
    if name == "/history":
        return talk, "\n".join(f"{turn['role']}: {turn['content']}" for turn in talk.messages) or talk.said(
            "empty"
        )
    if name == "/save":
        return talk, _saved(talk, argument)
    return talk, talk.said("help" if name == "/help" else "unknown")


def record(talk: Talk) -> dict[str, Any]:
    """The conversation as a record that `alignment.conversations` reads; it says who wrote the answers."""
    return {"messages": talk.messages, "model": talk.model, "machine_made": True}


def _saved(talk: Talk, path: str) -> str:
    if not path:
        return talk.said("save_where")
    try:
        with Path(path).expanduser().open("a", encoding="utf-8") as file:
            file.write(json.dumps(record(talk), ensure_ascii=False) + "\n")
    except OSError as error:
        return f"{path}: {error.strerror or error}"
    return f"{talk.said('saved')} {path}"
