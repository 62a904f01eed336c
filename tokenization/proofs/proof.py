"""What a proof comes to."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Proof:
    """One claim about a tokenizer, and what trying it came to.

    Attributes:
        name: The claim in a few words.
        passed: Whether it held wherever it was tried.
        checked: On what and how much it was tried, as "12,345 lines, 8.1 MB".
        detail: The first thing that contradicts it; empty where none was found.
        seconds: How long trying it took; no part of the result.
    """

    name: str
    passed: bool
    checked: str
    detail: str = ""
    seconds: float = 0.0

    def described(self) -> dict[str, Any]:
        """For the manifest: all but the seconds."""
        content = asdict(self)
        del content["seconds"]
        return content
