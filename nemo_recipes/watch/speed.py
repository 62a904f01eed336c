"""Tokens per second, model FLOPs utilization and memory."""

import resource
import time
from collections import deque

import torch

_WINDOW = 20


class Clock:
    """Tokens per second over the last steps."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque([(time.perf_counter(), 0)], maxlen=_WINDOW)

    def restart(self) -> None:
        """Leave out the time since the last step: something else than training took it."""
        self._marks = deque([(time.perf_counter(), self._marks[-1][1])], maxlen=_WINDOW)

    def mark(self, tokens: int) -> None:
        """Say that so many more tokens were trained on."""
        self._marks.append((time.perf_counter(), self._marks[-1][1] + tokens))

    def tokens_per_second(self) -> float:
        """Mean over the last steps, 0 before the first."""
        (began, before), (ended, now) = self._marks[0], self._marks[-1]
        return (now - before) / (ended - began) if ended > began else 0.0


def utilization(tokens_per_second: float, flops: float, devices: int, peak_teraflops: float) -> float | None:
    """MFU: FLOPs that the tokens take (`flops` each), by the peak of all devices.

    None on CPUs, or where the peak is not known.
    """
    if not torch.cuda.is_available() or not peak_teraflops:
        return None
    return tokens_per_second * flops / (devices * peak_teraflops * 1e12)


def memory_gib() -> float:
    """Most memory this process ever held, in GiB: of its GPU if it uses one, else resident."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**30
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
