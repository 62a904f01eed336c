"""Bits that a model needs for a text, and bits per byte of raw UTF-8, whatever pieces its tokenizer cuts it into.

Loss per piece does not compare across tokenizers, as a tokenizer with longer pieces has fewer to predict. The
information in the whole text does: bits per byte = -sum of log2 p(piece | what stands before) / bytes of the text.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]
LogProbabilities = Callable[[Ids], npt.NDArray[np.floating]]
"""Natural logarithms of p(ids[i] | ids[:i]) for i from 1 on; one fewer than there are ids."""


@dataclass(frozen=True)
class Window:
    """Pieces `start` to `end` are read at once; those from `scored` on count, the ones before are context."""

    start: int
    scored: int
    end: int


def windows(count: int, window: int, stride: int) -> list[Window]:
    """Windows over so many pieces in which each but the first counts once.

    All windows but the first have at least `window - stride` pieces of context, so that few pieces are judged with
    little before them. The first piece, usually the begin-of-text piece, is given and not scored.

    Raises:
        ValueError: The stride is below 1 or not below the window.

    >>> windows(7, 4, 2)
    [Window(start=0, scored=1, end=4), Window(start=2, scored=4, end=6), Window(start=3, scored=6, end=7)]
    """
    if not 1 <= stride < window:
        raise ValueError(f"stride must be at least 1 and below the window of {window}, got {stride}")
    found: list[Window] = []
    scored = 1
    while scored < count:
        end = min(count, scored + stride if found else window)
        found.append(Window(max(0, min(end - window, scored - 1)), scored, end))
        scored = end
    return found


def information(
    ids: Sequence[int] | Ids, log_probabilities: LogProbabilities, window: int, stride: int
) -> float:
    """Bits that a model needs for a text given as pieces, the first of which is given."""
    array = np.asarray(ids, np.int64)
    total = 0.0
    for part in windows(len(array), window, stride):
        scores = log_probabilities(array[part.start : part.end])
        total -= float(scores[part.scored - part.start - 1 :].sum(dtype=np.float64))
    return total / math.log(2)


def bits_per_byte(bits: Sequence[float], texts: Sequence[str]) -> float:
    """Bits of all texts over their bytes in UTF-8: long texts weigh more.

    Raises:
        ValueError: The texts hold nothing.
    """
    num_bytes = sum(len(text.encode()) for text in texts)
    if not num_bytes:
        raise ValueError("texts must hold at least one byte, got none")
    return math.fsum(bits) / num_bytes
