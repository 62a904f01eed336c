"""Runs of pretraining in processes that share one import: `forked_runs.py PROCESSES,CONFIG,... ...`.

Each group's configs run one after another, in so many processes. A config that stands in a group a second time goes on
from the checkpoint before its last one, after its output directory was copied to one with `.whole` at its end.
"""

import multiprocessing
import os
import shutil
import socket
import sys
from pathlib import Path

import torch.distributed as dist

from corpus.command_line import parse
from nemo_recipes.engine import checkpoint_files
from nemo_recipes.engine.run import run
from nemo_recipes.planning.plan import check, make_plan
from nemo_recipes.pretrain_config import PretrainConfig


def work(rank: int, processes: int, port: int, configs: list[str]) -> None:
    """All runs, as one process of them."""
    os.environ |= {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(processes),
        "LOCAL_WORLD_SIZE": str(processes),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }
    for number, file in enumerate(configs):
        config = parse(PretrainConfig, "test", ["--config", file])
        if file in configs[:number]:
            checkpoints = Path(config.output_dir) / "checkpoints"
            if rank == 0:
                shutil.copytree(config.output_dir, f"{config.output_dir}.whole")
                shutil.rmtree(checkpoint_files.place(checkpoints, checkpoint_files.steps(checkpoints)[0]))
            dist.barrier()
        plan = make_plan(config)
        check(plan)
        run(config, plan)
    dist.destroy_process_group()


def run_group(processes: int, configs: list[str]) -> int:
    """Fork, wait, and return the greatest exit code."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    fork = multiprocessing.get_context("fork")
    children = [fork.Process(target=work, args=(rank, processes, port, configs)) for rank in range(processes)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    return max(abs(child.exitcode or 0) for child in children)


if __name__ == "__main__":
    from nemo.utils import exp_manager  # noqa: F401  what takes longest, before the fork

    for group in sys.argv[1:]:
        number, *files = group.split(",")
        code = run_group(int(number), files)
        if code:
            sys.exit(code)
