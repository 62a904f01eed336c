"""How long each phase of a build takes, and how far it is."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm


class Clock:
    """Wall seconds of each phase, and its progress bar."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str, total: float, unit: str, *, scale: bool = False) -> Iterator["tqdm[Any]"]:
        """A block that is one phase, with its bar of `total` units."""
        start = time.perf_counter()
        with tqdm(total=total, desc=f"{name:<22}", unit=unit, unit_scale=scale, dynamic_ncols=True) as bar:
            yield bar
        self.seconds[name] = round(time.perf_counter() - start, 3)
