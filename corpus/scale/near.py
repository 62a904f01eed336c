"""Near-duplicates on Daft: bands joined by hash partition; only row numbers travel, never signatures."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from corpus.dedup.settings import NearDuplicates
from corpus.pipeline.units import PassFiles

if TYPE_CHECKING:
    import daft

_ROWS_PER_PIECE = 1 << 18


def resembling_pairs(
    files: PassFiles,
    num_rows: int,
    settings: NearDuplicates,
    bands: Sequence[int],
    num_partitions: int | None,
) -> "daft.DataFrame":
    """`left` and `right`, the first of a cluster and another member, of every run of equal keys of these bands.

    Workers read band keys and the signatures of a run's members from the files that all of them see. A run is a list
    of row numbers, 8 bytes a member, so that one of a million members fits a worker easily, and its leaders (see
    `corpus.dedup.near`) keep its comparisons few.
    """
    import daft
    from daft import DataType, col

    @daft.func.batch(
        return_dtype=DataType.struct(
            {"key": DataType.list(DataType.uint64()), "row": DataType.list(DataType.int64())}
        ),
        unnest=True,
        batch_size=1,
    )
    def read_keys(band: Any, first: Any, count: Any) -> list[dict[str, Any]]:
        pieces = zip(band.to_pylist(), first.to_pylist(), count.to_pylist(), strict=True)
        return [_read_piece(str(files.bands), num_rows, *piece) for piece in pieces]

    @daft.func.batch(
        return_dtype=DataType.struct(
            {"left": DataType.list(DataType.int64()), "right": DataType.list(DataType.int64())}
        ),
        unnest=True,
    )
    def join(runs: Any) -> list[dict[str, Any]]:
        rows = _signatures(str(files.signatures), num_rows, settings.num_perm)
        return [_pairs(np.asarray(run, np.int64), rows, settings) for run in runs.to_pylist()]

    pieces = [
        (band, first, min(_ROWS_PER_PIECE, num_rows - first))
        for band in bands
        for first in range(0, num_rows, _ROWS_PER_PIECE)
    ]
    names = ("band", "first", "count")
    frame = daft.from_pydict(dict(zip(names, map(list, zip(*pieces, strict=True)), strict=True)))
    if num_partitions is not None:
        frame = frame.into_partitions(min(len(pieces), num_partitions))
    keys = frame.select("band", read_keys(*map(col, names))).explode("key", "row")
    runs = keys.groupby("band", "key").agg(col("row").count().alias("members"), col("row").list_agg())
    found = runs.where(col("members") > 1).select(join(col("row"))).where(col("left").length() > 0)
    return found.explode("left", "right")


def _read_piece(path: str, num_rows: int, band: int, first: int, count: int) -> dict[str, Any]:
    keys = np.fromfile(path, np.uint64, count, offset=(band * num_rows + first) * 8)
    return {"key": keys, "row": np.arange(first, first + count)}


@lru_cache(maxsize=1)
def _signatures(path: str, num_rows: int, num_perm: int) -> npt.NDArray[np.uint32]:
    return np.memmap(path, np.uint32, "r", shape=(num_rows, num_perm))


def _pairs(
    members: npt.NDArray[np.int64], rows: npt.NDArray[np.uint32], settings: NearDuplicates
) -> dict[str, Any]:
    from corpus.dedup.near import resembling

    members.sort()
    firsts = resembling(members, np.asarray(rows), settings)
    others = np.flatnonzero(firsts != np.arange(len(members)))
    return {"left": members[firsts[others]], "right": members[others]}
