"""One run in one output directory at a time: two would undo each other's checkpoints."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch.distributed as dist

from nemo_recipes.engine.agreement import agree
from nemo_recipes.errors import PretrainingError


@contextmanager
def locked(output: Path) -> Iterator[None]:
    """Hold an output directory, on behalf of all processes of a run.

    Raises:
        PretrainingError: Another run holds it.
    """
    output.mkdir(parents=True, exist_ok=True)
    with (output / ".lock").open("a") as lock:
        agree(lambda: _hold(output, lock.fileno()))
        try:
            yield
        finally:
            if dist.get_rank() == 0:
                fcntl.flock(lock, fcntl.LOCK_UN)


def _hold(output: Path, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise PretrainingError(
            f"{output}: another run is training here; wait for it, stop it, or choose another output_dir"
        ) from error
