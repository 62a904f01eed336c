"""Directories of checkpoints: which are whole, which is the newest, and which may go.

    checkpoints/step-00000500/
        weights/*.safetensors     parameters by their Hugging Face names, one file for each rank that wrote
        optimizer/*.safetensors   exp_avg.NAME and exp_avg_sq.NAME
        ema/*.safetensors         running means of the parameters, where training.ema keeps them
        random/*.safetensors      states of the random generators of each rank
        checkpoint.json           step, counters and the digest of every file; written last

Nothing in a checkpoint is ever unpickled.
"""

import json
import os
import re
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import xxhash

from corpus.pipeline.atomic import write_json
from corpus.pipeline.finished import within
from nemo_recipes.errors import PretrainingError

FORMAT = 1
RECORD = "checkpoint.json"
_NAME = re.compile(r"step-(\d{8})")
_BLOCK = 1 << 22


def place(checkpoints: Path, step: int) -> Path:
    """Where the checkpoint after so many steps lies."""
    return checkpoints / f"step-{step:08d}"


def partial_place(checkpoints: Path, step: int) -> Path:
    """Where it is written until it is whole."""
    return checkpoints / f".step-{step:08d}.partial"


def steps(checkpoints: Path) -> list[int]:
    """Steps of the checkpoints that are there, whole or not, newest first."""
    if not checkpoints.is_dir():
        return []
    found = (_NAME.fullmatch(path.name) for path in checkpoints.iterdir())
    return sorted((int(match[1]) for match in found if match), reverse=True)


def digest(path: Path) -> str:
    """XXH3-128 of a file: it tells damage, as fast as a disk reads."""
    state = xxhash.xxh3_128()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            state.update(block)
    return state.hexdigest()


def close(checkpoints: Path, step: int, record: dict[str, Any], digests: dict[str, str]) -> Path:
    """Make a written checkpoint whole: its record, then its name, so that a crash leaves all of it or nothing."""
    partial, final = partial_place(checkpoints, step), place(checkpoints, step)
    sizes = {name: (partial / name).stat().st_size for name in digests}
    files = [{"path": name, "bytes": sizes[name], "xxh3_128": digests[name]} for name in sorted(digests)]
    write_json(partial / RECORD, {"format": FORMAT, "step": step, "files": files} | record)
    if final.exists():
        shutil.rmtree(final)
    partial.rename(final)
    _sync_directory(checkpoints)
    return final


def read_record(checkpoint: Path) -> dict[str, Any]:
    """The record of a checkpoint.

    Raises:
        ValueError: It is not there, no JSON, or of another format.
    """
    try:
        record = json.loads((checkpoint / RECORD).read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{RECORD} cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise ValueError(f"{RECORD} is not valid JSON") from error
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise ValueError(f"{RECORD} is not of format {FORMAT}")
    return record


def fault(checkpoint: Path) -> str:
    """What is wrong with a checkpoint, "" for a whole one: every file is there, of the recorded size and digest."""
    try:
        record = read_record(checkpoint)
        files = [(str(file["path"]), int(file["bytes"]), str(file["xxh3_128"])) for file in record["files"]]
        paths = {name: within(checkpoint, name) for name, _, _ in files}
    except (ValueError, KeyError, TypeError) as error:
        return str(error) or "its record lacks entries"

    def check(file: tuple[str, int, str]) -> str:
        name, size, expected = file
        path = paths[name]
        if not path.is_file():
            return f"{name} is missing"
        if path.stat().st_size != size:
            return f"{name} has {path.stat().st_size:,} bytes instead of {size:,}"
        return "" if digest(path) == expected else f"{name} has another digest than was written"

    with ThreadPoolExecutor(max_workers=8) as pool:
        return next((wrong for wrong in pool.map(check, files) if wrong), "")


def newest_whole(checkpoints: Path, say: Callable[[str], None]) -> Path | None:
    """The newest checkpoint without a fault; damaged ones are said and set aside as `NAME.damaged`.

    Raises:
        PretrainingError: There are checkpoints, but each is damaged: starting over would hide that.
    """
    damaged = []
    for step in steps(checkpoints):
        path = place(checkpoints, step)
        wrong = fault(path)
        if not wrong:
            return path
        damaged.append(f"{path.name} ({wrong})")
        aside = path.with_name(f"{path.name}.damaged")
        shutil.rmtree(aside, ignore_errors=True)
        path.rename(aside)
        say(
            f"checkpoint {path.name} is damaged: {wrong}; it stays as {aside.name}, going back to the one before"
        )
    if damaged:
        raise PretrainingError(
            f"{checkpoints}: every checkpoint is damaged: {', '.join(damaged)}; restore one from a copy, or set "
            "another output_dir to start over"
        )
    return None


def prune(checkpoints: Path, keep: int) -> None:
    """Remove all but the newest checkpoints, and what killed processes left unfinished."""
    for step in steps(checkpoints)[keep:]:
        doomed = place(checkpoints, step)
        hidden = doomed.with_name(f".{doomed.name}.partial")
        doomed.rename(hidden)
    for partial in checkpoints.glob(".step-*.partial"):
        shutil.rmtree(partial, ignore_errors=True)


def check_space(checkpoints: Path, needed: int) -> None:
    """Refuse to begin a checkpoint that the disk cannot hold.

    Raises:
        PretrainingError: There is less free space than `needed` bytes.
    """
    free = shutil.disk_usage(checkpoints).free
    if free < needed:
        raise PretrainingError(
            f"{checkpoints}: a checkpoint takes {needed / 1e9:.2f} GB and only {free / 1e9:.2f} GB are free; the ones "
            "before are intact: free some space and run the same command again, it continues from there"
        )


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
