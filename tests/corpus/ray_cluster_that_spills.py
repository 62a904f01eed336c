"""`python ray_cluster_that_spills.py DIRECTORY UNITS`: exact duplicates of more units than Ray's object store can hold.

Prints the most bytes that Ray had written to its spilling directory; writes what stays to `stays.npy`.
"""

import logging
import sys
import threading
import time
from pathlib import Path

import numpy as np
import polars as pl
import ray

from corpus.pipeline.layout import PartFiles
from corpus.pipeline.units import UnitTable
from corpus.scale.daft_engine import DaftEngine
from corpus.scale.settings import EngineSettings

PARTS = 4
STORE_BYTES = 80_000_000
"""Hardly more than the least that Ray takes."""


def write_units(directory: Path, units: int) -> UnitTable:
    """Units with keys of which some two thirds come more than once, in parts."""
    draw = np.random.default_rng(1)
    starts = np.linspace(0, units, PARTS + 1).astype(np.int64)
    for number, size in enumerate(np.diff(starts)):
        keys = draw.integers(1, units, size).astype(np.uint64)
        columns = {
            "unit": np.arange(size, dtype=np.uint32),
            "key_high": keys,
            "key_low": keys * np.uint64(0x9E3779B97F4A7C15),
            "characters": draw.integers(1, 50, size).astype(np.uint32),
        }
        pl.DataFrame(columns).write_parquet(PartFiles(directory, number).units)
    parts = [PartFiles(directory, number) for number in range(PARTS)]
    return UnitTable(parts, [f"s{number}" for number in range(PARTS)], [1, 0, 2, 0], starts)


def watch(spilled: Path, seen: list[int]) -> None:
    """Note how much lies there, again and again."""
    while True:
        sizes = []
        for path in spilled.rglob("*"):
            try:
                sizes.append(path.stat().st_size if path.is_file() else 0)
            except OSError:  # gone again
                continue
        seen.append(sum(sizes))
        time.sleep(0.2)


if __name__ == "__main__":
    logging.disable()
    directory, units = Path(sys.argv[1]), int(sys.argv[2])
    table = write_units(directory, units)
    spilled, seen = directory / "spilled", [0]
    spilled.mkdir()
    threading.Thread(target=watch, args=[spilled, seen], daemon=True).start()
    ray.init(
        "local", num_cpus=2, object_store_memory=STORE_BYTES, include_dashboard=False, log_to_driver=False,
        object_spilling_directory=str(spilled),
    )  # fmt: skip
    with DaftEngine(EngineSettings(name="daft", address="auto"), 2) as engine:
        np.save(directory / "stays.npy", engine.exact_survivors(table))
    ray.shutdown()
    print(max(seen))
