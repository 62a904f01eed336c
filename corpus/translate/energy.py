"""Energy of a run: what the processors tell of themselves, else an estimate that is called one."""

import os
import time
from pathlib import Path
from typing import Any

_RAPL = Path("/sys/class/powercap")


class EnergyMeter:
    """Counts from when it was made."""

    def __init__(self, watts: float) -> None:
        self._watts = watts
        self._began = _joules()
        self._cpu = _cpu_seconds()
        self._wall = time.monotonic()

    def summary(self) -> dict[str, Any]:
        """Watt hours, and how they are known; counters that ran over or cannot be read leave the estimate."""
        now, seconds = _joules(), _cpu_seconds() - self._cpu
        if self._began is not None and now is not None and now >= self._began:
            return {"watt_hours": (now - self._began) / 3600, "how": "measured by RAPL, the whole machine"}
        told = f"estimated: {seconds:.0f} s of a busy core at {self._watts:g} W"
        return {"watt_hours": seconds * self._watts / 3600, "how": told}


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system


def _joules() -> float | None:
    try:
        found = [
            int(each.read_text())
            for each in _RAPL.glob("intel-rapl:*/energy_uj")
            if each.parent.name.count(":") == 1
        ]
    except (OSError, ValueError):
        return None
    return sum(found) / 1e6 if found else None
