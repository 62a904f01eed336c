"""Instruction data of every common form as one frame of conversations, and what could not be used, line by line.

`read_conversations` is the way in. Nothing that breaks a rule reaches training: it stands in the rejects with its file,
line, rule and detail.
"""

from typing import TYPE_CHECKING, Any

from alignment.conversations.settings import Columns, Schema

if TYPE_CHECKING:
    from alignment.conversations.reading import Conversations, read_conversations

__all__ = ["Columns", "Conversations", "Schema", "read_conversations"]


def __getattr__(name: str) -> Any:
    if name in ("Conversations", "read_conversations"):
        from alignment.conversations import reading

        return getattr(reading, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
