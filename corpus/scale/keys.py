"""Tables of keys on Daft: units with equal folded text, and lines that many documents share."""

import re
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from corpus.dedup.settings import Boilerplate
from corpus.pipeline.units import Ids, UnitTable

if TYPE_CHECKING:
    import daft


def exact_duplicates(table: UnitTable) -> "daft.DataFrame":
    """`unit` and `kept` of every unit that falls: the highest priority stays, then the longest, then the first.

    A unit without words, key (0, 0), is nobody's copy.
    """
    from daft import Window, col
    from daft.functions import row_number

    key = ["key_high", "key_low"]
    units = _with_numbers(table, "units", [*key, "characters"])
    keyed = units.where((col("key_high") != 0) | (col("key_low") != 0))
    # Ranking holds kilobytes for each key, counting hardly anything, and most keys come once.
    counted = keyed.groupby(*key).agg(col("number").count().alias("units"))
    copies = keyed.join(counted.where(col("units") > 1).select(*key), on=key, how="semi")
    ranked = (
        Window().partition_by(*key).order_by("priority", "characters", "number", desc=[True, True, False])
    )
    kept = (
        copies.with_column("place", row_number().over(ranked))
        .where(col("place") == 1)
        .select(*key, col("number").alias("kept"))
    )
    pairs = copies.join(kept, on=key).where(col("number") != col("kept"))
    return pairs.select(col("number").alias("unit"), "kept")


def repeated_line_keys(table: UnitTable, stays: Ids, settings: Boilerplate) -> "daft.DataFrame":
    """`key` of each line that at least `minimum_documents` of the units have that stay for themselves."""
    import daft
    from daft import col

    lines = _with_numbers(table, "lines", ["key"])
    fallen = np.flatnonzero(stays != np.arange(len(stays)))
    if len(fallen):
        lines = lines.join(daft.from_arrow(pa.table({"number": fallen})), on="number", how="anti")
    counted = lines.groupby("key").agg(col("number").count().alias("documents"))
    return counted.where(col("documents") >= settings.minimum_documents).select("key")


def _with_numbers(table: UnitTable, what: str, columns: list[str]) -> "daft.DataFrame":
    """One table of all parts, each unit with its number in the order of the input and its source's priority."""
    import daft
    from daft import col

    paths = [str(getattr(part, what).resolve()) for part in table.parts]
    parts = daft.from_arrow(
        pa.table(
            {
                "path": paths,
                "start": np.asarray(table.starts[:-1], np.int64),
                "priority": np.asarray(table.priorities, np.int64),
            }
        )
    )
    rows = daft.read_parquet([_literal(path) for path in paths], file_path_column="path").select(
        "unit", *columns, "path"
    )
    plain = col("path").regexp_replace("^file://", "")
    numbered = rows.with_column("path", plain).join(parts, on="path")
    return numbered.select((col("start") + col("unit").cast("int64")).alias("number"), "priority", *columns)


def _literal(path: str) -> str:
    r"""A path that Daft, which takes every path for a pattern, reads as it is.

    >>> print(_literal("out/v[1]/*.parquet"))
    out/v\[1\]/\*.parquet
    """
    return re.sub(r"([\\*?\[\]{}])", r"\\\1", path)
