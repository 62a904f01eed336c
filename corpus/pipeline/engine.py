"""What runs a build: this machine alone, or an existing engine for data that is too large for one machine."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from corpus.build_config import BuildConfig
from corpus.dedup.settings import Boilerplate, NearDuplicates
from corpus.pipeline.units import Ids, PassFiles, UnitTable

Task = TypeVar("Task")
Result = TypeVar("Result")


class Engine(Protocol):
    """The steps of a build that need many workers or all units at once; every engine gives the same result.

    Attributes:
        takes_whole_files: Whether a worker reads an input file from start to end; otherwise this process cuts files
            into blocks for the workers.
    """

    takes_whole_files: bool

    def readers_of(self, file_bytes: int) -> int:
        """How many workers share an input file of this size, where they take whole files."""
        ...

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
        """Yield `function(task)` for each task, in order.

        Raises:
            CorpusError: Workers died again and again, or the function raised one.
        """
        ...

    def exact_survivors(self, table: UnitTable) -> Ids:
        """For each unit the one that stays for it among those with its folded text; int64[units]."""
        ...

    def repeated_lines(self, table: UnitTable, stays: Ids, settings: Boilerplate) -> npt.NDArray[np.uint64]:
        """Sorted keys of the lines that many of the units have that stay for themselves."""
        ...

    def near_labels(
        self, files: PassFiles, num_rows: int, settings: NearDuplicates, progress: Callable[[int], object]
    ) -> Ids:
        """For each row of the signatures the first row of its cluster of near-duplicates; int64[rows].

        `progress(1)` is called once for each band.
        """
        ...


def open_engine(config: BuildConfig) -> AbstractContextManager[Engine]:
    """The engine that the config names, to be used in a `with` block.

    Raises:
        CorpusError: It is not installed, or no cluster answers at its address.
    """
    if config.engine.name == "local":
        from corpus.pipeline.local_engine import LocalEngine

        return LocalEngine(config.num_workers, Path(config.local_dir) / "work")
    from corpus.scale.daft_engine import DaftEngine

    return DaftEngine(config.engine, config.num_workers)
