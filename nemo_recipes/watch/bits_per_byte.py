"""Bits per byte of each validation set, and of each language and domain."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class Text(Protocol):
    """What is asked of a validation set: how it is called, and what it is of."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def language(self) -> str: ...  # noqa: D102
    @property
    def domain(self) -> str: ...  # noqa: D102


@dataclass(frozen=True)
class Score:
    """Sum of losses in nats over a text, its labels (tokens that are predicted) and its bytes of raw UTF-8."""

    nats: float
    labels: int
    num_bytes: int

    def described(self) -> dict[str, Any]:
        """Loss of a label, bits of a byte, and what they were measured on."""
        return {
            "loss": self.nats / self.labels if self.labels else math.nan,
            "bits_per_byte": bits_per_byte(self.nats, self.num_bytes),
            "labels": self.labels,
            "bytes": self.num_bytes,
        }


def bits_per_byte(nats: float, num_bytes: float) -> float:
    """Nats over a text as bits for each of its bytes.

    >>> bits_per_byte(8 * math.log(2), 4)
    2.0
    """
    return nats / math.log(2) / num_bytes if num_bytes else math.nan


def summed(scores: Iterable[Score]) -> Score:
    """The score of several sets together, each weighing as much as it holds."""
    parts = list(scores)
    return Score(
        sum(part.nats for part in parts),
        sum(part.labels for part in parts),
        sum(part.num_bytes for part in parts),
    )


def account(sets: Sequence[Text], scores: Mapping[str, Score]) -> dict[str, Any]:
    """Scores by set, by language, and by domain of a language, as the journal and the report hold them."""
    return {
        "sets": {one.name: scores[one.name].described() for one in sets},
        "languages": _by(sets, scores, lambda one: one.language),
        "domains": _by(sets, scores, lambda one: f"{one.language} {one.domain}"),
    }


def forgetting(before: Mapping[str, Any], now: Mapping[str, Any], language: str) -> float | None:
    """Change of a language's bits per byte against the base, or since before training; above 0 is forgetting.

    None where the language has no validation set.
    """
    if language not in before["languages"] or language not in now["languages"]:
        return None
    return float(now["languages"][language]["bits_per_byte"] - before["languages"][language]["bits_per_byte"])


def _by(sets: Sequence[Text], scores: Mapping[str, Score], key: Callable[[Text], str]) -> dict[str, Any]:
    keys = sorted({key(one) for one in sets})
    return {name: summed(scores[one.name] for one in sets if key(one) == name).described() for name in keys}
