"""What was asked, and what it cost."""

import threading
from typing import Any

from corpus.endpoint.requests import Reply
from corpus.endpoint.settings import EndpointSettings

COUNTS = (
    "answered", "from_cache", "refused", "retries", "prompt_tokens", "completion_tokens", "uncounted",
)  # fmt: skip
"""What a ledger counts."""


def cost(prompt_tokens: int, completion_tokens: int, settings: EndpointSettings) -> float:
    """Price of so many tokens, in the currency of the settings' prices."""
    return (prompt_tokens * settings.price_input + completion_tokens * settings.price_output) / 1e6


class Ledger:
    """Counts of one run: requests by what became of them, tokens, and faults and refusals by kind."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(COUNTS, 0)
        self.faults: dict[str, int] = {}
        self.refusals: dict[str, int] = {}
        self.first_refusal = ""
        self._lock = threading.Lock()

    def add(self, reply: Reply) -> None:
        """Count a reply; one from the cache costs nothing, one without usage is `uncounted`."""
        with self._lock:
            if reply.refusal:
                kind = reply.refusal.split(" (")[0]
                self.counts["refused"] += 1
                self.refusals[kind] = self.refusals.get(kind, 0) + 1
                self.first_refusal = self.first_refusal or reply.refusal
            elif reply.from_cache:
                self.counts["from_cache"] += 1
            else:
                self.counts["answered"] += 1
                self.counts["prompt_tokens"] += reply.prompt_tokens or 0
                self.counts["completion_tokens"] += reply.completion_tokens or 0
                self.counts["uncounted"] += reply.prompt_tokens is None

    def add_fault(self, kind: str) -> None:
        """Count a fault after which the request was sent again, or given up."""
        with self._lock:
            self.counts["retries"] += 1
            self.faults[kind] = self.faults.get(kind, 0) + 1

    def summary(self, settings: EndpointSettings) -> dict[str, Any]:
        """All counts and the cost, ready for JSON."""
        with self._lock:
            paid = cost(self.counts["prompt_tokens"], self.counts["completion_tokens"], settings)
            told: dict[str, Any] = {**self.counts, "cost": round(paid, 6)}
            if self.refusals:
                told |= {
                    "refusals": dict(sorted(self.refusals.items())),
                    "first_refusal": self.first_refusal,
                }
            return told | {"faults": dict(sorted(self.faults.items()))}
