"""A directory that is either whole or not there, made in a hidden one beside it that a stopped run goes on with."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from corpus.pipeline.atomic import read_json, remove_partials, write_json
from tokenization.errors import TokenizationError

PLAN = "plan.json"


@contextmanager
def whole_directory(output: Path, plan: dict[str, Any]) -> Iterator[Path]:
    """A directory to fill; it becomes `output` when the block ends well.

    Files in it must be written atomically. When the block does not end, they stay for the next run with the same `plan`
    (what the result depends on, as JSON); a run with another plan starts afresh.

    Raises:
        TokenizationError: Another run is at work here, or `output` holds something.
    """
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise TokenizationError(f"{output}: is there already: choose another output_dir, or remove it first")
    staging = output.absolute().with_name(f".{output.name}.unfinished")
    staging.mkdir(parents=True, exist_ok=True)
    lock = os.open(staging, os.O_RDONLY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TokenizationError(
                f"{output}: another run is writing it; wait for it or choose another output_dir"
            ) from error
        _prepare(staging, plan)
        yield staging
        (staging / PLAN).unlink()
        staging.replace(output)
        _sync(output.absolute().parent)
    finally:
        os.close(lock)


def _prepare(staging: Path, plan: dict[str, Any]) -> None:
    """Keep what a run with the same plan has finished."""
    remove_partials(staging)
    path = staging / PLAN
    if path.exists() and read_json(path) == plan:
        return
    for content in staging.iterdir():
        if content.is_dir():
            shutil.rmtree(content)
        else:
            content.unlink()
    write_json(path, plan)


def _sync(directory: Path) -> None:
    """Make sure that a rename in the directory outlives a power failure."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
