"""A build's steps on Daft: here with its own threads and processes, or on a Ray cluster."""

import logging
import os
import pickle
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from functools import partial, reduce
from itertools import islice
from typing import Any, Self, TypeVar

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from corpus.dedup.settings import Boilerplate, NearDuplicates
from corpus.errors import CorpusError, DaadError, cause_of
from corpus.pipeline.units import Ids, PassFiles, UnitTable
from corpus.scale.settings import EngineSettings

Task = TypeVar("Task")
Result = TypeVar("Result")

_TASKS_PER_WORKER = 16
_MOST_READERS = 16
"""Of one file: each reads all of it, and reading is some fiftieth of the work, so that more would gain little."""


class DaftEngine(AbstractContextManager["DaftEngine"]):
    """Tables of keys are joined on Daft; parts and shards are made by its workers; see `corpus.pipeline.engine.Engine`.

    A step whose workers died is started again: finished parts and shards stand on disk, and tables are made from them.
    """

    takes_whole_files = True

    def __init__(self, settings: EngineSettings, num_workers: int) -> None:
        self._settings = settings
        self._num_workers = num_workers

    def readers_of(self, file_bytes: int) -> int:
        """How many workers share an input file."""
        pieces = -(-file_bytes // (self._settings.file_megabytes * 1_000_000))
        return max(1, min(pieces, self._num_workers, _MOST_READERS))

    def __enter__(self) -> Self:
        os.environ.setdefault("DAFT_PROGRESS_BAR", "0")  # ours moves
        os.environ.setdefault("DO_NOT_TRACK", "true")  # a build tells nobody that it runs
        try:
            import daft
        except ImportError as error:
            raise CorpusError("engine daft: Daft is not installed: pip install 'daad[scale]'") from error
        if not self._settings.address:
            if daft.get_or_infer_runner_type() != "native":
                daft.set_runner_native()
            return self
        try:
            import ray
        except ImportError as error:
            raise CorpusError("engine daft: an address needs Ray: pip install 'daad[scale]'") from error
        if not ray.is_initialized():
            try:
                ray.init(self._settings.address, log_to_driver=False, logging_level=logging.ERROR)
            except (ConnectionError, ValueError, RuntimeError) as error:
                raise CorpusError(
                    f"engine.address {self._settings.address}: no Ray cluster answers ({error}): start one with "
                    "`ray start --head`, or leave the address empty"
                ) from error
        self._num_workers = max(1, int(ray.cluster_resources().get("CPU", 1)))
        daft.set_runner_ray(noop_if_initialized=True)
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the cluster as it was found."""

    @property
    def num_partitions(self) -> int | None:
        """Pieces of a table on a cluster; None on one machine, where Daft decides."""
        return (self._settings.partitions or 2 * self._num_workers) if self._settings.address else None

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
        """Run a batch of tasks at a time, each in a process of its own worker."""
        remaining = iter(tasks)
        while batch := list(islice(remaining, _TASKS_PER_WORKER * self._num_workers)):
            packed = [pickle.dumps((function, task)) for task in batch]
            for answer in self.again(lambda packed=packed: self._run(packed)):  # type: ignore[misc]
                outcome, result = pickle.loads(answer)  # noqa: S301  our own workers' answer
                if outcome is not None:
                    raise outcome
                yield result

    def _run(self, packed: list[bytes]) -> list[bytes]:
        import daft

        class Worker:
            @daft.method.batch(return_dtype=daft.DataType.binary(), batch_size=1)
            def run(self, tasks: Any) -> list[bytes]:
                return [_run_packed(packed) for packed in tasks.to_pylist()]

        processes = min(self._num_workers, len(packed))
        worker = daft.cls(Worker, use_process=True, max_concurrency=processes)()
        frame = daft.from_pydict({"place": list(range(len(packed))), "task": packed})
        if self.num_partitions is not None:
            frame = frame.into_partitions(min(len(packed), self.num_partitions))
        answers = frame.select("place", worker.run(daft.col("task")).alias("answer")).to_pydict()
        in_order: list[bytes | None] = [None] * len(packed)
        for place, answer in zip(answers["place"], answers["answer"], strict=True):
            in_order[place] = answer
        return in_order  # type: ignore[return-value]

    def again(self, step: Callable[[], Result]) -> Result:
        """The step's result, started again when workers died.

        Raises:
            CorpusError: It failed more often than `retries` allows.
        """
        for attempt in range(self._settings.retries + 1):
            try:
                return step()
            except Exception as error:  # Daft and Ray raise what they like when a worker dies
                what = cause_of(error, 300)
                if attempt == self._settings.retries:
                    raise CorpusError(
                        f"engine daft: a step failed {attempt + 1} times, at last with: {what}: look at the workers' "
                        "memory and logs, then run the same command again: it continues from here"
                    ) from error
                tqdm.write(f"engine daft: workers failed ({what}); starting the step again")
        raise AssertionError

    def exact_survivors(self, table: UnitTable) -> Ids:
        """Rank the units of each key on Daft; only those that fall come back."""
        from corpus.scale.keys import exact_duplicates

        found = self.again(lambda: exact_duplicates(table).to_arrow())
        stays: Ids = np.arange(len(table))
        stays[found["unit"].to_numpy()] = found["kept"].to_numpy()
        return stays

    def repeated_lines(self, table: UnitTable, stays: Ids, settings: Boilerplate) -> npt.NDArray[np.uint64]:
        """Count keys of lines on Daft; only those that are boilerplate come back."""
        from corpus.scale.keys import repeated_line_keys

        found = self.again(lambda: repeated_line_keys(table, stays, settings).to_arrow())
        return np.sort(found["key"].to_numpy())

    def near_labels(
        self, files: PassFiles, num_rows: int, settings: NearDuplicates, progress: Callable[[int], object]
    ) -> Ids:
        """Join the bands by hash partition, then the clusters of all runs.

        A cluster joins all bands at once. One machine, where Daft keeps a table in memory and spills none of it, takes
        one band after another, so that memory holds some tens of bytes a row and not that for each band.
        """
        from corpus.scale.components import connected_components
        from corpus.scale.near import resembling_pairs

        num_bands = settings.banding[0]
        groups = [[*range(num_bands)]] if self._settings.address else [[band] for band in range(num_bands)]
        found: list[Any] = []
        for bands in groups:
            joined = partial(resembling_pairs, files, num_rows, settings, bands, self.num_partitions)
            found.append(self.again(lambda joined=joined: joined().collect()))  # type: ignore[misc]
            progress(len(bands))
        pairs = reduce(lambda one, other: one.concat(other), found)
        labels: Ids = np.arange(num_rows)
        least = connected_components(pairs, self.again)
        labels[least["row"].to_numpy()] = least["label"].to_numpy()
        return labels


def _run_packed(packed: bytes) -> bytes:
    """Run a task in a worker; what a user must hear of comes back as a value, so that it is not taken for a death."""
    function, task = pickle.loads(packed)  # noqa: S301  our own process wrote it
    try:
        answer: tuple[Exception | None, Any] = (None, function(task))
    except (DaadError, OSError) as error:
        answer = (error, None)
    return pickle.dumps(answer)
