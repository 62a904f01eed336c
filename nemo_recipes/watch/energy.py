"""The energy ledger: measured where the machine tells, estimated and called so where it does not.

GPUs tell the energy they used since the driver was loaded (NVML), Intel and AMD processors that of their packages
(RAPL). Neither knows of memory, fans or power supplies; an estimate of the whole machine stands beside them.
"""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nemo_recipes.planning.settings import Energy

_RAPL = Path("/sys/class/powercap")
_JOULES_PER_KWH = 3.6e6

Joules = Callable[[], float]


@dataclass(frozen=True)
class Reading:
    """Energy since the ledger was opened.

    Attributes:
        seconds: Time since then.
        joules: Energy of each measured part, by source.
        estimated: Joules that the assumed power gives for that time.
    """

    seconds: float
    joules: dict[str, float]
    estimated: float


class Meter:
    """Reads this process's share: its own GPU, and the processors if it is the first of its machine.

    One for each start, from end to end: the last reading of a start is taken for its sum.
    """

    def __init__(self, *, assumed_watts: float, gpu: str, first_of_machine: bool) -> None:
        self._watts = assumed_watts
        self._parts: dict[str, Joules] = {}
        if gpu and (nvml := nvml_joules(gpu)):
            self._parts["NVML"] = nvml
        if first_of_machine and (rapl := rapl_joules(_RAPL)):
            self._parts["RAPL"] = rapl
        self._began = time.monotonic()

    def read(self) -> Reading:
        """What was used so far."""
        seconds = time.monotonic() - self._began
        return Reading(seconds, {name: read() for name, read in self._parts.items()}, self._watts * seconds)


def nvml_joules(gpu: str) -> Joules | None:
    """Reads the joules that a GPU, named by its UUID, used from now on; None where NVML does not tell."""
    try:
        import pynvml

        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByUUID(gpu)
        began = pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    except Exception:  # noqa: BLE001  no package, no driver, an old GPU: each has errors of its own
        return None
    return lambda: float(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) - began) / 1000


def rapl_joules(powercap: Path) -> Joules | None:
    """Reads the joules that all processor packages used from now on; None where they cannot be read.

    The counters of `energy_uj` start again at `max_energy_range_uj`, within minutes on a busy machine: each reading
    adds what came since the last one.
    """
    packages = []
    for package in sorted(powercap.glob("*-rapl:?")) if powercap.is_dir() else []:
        with contextlib.suppress(OSError, ValueError):
            limit = int((package / "max_energy_range_uj").read_text())
            packages.append((package / "energy_uj", limit, int((package / "energy_uj").read_text())))
    if not packages:
        return None
    last = {path: now for path, _, now in packages}
    total = 0

    def read() -> float:
        nonlocal total
        for path, limit, _ in packages:
            now = int(path.read_text())
            total += (now - last[path]) % limit
            last[path] = now
        return total / 1e6

    return read


def ledger(readings: list[dict[str, Any]], energy: Energy, on_gpus: bool) -> dict[str, Any]:
    """Sum of the last reading of each start of a run, with what turns it into kWh and CO2.

    `readings` have `seconds`, `joules` by source and `estimated`, summed over all processes. The figure that counts is
    the measured one where the devices that train were measured: processors alone do not stand for a run on GPUs.
    """
    seconds = sum(reading["seconds"] for reading in readings)
    estimated = sum(reading["estimated"] for reading in readings)
    sources = sorted({name for reading in readings for name in reading["joules"]})
    measured = {name: sum(reading["joules"].get(name, 0.0) for reading in readings) for name in sources}
    is_measured = ("NVML" if on_gpus else "RAPL") in measured
    joules = sum(measured.values()) if is_measured else estimated
    kwh = joules / _JOULES_PER_KWH
    return {
        "device_hours": seconds / 3600,
        "measured_kwh": {name: value / _JOULES_PER_KWH for name, value in measured.items()},
        "estimated_kwh": estimated / _JOULES_PER_KWH,
        "kwh": kwh,
        "kwh_is": "measured (" + " + ".join(sources) + "), all that ran on them; memory and fans not included"
        if is_measured
        else "an estimate: assumed watts x device hours",
        "pue": energy.pue,
        "grid_grams_per_kwh": energy.grid_grams_per_kwh,
        "kwh_with_pue": kwh * energy.pue,
        "co2_kg": kwh * energy.pue * energy.grid_grams_per_kwh / 1000,
    }
