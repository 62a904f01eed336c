"""How cost grows with size, and what terabytes would take: pure arithmetic over measured runs."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import ceil
from typing import Any

import numpy as np

Run = dict[str, Any]


def growth(sizes: Sequence[float], costs: Sequence[float]) -> dict[str, float] | None:
    """Exponent of cost over size: slope of the least-squares line through both logarithms, with its 95 % interval.

    An exponent of 1 is linear growth. The interval is Student's, from the residuals; None for fewer than three sizes,
    or where a phase is too short to be seen.
    """
    from scipy.stats import t

    if len(sizes) < 3 or min(costs) <= 0:
        return None
    x, y = np.log(sizes), np.log(costs)
    slope, constant = np.polyfit(x, y, 1)
    residuals = y - slope * x - constant
    freedom = len(x) - 2
    error = np.sqrt((residuals**2).sum() / freedom / ((x - x.mean()) ** 2).sum())
    reach = float(t.ppf(0.975, freedom)) * float(error)
    return {"exponent": float(slope), "low": float(slope) - reach, "high": float(slope) + reach}


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """What the plan on paper assumes; prices are assumptions, not quotations.

    Attributes:
        cores: Cores of a node.
        memory_gigabytes: Memory of a node.
        node_dollars: Price of a node for an hour.
        storage_dollars: Price of a gigabyte of shared storage for a month.
        efficiency: Useful share of the cores' time, waiting and stragglers taken off.
        bytes_per_document: Mean text of a web document, in bytes.
        dropped_share: Share of documents that the passes drop, whose ids the main process lists.
        block_megabytes: Text of a part, the build's setting of this name.
        seconds_a_part: What the main process spends on a part alone: its summary, lengths and ids, three small files
            read from the shared disk.
    """

    cores: int = 32
    memory_gigabytes: int = 128
    node_dollars: float = 1.6
    storage_dollars: float = 0.023
    efficiency: float = 0.6
    bytes_per_document: int = 5_000
    dropped_share: float = 0.2
    block_megabytes: int = 8
    seconds_a_part: float = 0.006


BYTES_A_UNIT = {"exact keys": 32, "signatures": 512, "band keys": 128}
"""What lies on the shared disk for a document: key, length and number; 128 values of 4 bytes; 16 bands of 8 bytes."""
SHUFFLED_A_UNIT = {"exact keys": 40, "band keys": 16 * 16}
"""What goes over the network for a document: the keys ranked; key and row number for each of 16 bands."""
MAIN_BYTES_A_UNIT = 16 + 24
"""What the main process holds of a document: two int64 for which one stays, three more while clusters are chosen."""
MAIN_BYTES_A_DROPPED = 300
"""What it holds of a dropped one while it writes clusters.parquet: two ids, as Python strings, and their columns."""


def plan(
    terabytes: float, nodes: int, processor_seconds_per_gigabyte: float, cluster: Cluster
) -> dict[str, Any]:
    """Nodes, memory, shuffle, hours and money for so much text, from the processor time of a gigabyte."""
    gigabytes = terabytes * 1e3
    documents = terabytes * 1e12 / cluster.bytes_per_document
    core_hours = gigabytes * processor_seconds_per_gigabyte / 3600
    parts = ceil(terabytes * 1e6 / cluster.block_megabytes)
    alone = parts * cluster.seconds_a_part / 3600
    hours = core_hours / (nodes * cluster.cores * cluster.efficiency) + alone
    passes = documents * sum(BYTES_A_UNIT.values()) / 1e12
    disk = terabytes * 0.4 * 3 + passes  # zstd packs text to some 0.4: input, parts and shards
    main = documents * (MAIN_BYTES_A_UNIT + cluster.dropped_share * MAIN_BYTES_A_DROPPED) / 1e9
    return {
        "terabytes": terabytes,
        "documents": documents,
        "nodes": nodes,
        "assumed": asdict(cluster),
        "core_hours": core_hours,
        "hours": hours,
        "shuffle_terabytes": documents * sum(SHUFFLED_A_UNIT.values()) / 1e12,
        "shuffle_gigabytes_per_node": documents * sum(SHUFFLED_A_UNIT.values()) / 1e9 / nodes,
        "signatures_terabytes": documents * BYTES_A_UNIT["signatures"] / 1e12,
        "shared_disk_terabytes": disk,
        "main_process_gigabytes": main,
        "parts": parts,
        "main_process_hours": alone,
        "dollars": nodes * hours * cluster.node_dollars,
        "storage_dollars_a_month": disk * 1e3 * cluster.storage_dollars,
    }
