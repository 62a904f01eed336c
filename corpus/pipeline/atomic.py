"""Files that are either whole or not there."""

import hashlib
import json
import os
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; it takes `path`'s place when the block ends well, else it is removed.

    The name holds the process id, so that a worker left over from a killed build cannot meet a new one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        # Some libraries do not say which file they could not write, and nobody knows of the partial one.
        if error.filename and str(error.filename) != str(partial):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        partial.unlink(missing_ok=True)


def write_json(path: Path, content: Any) -> None:
    """Write JSON that is the same for the same content: sorted keys, UTF-8, one trailing newline."""
    with atomic_path(path) as partial:
        text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True)
        partial.write_text(text + "\n", encoding="utf-8")


def write_parquet(path: Path, frame: "pl.DataFrame") -> None:
    """Write a frame for later passes, whole or not at all.

    Raises:
        OSError: The disk is full, or forbids it; polars hides these in errors of its own.
    """
    from polars.exceptions import ComputeError

    with atomic_path(path) as partial:
        try:
            frame.write_parquet(partial, compression="zstd", compression_level=1)
        except ComputeError as error:
            number = re.search(r"\(os error (\d+)\)", str(error))
            if number is None:
                raise
            raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from error


def read_json(path: Path) -> Any:
    """Read what `write_json` wrote.

    Raises:
        ValueError: It is no JSON, or nested too deep to be read.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise ValueError(f"{path}: JSON that is nested too deep") from error


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remove_partials(directory: Path) -> None:
    """Remove what killed processes left unfinished; only the holder of the directory's lock may call this."""
    for partial in directory.rglob(".*.partial"):
        partial.unlink(missing_ok=True)


def remove_others(directory: Path, names: Collection[str]) -> None:
    """Remove the Parquet files of a directory that have none of these names: an older run left them."""
    for path in directory.glob("*.parquet"):
        if path.name not in names:
            path.unlink()
