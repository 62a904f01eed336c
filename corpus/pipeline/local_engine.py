"""The engine of one machine: worker processes for what goes part by part, this process for what sees all units."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from corpus.dedup import choose_survivors, exact_clusters, near_clusters, repeated_lines
from corpus.dedup.key_ranges import KeyRanges
from corpus.dedup.settings import Boilerplate, NearDuplicates
from corpus.pipeline.units import Ids, PassFiles, UnitTable
from corpus.pipeline.workers import Workers


class LocalEngine(Workers):
    """Keys and signatures lie in files, a few numbers a unit in memory; see `corpus.pipeline.engine.Engine`."""

    takes_whole_files = False

    def __init__(self, num_workers: int, directory: Path) -> None:
        """Workers, and where files without names may lie."""
        super().__init__(num_workers)
        self._directory = directory

    def readers_of(self, file_bytes: int) -> int:  # noqa: ARG002
        """One, this process."""
        return 1

    def exact_survivors(self, table: UnitTable) -> Ids:
        """Sort the keys of all units, a range of them at a time."""
        stays: Ids = np.arange(len(table))
        with KeyRanges(4, self._directory) as spread:
            for records in table.records("key_high", "key_low", "characters"):
                spread.add(records)
            for records in spread.ranges():
                length, units = records[:, 2].astype(np.int64), records[:, 3].astype(np.int64)
                labels = exact_clusters(records[:, :2])
                stays[units] = units[choose_survivors(labels, table.priorities_of(units), length)]
        return stays

    def repeated_lines(self, table: UnitTable, stays: Ids, settings: Boilerplate) -> npt.NDArray[np.uint64]:
        """Count keys of lines, a range of them at a time."""

        def keys() -> Iterator[npt.NDArray[np.uint64]]:
            for number, part in enumerate(table.parts):
                lines = pl.read_parquet(part.lines)
                unit = lines["unit"].to_numpy().astype(np.int64) + table.starts[number]
                yield lines["key"].to_numpy()[stays[unit] == unit]

        return repeated_lines(keys(), settings, self._directory)

    def near_labels(
        self, files: PassFiles, num_rows: int, settings: NearDuplicates, progress: Callable[[int], object]
    ) -> Ids:
        """Join one band after another."""

        def read_band(band: int) -> npt.NDArray[np.uint64]:
            return np.fromfile(files.bands, np.uint64, num_rows, offset=band * num_rows * 8)

        return near_clusters(read_band, files.signature_rows(num_rows, settings.num_perm), settings, progress)
