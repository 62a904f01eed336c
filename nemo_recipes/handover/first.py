"""What the first process of a start does for the others, before they have a process group to agree by."""

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from corpus.errors import DaadError
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


def first_does(work: Callable[[], None], told: Path, settings: Mapping[str, Any], mine: Place) -> None:
    """Do work in the first process, and wait in the others until it is done, however long that takes.

    The first one leaves word in the file `told`, which all can see. It says which start it belongs to: by the
    launcher's numbers, and by the settings, so that another start's word is never taken for it.

    Raises:
        DaadError: The first process's, on all of them.
        OSError: The first process's; the others raise a PretrainingError.
    """
    start = _start(settings, mine)
    if mine.rank == 0:
        try:
            work()
        except (DaadError, OSError) as error:
            if mine.processes > 1:
                write_json(told, {"start": start, "error": str(error)})
            raise
        if mine.processes > 1:
            write_json(told, {"start": start, "error": None})
        return
    while (word := _read(told)).get("start") != start:
        time.sleep(_LOOK)
    if word["error"] is not None:
        failed = PretrainingError(word["error"])
        failed.add_note(EVERYWHERE)
        raise failed


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
