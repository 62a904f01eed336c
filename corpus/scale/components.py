"""Connected components on Daft by alternating large-star and small-star rounds.

Kiveris et al. 2014, Connected Components in MapReduce and Beyond, algorithms 1 to 3. The number of rounds grows with
the logarithm of the longest path, and no round makes more pairs than there were, so that a star with a million points
costs a million rows and not their square.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    import daft

Again = Callable[[Callable[[], Any]], Any]

_MOST_ROUNDS = 100


def connected_components(pairs: "daft.DataFrame", again: Again) -> pa.Table:
    """`row` and `label`, the least row of its component, of every row in a pair that is not itself the least.

    Args:
        pairs: `left` and `right`, rows that belong together; collected.
        again: Runs a step, and runs it again when workers died.
    """
    from daft import col

    edges = pairs.where(col("left") != col("right"))
    for _ in range(_MOST_ROUNDS):
        edges = again(partial(_round, edges))
        if again(partial(_are_stars, edges)):
            return again(partial(_labels, edges))
    raise AssertionError(f"no end after {_MOST_ROUNDS} rounds")


def _round(edges: "daft.DataFrame") -> "daft.DataFrame":
    return _small_star(_large_star(edges)).collect()


def _labels(edges: "daft.DataFrame") -> pa.Table:
    from daft import col

    return edges.select(col("left").alias("row"), col("right").alias("label")).to_arrow()


def _large_star(edges: "daft.DataFrame") -> "daft.DataFrame":
    """Point every neighbor that is greater than a row at the least of the row and its neighbors."""
    from daft import col
    from daft.functions import columns_min

    both = edges.concat(edges.select(col("right").alias("left"), col("left").alias("right")))
    least = both.groupby("left").agg(col("right").min().alias("least"))
    pointed = both.join(least, on="left").where(col("right") > col("left"))
    return pointed.select(
        col("right").alias("left"), columns_min(col("least"), col("left")).alias("right")
    ).distinct()


def _small_star(edges: "daft.DataFrame") -> "daft.DataFrame":
    """Point a row and its lesser neighbors at the least of them; afterwards `left` is greater than `right`."""
    from daft import col
    from daft.functions import columns_max, columns_min

    sides = (col("left"), col("right"))
    down = edges.select(columns_max(*sides).alias("left"), columns_min(*sides).alias("right")).distinct()
    least = down.groupby("left").agg(col("right").min().alias("least"))
    neighbors = down.join(least, on="left").where(col("right") != col("least"))
    pointed = neighbors.select(col("right").alias("left"), col("least").alias("right"))
    return pointed.concat(least.select("left", col("least").alias("right"))).distinct()


def _are_stars(edges: "daft.DataFrame") -> bool:
    """Whether every row points at one other, which points at none."""
    from daft import col

    points = edges.select("left")
    if points.distinct().count_rows() < points.count_rows():
        return False
    centers = edges.select(col("right").alias("left"))
    return bool(points.join(centers, on="left", how="semi").count_rows() == 0)
