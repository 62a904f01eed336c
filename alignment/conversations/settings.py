"""What a user can say of a file of instructions. Standard library only."""

from dataclasses import dataclass
from typing import Literal

Schema = Literal["auto", "messages", "sharegpt", "alpaca", "columns"]


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Which columns of a table, or keys of flat JSON Lines, hold the turns of a conversation.

    Attributes:
        user: Column of the question.
        assistant: Column of the answer.
        system: Column of the system prompt; empty for none.
    """

    user: str
    assistant: str
    system: str = ""

    def __post_init__(self) -> None:
        if not self.user or not self.assistant:
            raise ValueError("columns must name a user and an assistant column")

    def by_role(self) -> dict[str, str]:
        """Columns by the role of their turn, in the order of a conversation."""
        system = {"system": self.system} if self.system else {}
        return system | {"user": self.user, "assistant": self.assistant}
