"""What each phase of a build costs, seen from outside: processor time, bytes read and written, memory.

A build tells its phases by its progress bars. While it runs, the kernel's accounts of its whole family of processes
are read a few times a second, and what was spent since the last look belongs to the phase whose bar moved last. So
nothing in the build has to count, and any engine can be measured.

The kernel adds a process's account to its parent's when that has waited for it: nothing is lost when workers end.
"""

import os
import re
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from measured_run import cpu_seconds_of, family_of, proportional_bytes

_SECONDS_BETWEEN_LOOKS = 0.25
_LOOKS_FOR_MEMORY = 4
"""Memory is looked at every so many looks: the kernel walks all pages for it."""
_BAR = re.compile(r"(?:^|[\r\n])([a-z][a-z ,-]*?) *: +\d+%\|")
_TAIL_CHARACTERS = 4_000
START, END = "start", "end"


@dataclass
class PhaseCost:
    """What one phase took.

    Attributes:
        seconds: Wall time.
        processor_seconds: User and system time of all processes.
        read_bytes: Bytes that they read by calls, from files (cached or not) and from each other; mapped files are not
            in it.
        written_bytes: Bytes that they wrote by calls, to files and to each other.
        peak_bytes: Highest sum of proportional set sizes that was seen.
    """

    seconds: float = 0.0
    processor_seconds: float = 0.0
    read_bytes: int = 0
    written_bytes: int = 0
    peak_bytes: int = 0


def measure_phases(
    command: Sequence[str], environment: Mapping[str, str], limit_seconds: float
) -> tuple[dict[str, PhaseCost], int, str]:
    """Run a build; cost of each phase in order, its exit status, and the end of what it said."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=os.environ | dict(environment),
        start_new_session=True,
    )  # fmt: skip
    heard = _Listener(process)
    heard.start()
    phases: dict[str, PhaseCost] = {}
    before, last = (0.0, 0, 0), time.perf_counter()
    until = last + limit_seconds
    for look in count():
        ended = process.poll() is not None
        now, phase = time.perf_counter(), heard.phase
        cost = phases.setdefault(phase, PhaseCost())
        cost.seconds += now - last
        last = now
        if ended:
            break
        family = family_of(process.pid)
        account = _account(family)
        spent = [max(0, new - old) for new, old in zip(account, before, strict=True)]
        before = (account[0], account[1], account[2])
        cost.processor_seconds += spent[0]
        cost.read_bytes += int(spent[1])
        cost.written_bytes += int(spent[2])
        if look % _LOOKS_FOR_MEMORY == 0:
            cost.peak_bytes = max(cost.peak_bytes, sum(map(proportional_bytes, family)))
        if now > until:
            os.killpg(process.pid, 9)
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    heard.join()
    assert process.stdout is not None
    process.stdout.close()
    return phases, process.returncode, heard.said[-_TAIL_CHARACTERS:]


def last_phase(said: str, before: str) -> str:
    r"""The phase whose bar was drawn last.

    >>> last_phase("exact duplicates      : 100%|#| 2/2\rsignatures            :   0%|", "start")
    'signatures'
    """
    found = _BAR.findall(said)
    return str(found[-1]).strip() if found else before


class _Listener(threading.Thread):
    """Reads what the build says, so that it never waits, and knows its phase."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        super().__init__(daemon=True)
        self.phase = START
        self.said = ""
        self._process = process

    def run(self) -> None:
        assert self._process.stdout is not None
        rest = ""
        while data := os.read(self._process.stdout.fileno(), 1 << 16):
            rest = (rest + data.decode(errors="replace"))[-_TAIL_CHARACTERS:]
            self.phase = last_phase(rest, self.phase)
            self.said = (self.said + data.decode(errors="replace"))[-_TAIL_CHARACTERS:]


def _account(family: Sequence[int]) -> tuple[float, int, int]:
    """Processor seconds, bytes read and bytes written of these processes and of the children they waited for."""
    seconds, read, written = 0.0, 0, 0
    for pid in family:
        try:
            lines = Path(f"/proc/{pid}/io").read_text().split()
        except OSError:  # it ended meanwhile
            continue
        seconds += sum(cpu_seconds_of(pid))
        read += int(lines[lines.index("rchar:") + 1])
        written += int(lines[lines.index("wchar:") + 1])
    return seconds, read, written
