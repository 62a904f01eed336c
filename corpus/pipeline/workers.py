"""Worker processes: any number of them, one result, nothing left behind when the build is killed."""

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process, resource_tracker
from typing import Self, TypeVar

from corpus.errors import CorpusError

Task = TypeVar("Task")
Result = TypeVar("Result")

_WAITING_PER_WORKER = 2


class Workers:
    """Runs functions over tasks in `num_workers` processes, or in this one when that is 1.

    Results come in the order of the tasks, and only a few tasks wait in memory at a time.
    """

    def __init__(self, num_workers: int) -> None:
        self._num_workers = num_workers
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        if self._num_workers > 1:
            _limit_threads()
            _start_tracker()
            self._pool = ProcessPoolExecutor(
                self._num_workers, mp_context=get_context("spawn"), initializer=_leave_with_parent
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
        """Yield `function(task)` for each task, in order.

        Raises:
            CorpusError: A worker died, most often because memory ran out.
        """
        if self._pool is None:
            yield from map(function, tasks)
            return
        waiting: deque[Future[Result]] = deque()
        try:
            for task in tasks:
                waiting.append(self._pool.submit(function, task))
                while waiting and (
                    waiting[0].done() or len(waiting) >= _WAITING_PER_WORKER * self._num_workers
                ):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise CorpusError(
                "a worker process died, most likely killed for want of memory: "
                "run the same command again with fewer workers (--workers); it continues from here"
            ) from error


def _limit_threads() -> None:
    """One thread for each worker: the processes share the cores. Set before they import polars and numba."""
    for name in ("POLARS_MAX_THREADS", "NUMBA_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")


def _start_tracker() -> None:
    """Start Python's tracker of semaphores so that it cleans up after killed workers without a word.

    It would warn of leaks after the build's own last line, which says what happened and what to do.
    """
    before = os.environ.get("PYTHONWARNINGS")
    os.environ["PYTHONWARNINGS"] = ",".join(filter(None, [before, "ignore:resource_tracker:UserWarning"]))
    resource_tracker.ensure_running()
    if before is None:
        del os.environ["PYTHONWARNINGS"]
    else:
        os.environ["PYTHONWARNINGS"] = before


def _leave_with_parent() -> None:
    """End this worker when the build dies, however it dies: a killed parent cannot tell its pool."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches the whole group; the build itself ends its workers
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
