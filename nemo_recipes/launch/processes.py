"""Several processes of a run on this machine, without torchrun: one line for a mistake, and their own exit code.

torchrun ends with 1 and a traceback of its own whatever a process said, and kills processes that write a checkpoint 30
seconds after it was asked to stop. Here a signal is passed on once, and waited for as long as saving takes.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from corpus.command_line import EXIT_STOPPED
from nemo_recipes.launch.place import place
from nemo_recipes.planning.settings import Layout

_GRACE = 10.0
"""Seconds between asking the processes that are left to end, and ending them: one is gone, they wait for it in vain."""

_LOOK = 0.05
_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


def start_own(script: Path, layout: Layout) -> int | None:
    """Run a script in the processes of its layout, where no launcher did; None where this process is one of them."""
    if place().launcher or layout.nodes != 1 or layout.world_size == 1:
        return None
    return start_processes([sys.executable, str(script), *sys.argv[1:]], layout.world_size)


def start_processes(command: Sequence[str], processes: int) -> int:
    """Run a command so many times side by side, each with its place in the environment; returns the exit code.

    It is 0 where all ended well, else that of the first one that did not.
    """
    surroundings = {
        "WORLD_SIZE": str(processes),
        "LOCAL_WORLD_SIZE": str(processes),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(_free_port()),
        "OMP_NUM_THREADS": os.environ.get(
            "OMP_NUM_THREADS", str(max(1, len(os.sched_getaffinity(0)) // processes))
        ),
        # Where 127.0.0.1 has no name, each socket of torch's says so, between the user and the line that matters.
        "TORCH_CPP_LOG_LEVEL": os.environ.get("TORCH_CPP_LOG_LEVEL", "ERROR"),
    }
    children: list[subprocess.Popen[bytes]] = []

    def pass_on(_number: int, _frame: FrameType | None) -> None:
        _tell(children, signal.SIGTERM)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        for rank in range(processes):
            mine = os.environ | surroundings | {"RANK": str(rank), "LOCAL_RANK": str(rank)}
            # Apart from the terminal: Ctrl-C reaches this process alone, which passes it on once.
            children.append(
                subprocess.Popen(command, env=mine, start_new_session=True, preexec_fn=_end_with_parent)  # noqa: S603
            )
        return _wait(children)
    finally:
        _tell(children, signal.SIGKILL)
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait(children: Sequence["subprocess.Popen[bytes]"]) -> int:
    """Wait for all, or for the first that fails; the others have a moment to end."""
    while True:
        codes = [child.poll() for child in children]
        failed = next((code for code in codes if code not in (None, 0, EXIT_STOPPED)), None)
        if failed is not None:
            break
        if None not in codes:
            return max(code for code in codes if code is not None)
        time.sleep(_LOOK)
    _tell(children, signal.SIGTERM)
    deadline = time.monotonic() + _GRACE
    while time.monotonic() < deadline and any(child.poll() is None for child in children):
        time.sleep(_LOOK)
    return failed if failed > 0 else 128 - failed


def _tell(children: Sequence["subprocess.Popen[bytes]"], number: int) -> None:
    for child in children:
        if child.poll() is None:
            child.send_signal(number)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _end_with_parent() -> None:
    """No process trains on when the one that started it is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
