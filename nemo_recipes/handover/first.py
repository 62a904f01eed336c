"""What the first process of a start does for the others, before they have a process group to agree by."""

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from corpus.pipeline.atomic import read_json, write_json
from nemo_recipes.errors import PretrainingError
from nemo_recipes.launch.command import EVERYWHERE
from nemo_recipes.launch.place import Place

_STARTS = {
    "srun": ("SLURM_JOB_ID", "SLURM_STEP_ID", "SLURM_RESTART_COUNT"),
    "torchrun": ("TORCHELASTIC_RUN_ID", "TORCHELASTIC_RESTART_COUNT", "MASTER_ADDR", "MASTER_PORT"),
}
_LOOK = 0.2
"""Seconds between looks."""

_LOOKS_AT_FAULTS = 15


def first_does(work: Callable[[], None], told: Path, settings: Mapping[str, Any], mine: Place) -> None:
    """Do work in the first process, and wait in the others until it is done, however long that takes.

    The first one leaves word in the file `told`, which all can see. It says which start it belongs to: by the
    launcher's numbers, and by the settings, so that another start's word is never taken for it.

    Raises:
        Exception: That of the work, in the first process.
        PretrainingError: With the same words, in the others.
    """
    start = _start(settings, mine)
    if mine.processes == 1:
        work()
    elif mine.rank == 0:
        told.unlink(missing_ok=True)
        try:
            work()
        except Exception as error:  # whatever it is, nobody must wait for ever
            write_json(told, {"start": start, "error": str(error) or repr(error)})
            raise
        write_json(told, {"start": start, "error": None})
    else:
        _wait(told, start)


def _wait(told: Path, start: str) -> None:
    """Wait for word of this start.

    Torchrun with a port of its own gives every start the same numbers: a fault may be of the last one, until the first
    process has come to remove it.
    """
    faults = 0
    while (word := _read(told)).get("start") != start or word["error"] is not None:
        faults = faults + 1 if word.get("start") == start else 0
        if faults > _LOOKS_AT_FAULTS:
            failed = PretrainingError(word["error"])
            failed.add_note(EVERYWHERE)
            raise failed
        time.sleep(_LOOK)


def _start(settings: Mapping[str, Any], mine: Place) -> str:
    named = {name: os.environ.get(name, "") for name in _STARTS.get(mine.launcher, ())}
    content = json.dumps([named, settings], sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()


def _read(told: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = read_json(told)
    except (OSError, ValueError):
        return {}
    return content
