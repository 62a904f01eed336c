"""Which of a run's processes this one is, as torchrun or srun say it. Standard library only."""

import os
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Place:
    """A process among those of a run.

    Attributes:
        rank: Its number, 0 for the first.
        processes: How many there are.
        local_rank: Its number on its machine.
        launcher: torchrun, srun, or "" for a process that was started by hand.
    """

    rank: int = 0
    processes: int = 1
    local_rank: int = 0
    launcher: str = ""


def place() -> Place:
    """The place that the environment tells.

    srun counts only where it started more than one task for this program: inside an allocation (`salloc`, `sbatch`) a
    command that was started without srun sees Slurm's variables too, and is alone.
    """
    if "WORLD_SIZE" in os.environ and "RANK" in os.environ:
        return _read("torchrun", "RANK", "WORLD_SIZE", "LOCAL_RANK")
    if "SLURM_STEP_ID" in os.environ and int(os.environ.get("SLURM_STEP_NUM_TASKS", "1")) > 1:
        return _read("srun", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID")
    return Place()


def _read(launcher: str, rank: str, processes: str, local_rank: str) -> Place:
    number = {name: int(os.environ.get(name, "0")) for name in (rank, processes, local_rank)}
    return Place(
        rank=number[rank], processes=number[processes], local_rank=number[local_rank], launcher=launcher
    )
