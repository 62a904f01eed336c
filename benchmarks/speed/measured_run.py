"""Run a command on given cores and measure its wall time and peak memory, children included."""

import os
import platform
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_SECONDS_BETWEEN_LOOKS = 0.2
_SHARE_OF_LOOKS = 0.02  # of one core: a look at processes of many pages takes long, and holds them up
_TAIL_CHARACTERS = 2_000


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one run took.

    Attributes:
        seconds: Wall time from start to end of the process.
        cpu_seconds: Time on all cores, user and system, of it and all its descendants.
        peak_bytes: Highest resident memory of the process and all its children together.
        peak_anonymous_bytes: As peak_bytes, but without pages of files, which the kernel can take back at any time.
        largest_process_bytes: Highest resident memory of any single one of them, file pages it maps included.
        exit_code: Exit status; 124 when it was stopped at the time limit.
        output_tail: The end of what it printed, to say why it failed.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    peak_anonymous_bytes: int
    largest_process_bytes: int
    exit_code: int
    output_tail: str


def run_measured(
    command: Sequence[str],
    cores: Sequence[int],
    limit_seconds: float,
    environment: Mapping[str, str] | None = None,
) -> Measured:
    """Run to the end on these cores.

    Memory of all processes is the larger of two: the kernel's high-water mark of the largest process, exact; and the
    sum of proportional set sizes (a page that processes share counts once), looked at up to five times a second. A
    process starts out as a copy of the one that starts it, and the kernel counts that: measure from a small process.
    Time on cores, too, is the larger of the kernel's account, which knows nobody whose parent did not wait for it (such
    as workers of a fork server), and of what every process was last seen to have used.
    """
    pinned = ["taskset", "--cpu-list", ",".join(map(str, cores)), *command]
    started = time.perf_counter()
    process = subprocess.Popen(
        pinned, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=os.environ | dict(environment or {}),
        start_new_session=True,
    )  # fmt: skip
    watcher = _Watcher(process.pid)
    watcher.start()
    expired = threading.Event()
    alarm = threading.Timer(limit_seconds, _stop, (process, expired))
    alarm.start()
    assert process.stdout is not None
    with process.stdout as stream:
        output = stream.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    largest = usage.ru_maxrss * 1024  # of the process or any descendant that was waited for
    alarm.cancel()
    watcher.finish()
    process.returncode = os.waitstatus_to_exitcode(status)
    return Measured(
        seconds=seconds,
        cpu_seconds=max(usage.ru_utime + usage.ru_stime, watcher.cpu_seconds),
        peak_bytes=max(largest, watcher.peak_bytes),
        peak_anonymous_bytes=watcher.peak_anonymous_bytes,
        largest_process_bytes=largest,
        exit_code=124 if expired.is_set() else process.returncode,
        output_tail=output[-_TAIL_CHARACTERS:],
    )


def machine() -> dict[str, object]:
    """What the figures depend on and the code does not say."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    return {
        "cpu": model,
        "cores_available": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1),
        "kernel": platform.release(),
        "libc": " ".join(platform.libc_ver()),
        "load_average": os.getloadavg()[0],
    }


def warm_page_cache(folder: Path) -> None:
    """Read every file once, so that no run pays for a cold disk."""
    for path in folder.rglob("*"):
        if path.is_file():
            path.read_bytes()


class _Watcher(threading.Thread):
    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak_bytes = self.peak_anonymous_bytes = 0
        self._pid = pid
        self._cpu_seconds: dict[int, float] = {}
        self._finished = threading.Event()

    @property
    def cpu_seconds(self) -> float:
        return sum(self._cpu_seconds.values())

    def run(self) -> None:
        pause = _SECONDS_BETWEEN_LOOKS
        while not self._finished.wait(pause):
            started = time.thread_time()
            family = family_of(self._pid)
            self._cpu_seconds |= {pid: spent for pid in family if (spent := cpu_seconds_of(pid)[0])}
            shares = [memory_of(pid) for pid in family]
            self.peak_bytes = max(self.peak_bytes, sum(total for total, _ in shares))
            self.peak_anonymous_bytes = max(self.peak_anonymous_bytes, sum(part for _, part in shares))
            pause = max(_SECONDS_BETWEEN_LOOKS, (time.thread_time() - started) / _SHARE_OF_LOOKS)

    def finish(self) -> None:
        self._finished.set()
        self.join()


def family_of(pid: int) -> list[int]:
    """A process and all its living descendants."""
    members, unexplored = [pid], [pid]
    while unexplored:
        try:
            tasks = list(Path(f"/proc/{unexplored.pop()}/task").iterdir())
            children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
        except OSError:  # it ended meanwhile
            continue
        members += children
        unexplored += children
    return members


def proportional_bytes(pid: int) -> int:
    """Memory of a process, what it shares with others divided among them; 0 when it has ended."""
    return memory_of(pid)[0]


def memory_of(pid: int) -> tuple[int, int]:
    """Proportional set size of a process, and its part that is no file's; (0, 0) when it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it ended meanwhile
        return 0, 0
    sizes = {line.split()[0]: int(line.split()[1]) * 1024 for line in lines[1:]}
    return sizes.get("Pss:", 0), sizes.get("Pss_Anon:", 0)


def cpu_seconds_of(pid: int) -> tuple[float, float]:
    """Time on all cores of a process, and of the children it waited for; (0, 0) when it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it ended meanwhile
        return 0.0, 0.0
    own, own_system, children, children_system = map(int, fields[11:15])
    ticks = os.sysconf("SC_CLK_TCK")
    return (own + own_system) / ticks, (children + children_system) / ticks


def _stop(process: subprocess.Popen[bytes], expired: threading.Event) -> None:
    expired.set()
    os.killpg(process.pid, 9)
