"""`python ray_cluster_with_kills.py CONFIG`: a build on a Ray cluster of this machine, workers killed in its steps."""

import logging
import signal
import sys
import threading
import time
from typing import Any

import psutil
import ray
from ray.cluster_utils import Cluster

from corpus.build import main
from corpus.build_config import BuildConfig
from corpus.command_line import run
from corpus.scale.daft_engine import DaftEngine

step_count = 0
undisturbed = DaftEngine.again


def disturbed(engine: DaftEngine, step: Any) -> Any:
    """Run a step, and meanwhile kill one of Daft's workers, now of one node and now of the other."""
    global step_count
    step_count += 1
    threading.Thread(target=kill_worker, args=[step_count], daemon=True).start()
    return undisturbed(engine, step)


def kill_worker(step: int) -> None:
    """Kill a worker as soon as there is one: the one killed a step before may not have come back yet."""
    until = time.monotonic() + 3
    while time.monotonic() < until and step == step_count:
        processes = filter(is_ours, psutil.process_iter(["cmdline"]))
        if workers := sorted(processes, key=lambda process: process.pid):
            workers[step % len(workers)].send_signal(signal.SIGKILL)
            print(f"killed in step {step}", flush=True)
            return
        time.sleep(0.02)


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
        ray.shutdown()
        cluster.shutdown()
