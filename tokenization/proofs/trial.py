"""Trying a claim: how much was tried, and the first thing that contradicts it."""

import time
from dataclasses import dataclass, field

from tokenization.proofs.proof import Proof

_SHOWN = 60


@dataclass
class Trial:
    """Counts what a claim is tried on, until something contradicts it."""

    name: str
    unit: str
    tried: int = 0
    size: int = 0  # bytes of text, where it is tried on text
    failures: int = 0
    detail: str = ""
    _start: float = field(default_factory=time.perf_counter)

    def check(self, holds: bool, what: str) -> None:
        """Count one try; `what` says what was tried, for the case that it contradicts."""
        self.tried += 1
        if not holds:
            self.failures += 1
            self.detail = self.detail or what

    def check_text(self, text: str, holds: bool, what: str = "") -> None:
        """Count one try on a text."""
        self.size += len(text.encode("utf-8", "surrogatepass"))
        self.check(holds, f"{shown(text)}{': ' if what else ''}{what}")

    def proof(self) -> Proof:
        """What it came to. A claim that was tried on nothing is not proven."""
        size = f", {self.size / 1e6:,.1f} MB" if self.size else ""
        detail = self.detail if self.tried else f"there were no {self.unit} to try it on"
        more = f" (and {self.failures - 1:,} more)" if self.failures > 1 else ""
        return Proof(
            name=self.name,
            passed=self.tried > 0 and not self.failures,
            checked=f"{self.tried:,} {self.unit}{size}",
            detail=detail + more,
            seconds=round(time.perf_counter() - self._start, 3),
        )


def shown(text: str) -> str:
    r"""The beginning of a text in ASCII, so that what cannot be seen can be told.

    >>> shown("a\u200f")
    "'a\\u200f'"
    """
    return ascii(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")
