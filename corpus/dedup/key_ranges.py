"""Records by the million, put together by the range that their keys lie in, in bounded memory."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import numpy as np
import numpy.typing as npt

Records = npt.NDArray[np.uint64]

VALUES_IN_MEMORY = 1 << 22
"""Values, 8 bytes each, that are held before they are written."""

_RANGE_BITS = 7


class KeyRanges(AbstractContextManager["KeyRanges"]):
    """Takes records in pieces and gives them back range by range; their first value is a key, spread evenly.

    What fits in memory stays there and is one range. More is written once, each record to the file of its range, and
    read once. The files have no names, so nothing of them outlives the process, however it ends.
    """

    def __init__(self, width: int, directory: Path | None) -> None:
        """Records of `width` values; files lie in `directory`, or where the system keeps such files."""
        self._width = width
        self._directory = directory
        self._pieces: list[Records] = []
        self._num_values = 0
        self._files: list[IO[bytes]] = []
        self._stack = ExitStack()

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, records: Records) -> None:
        """Take some records; uint64[n, width].

        Raises:
            OSError: The disk is full.
        """
        self._pieces.append(records)
        self._num_values += records.size
        if self._num_values >= VALUES_IN_MEMORY:
            self._write()

    def ranges(self) -> Iterator[Records]:
        """The records of each range, lower keys first, each in the order in which they came."""
        if not self._files:
            yield self._together()
            return
        self._write()
        while self._files:
            file = self._files.pop(0)
            file.seek(0)
            yield np.fromfile(file, np.uint64).reshape(-1, self._width)
            file.close()

    def _together(self) -> Records:
        together = np.concatenate([*self._pieces, np.empty((0, self._width), np.uint64)])
        self._pieces, self._num_values = [], 0
        return together

    def _write(self) -> None:
        records = self._together()
        keys = (records[:, 0] >> np.uint64(64 - _RANGE_BITS)).astype(np.uint8)
        records = records[np.argsort(keys, kind="stable")]
        ends = np.cumsum(np.bincount(keys, minlength=1 << _RANGE_BITS))
        try:
            while len(self._files) < 1 << _RANGE_BITS:
                file: Any = TemporaryFile(dir=self._directory, buffering=0)  # noqa: SIM115  the stack closes it
                self._files.append(self._stack.enter_context(file))
            for file, piece in zip(self._files, np.split(records, ends[:-1]), strict=True):
                _write_whole(file, piece)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._directory or "")) from error


def _write_whole(file: IO[bytes], records: Records) -> None:
    view = memoryview(np.ascontiguousarray(records)).cast("B") if len(records) else memoryview(b"")
    while len(view):
        view = view[os.write(file.fileno(), view) :]
