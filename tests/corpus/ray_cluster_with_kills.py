"""`python ray_cluster_with_kills.py CONFIG`: a build on a Ray cluster of this machine; each step loses a worker."""

import itertools
import logging
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import ray
from ray.cluster_utils import Cluster

from corpus.build import main
from corpus.build_config import BuildConfig
from corpus.command_line import run
from corpus.scale.daft_engine import DaftEngine

undisturbed = DaftEngine.again
steps = itertools.count(1)


def disturbed(engine: DaftEngine, step: Any) -> Any:
    """Run a step until one of Daft's workers was killed while it ran: a short one may end before one is found."""
    number = next(steps)
    for _ in range(20):
        ended = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            killing = pool.submit(kill_worker, number, ended)
            try:
                result = undisturbed(engine, step)
            finally:
                ended.set()
        if killing.result():
            print(f"killed in step {number}", flush=True)
            return result
    raise RuntimeError(f"step {number} always ended before a worker was found")


def kill_worker(number: int, ended: threading.Event) -> bool:
    """Kill a worker, now of one node and now of the other, as soon as there is one.

    The one killed a step before may not have come back yet. A step that ended before the kill was over does not count.
    """
    while not ended.wait(0.02):
        processes = filter(is_ours, psutil.process_iter(["cmdline"]))
        if workers := sorted(processes, key=lambda process: process.pid):
            victim = workers[number % len(workers)]
            victim.send_signal(signal.SIGKILL)
            psutil.wait_procs([victim], timeout=10)
            return not ended.is_set()
    return False


def is_ours(process: psutil.Process) -> bool:
    try:
        names = "RaySwordfishActor" in " ".join(process.info["cmdline"] or ())
        return names and any(parent.pid == psutil.Process().pid for parent in process.parents())
    except psutil.Error:
        return False


if __name__ == "__main__":
    logging.disable()
    node = {"num_cpus": 1, "object_store_memory": 80_000_000}
    cluster = Cluster(initialize_head=True, head_node_args=node | {"num_cpus": 0, "include_dashboard": False})
    for _ in range(2):
        cluster.add_node(**node)
    cluster.wait_for_nodes()
    DaftEngine.again = disturbed  # type: ignore[method-assign]
    engine = ["--engine", "daft", "--engine.address", cluster.address]
    try:
        run(main, BuildConfig, "corpus.build", ["--config", sys.argv[1], *engine])
    finally:
        print(f"{next(steps) - 1} steps", flush=True)
        ray.shutdown()
        cluster.shutdown()
