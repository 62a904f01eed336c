"""One process in one output directory at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def held(lock_path: Path, refusal: Exception) -> Iterator[None]:
    """Hold a lock file, whose directory is made where it is missing; the lock goes with the process, however it ends.

    Raises:
        Exception: `refusal`, where another process holds it.
    """
    lock_path.parent.mkdir(parents=True, exist_ok=True)
    with lock_path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise refusal from error
        yield
