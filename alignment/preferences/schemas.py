"""Records of preferences to the turns of prompt, chosen and rejected."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from alignment.conversations.schemas import Message, UnusableRecordError, messages_of
from alignment.preferences.transcripts import asked, is_transcript, turns_of

Record = Mapping[str, Any]

SIDES = ("chosen", "rejected")


class Pair(NamedTuple):
    """Turns that both answers follow, and the turns of each answer."""

    prompt: list[Message]
    chosen: list[Message]
    rejected: list[Message]


def schema_of(record: Record) -> str:
    """The schema that the types of a record's values tell.

    Raises:
        UnusableRecordError: A side is missing, or the two are of different kinds.
    """
    missing = [side for side in SIDES if record.get(side) is None]
    if missing:
        raise UnusableRecordError("missing_column", f"{missing[0]!r} is missing or null")
    kinds = {type(record[side]) for side in SIDES}
    if kinds == {list}:
        return "messages"
    if kinds != {str}:
        names = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise UnusableRecordError(
            "unknown_schema", f"chosen and rejected must be two texts or two lists, got {names}"
        )
    if record.get("prompt") is not None:
        return "text"
    if all(is_transcript(record[side]) for side in SIDES):
        return "transcript"
    raise UnusableRecordError(
        "missing_column", "'prompt' is missing, and the answers are no Human: / Assistant: transcripts"
    )


def pair_of(record: Record, schema: str, expected: str) -> Pair:
    """The turns of a record, as they stand there; whether they make a pair is for `rules` to say.

    Raises:
        UnusableRecordError: Something is missing, of another type, of an unknown role, or not of the expected schema.
    """
    if schema != expected:
        raise UnusableRecordError("mixed_schemas", f"{schema} among {expected}")
    return _READERS[schema](record)


def _of_text(record: Record) -> Pair:
    """A prompt that is a list of turns may stand before answers that are texts."""
    prompt = _prompt(record)
    chosen, rejected = (_turns([{"role": "assistant", "content": record[side]}], side) for side in SIDES)
    return Pair(prompt, chosen, rejected)


def _of_messages(record: Record) -> Pair:
    """Answers as lists of turns: what follows the prompt, or, without one, whole conversations that begin alike."""
    chosen, rejected = (_turns(record[side], side) for side in SIDES)
    if record.get("prompt") is None:
        return _split(chosen, rejected)
    return Pair(_prompt(record), chosen, rejected)


def _of_transcript(record: Record) -> Pair:
    chosen, rejected = (_turns(turns_of(record[side]), side) for side in SIDES)
    return _split(chosen, rejected)


def _split(chosen: list[Message], rejected: list[Message]) -> Pair:
    """The turns that both begin with are the prompt; one turn at least is left to each, even where they are equal."""
    common = 0
    for one, other in zip(chosen[:-1], rejected[:-1], strict=False):
        if one != other:
            break
        common += 1
    return Pair(chosen[:common], chosen[common:], rejected[common:])


def _prompt(record: Record) -> list[Message]:
    prompt = record["prompt"]
    if isinstance(prompt, str):
        prompt = asked(prompt) if is_transcript(prompt) else [{"role": "user", "content": prompt}]
    if not isinstance(prompt, list):
        raise UnusableRecordError("not_text", f"'prompt' holds a {type(prompt).__name__}")
    system = record.get("system")
    return _turns([*([{"role": "system", "content": system}] if system else []), *prompt], "prompt")


def _turns(turns: list[Any], key: str) -> list[Message]:
    try:
        return messages_of({"messages": turns}, "messages")
    except UnusableRecordError as error:
        raise UnusableRecordError(error.rule, f"{key}: {error.detail}") from error


_READERS: dict[str, Callable[[Record], Pair]] = {
    "text": _of_text,
    "messages": _of_messages,
    "transcript": _of_transcript,
}
