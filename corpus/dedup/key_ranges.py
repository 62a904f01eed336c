"""Records by the million, put together by the range that their keys lie in, in bounded memory."""

import errno
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import numpy as np
import numpy.typing as npt

Records = npt.NDArray[np.uint64]

VALUES_IN_MEMORY = 1 << 22
"""Values, 8 bytes each, that are held before they are written."""

_RANGE_BITS = 7


class KeyRanges(AbstractContextManager["KeyRanges"]):
    """Takes records in pieces and gives them back range by range; their first value is a key, spread evenly.

    What fits in memory stays there and is one range. More is written once, sorted by range piece by piece, and read
    once. The one file has no name, so nothing of it outlives the process, however it ends.
    """

    def __init__(self, width: int, directory: Path | None) -> None:
        """Records of `width` values; the file lies in `directory`, or where the system keeps such files."""
        self._width = width
        self._directory = directory
        self._pieces: list[Records] = []
        self._num_values = 0
        self._file: IO[bytes] | None = None
        self._ends: list[npt.NDArray[np.int64]] = []
        """For each written piece the records before the end of each range, counted from the start of the file."""

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

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
        if self._file is None:
            yield self._together()
            return
        self._write()
        ends = np.stack(self._ends)
        # Each range of a piece starts where the one before it ends, the first where the piece before ends.
        starts = np.append(0, ends.ravel()[:-1]).reshape(ends.shape)
        for number in range(1 << _RANGE_BITS):
            yield self._read(self._file, starts[:, number], ends[:, number])

    def _read(self, file: IO[bytes], starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]) -> Records:
        found = np.empty((int((ends - starts).sum()), self._width), np.uint64)
        size, place = self._width * found.itemsize, 0
        content = found.reshape(-1).view(np.uint8).data
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            file.seek(start * size)
            piece = content[place : place + (end - start) * size]
            if _read_whole(file, piece) < len(piece):
                raise OSError(errno.EIO, "a file of keys ends too early", str(self._directory or ""))
            place += len(piece)
        return found

    def _together(self) -> Records:
        together: Records = np.concatenate([*self._pieces, np.empty((0, self._width), np.uint64)])
        self._pieces, self._num_values = [], 0
        return together

    def _write(self) -> None:
        records = self._together()
        keys = (records[:, 0] >> np.uint64(64 - _RANGE_BITS)).astype(np.uint8)
        records = records[np.argsort(keys, kind="stable")]
        before = self._ends[-1][-1] if self._ends else 0
        try:
            if self._file is None:
                self._file = TemporaryFile(dir=self._directory, buffering=0)  # noqa: SIM115  __exit__ closes it
            _write_whole(self._file, records)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._directory or "")) from error
        self._ends.append(before + np.cumsum(np.bincount(keys, minlength=1 << _RANGE_BITS)))


def _write_whole(file: IO[bytes], records: Records) -> None:
    view = np.ascontiguousarray(records).data.cast("B") if len(records) else memoryview(b"")
    while len(view):
        view = view[os.write(file.fileno(), view) :]


def _read_whole(file: IO[bytes], content: memoryview) -> int:
    """Fill the content, whatever pieces the file comes in; how many bytes there were."""
    done = 0
    while done < len(content) and (count := os.readv(file.fileno(), [content[done:]])):
        done += count
    return done
