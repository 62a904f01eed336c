"""Records of JSON Lines to messages: OpenAI's `messages`, ShareGPT's `conversations`, Alpaca's `instruction`."""

import re
from collections.abc import Callable, Mapping
from typing import Any

Message = dict[str, str]
Record = Mapping[str, Any]

ROLES = ("system", "user", "assistant", "tool")

_SHAREGPT_ROLES = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "assistant": "assistant",
    "model": "assistant",
    "system": "system",
    "tool": "tool",
    "observation": "tool",
    "function": "tool",
}
_SURROGATE = re.compile("[\ud800-\udfff]")


class UnusableRecordError(Exception):
    """One record cannot be used: `rule`, `detail`."""

    def __init__(self, rule: str, detail: str) -> None:
        super().__init__(rule, detail)
        self.rule, self.detail = rule, detail


def schema_of(record: Record, expected: str) -> str:
    """The schema that a record's keys tell; where one is `expected`, it must be that.

    Raises:
        UnusableRecordError: It is of none, of several, or of another.
    """
    found = [name for name, key in _KEYS.items() if key in record]
    if len(found) == 1 and expected and found[0] != expected:
        raise UnusableRecordError("mixed_schemas", f"{found[0]} among {expected}")
    if len(found) == 1:
        return found[0]
    keys = ", ".join(sorted(map(str, record))) or "none"
    if not found:
        raise UnusableRecordError(
            "unknown_schema", f"no {' or '.join(_KEYS.values())} among its keys ({keys})"
        )
    raise UnusableRecordError("mixed_schemas", f"keys of several schemas at once ({keys})")


def messages_of(record: Record, schema: str) -> list[Message]:
    """The turns of a record, as they stand there; whether they make a conversation is for `rules` to say.

    Raises:
        UnusableRecordError: Something is missing, of another type, or of an unknown role.
    """
    return _READERS[schema](record)


def _of_messages(record: Record) -> list[Message]:
    return [
        {"role": _role(turn, "role", {role: role for role in ROLES}), "content": _content(turn, "content")}
        for turn in _turns(record, "messages")
    ]


def _of_sharegpt(record: Record) -> list[Message]:
    turns = [
        {"role": _role(turn, "from", _SHAREGPT_ROLES), "content": _content(turn, "value")}
        for turn in _turns(record, "conversations")
    ]
    return [*_system(record), *turns]


def _of_alpaca(record: Record) -> list[Message]:
    """Input, where there is one, follows the instruction after an empty line; earlier turns stand in `history`."""
    given = record.get("input")
    question = _text(record.get("instruction"), "instruction")
    if given:
        question += "\n\n" + _text(given, "input")
    history = record.get("history") or []
    if not isinstance(history, list) or not all(
        isinstance(pair, list) and len(pair) == 2 for pair in history
    ):
        raise UnusableRecordError("bad_record", "history is not a list of pairs")
    pairs = [*history, [question, record.get("output")]]
    turns = [
        {"role": role, "content": _text(text, role)}
        for pair in pairs
        for role, text in zip(("user", "assistant"), pair, strict=True)
    ]
    return [*_system(record), *turns]


def _system(record: Record) -> list[Message]:
    system = record.get("system")
    return [{"role": "system", "content": _text(system, "system")}] if system else []


def _turns(record: Record, key: str) -> list[Mapping[str, Any]]:
    turns = record.get(key)
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        raise UnusableRecordError("bad_record", f"{key} is not a list of objects")
    return turns


def _role(turn: Mapping[str, Any], key: str, known: Mapping[str, str]) -> str:
    role = turn.get(key)
    if not isinstance(role, str) or role not in known:
        raise UnusableRecordError("unknown_role", f"{key} {role!r} is none of {', '.join(known)}")
    return known[role]


def _content(turn: Mapping[str, Any], key: str) -> str:
    """A turn's text; OpenAI's list of text parts is joined, and no content (a bare tool call) is an empty turn."""
    content = turn.get(key)
    if isinstance(content, list):
        parts = [part.get("text") if isinstance(part, dict) else None for part in content]
        if not all(isinstance(part, str) for part in parts):
            raise UnusableRecordError("not_text", f"{key} holds parts that are not text")
        content = "".join(map(str, parts))
    return _text("" if content is None else content, key)


def _text(value: Any, key: str) -> str:
    if value is None:
        raise UnusableRecordError("missing_column", f"{key!r} is missing or null")
    if not isinstance(value, str):
        raise UnusableRecordError("not_text", f"{key!r} holds a {type(value).__name__}")
    if not value.isascii() and _SURROGATE.search(value):
        raise UnusableRecordError("lone_surrogate", "half of a surrogate pair stands alone")
    return value


_KEYS = {"messages": "messages", "sharegpt": "conversations", "alpaca": "instruction"}
_READERS: dict[str, Callable[[Record], list[Message]]] = {
    "messages": _of_messages,
    "sharegpt": _of_sharegpt,
    "alpaca": _of_alpaca,
}
