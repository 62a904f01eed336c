"""The units of all parts under one numbering, and where the passes over them leave their results."""

import errno
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from corpus.pipeline.atomic import atomic_path
from corpus.pipeline.layout import PartFiles

Ids = npt.NDArray[np.int64]

_UNIT_COLUMNS = {"id": pl.String(), "characters": pl.UInt32()}


@dataclass(frozen=True)
class UnitTable:
    """The units of all parts, numbered in the order of the input: sources, files, parts, records."""

    parts: Sequence[PartFiles]
    sources: Sequence[str]  # of each part
    priorities: Sequence[int]  # of each part's source
    starts: Ids  # number of each part's first unit, and at the end the number of units

    def __len__(self) -> int:
        return int(self.starts[-1])

    def priorities_of(self, units: Ids) -> Ids:
        """Priority of the units' sources."""
        return np.asarray(self.priorities, np.int64)[self.part_of(units)]

    def part_of(self, units: Ids) -> Ids:
        """Number of the part that holds each unit."""
        return np.searchsorted(self.starts, units, side="right") - 1

    def gather(self, name: str, units: Ids) -> pl.Series:
        """One column of these units, which must be sorted."""
        if not len(units):
            return pl.Series(name, dtype=_UNIT_COLUMNS[name])
        numbers, first = np.unique(self.part_of(units), return_index=True)
        pieces = [
            pl.read_parquet(self.parts[number].units, columns=[name])[name].gather(
                inside - self.starts[number]
            )
            for number, inside in zip(numbers, np.split(units, first[1:]), strict=True)
        ]
        return pl.concat(pieces)

    def records(self, *names: str) -> Iterator[npt.NDArray[np.uint64]]:
        """The named columns of all units as whole numbers, and the unit's number behind them, a part at a time."""
        for number, part in enumerate(self.parts):
            columns = pl.read_parquet(part.units, columns=list(names))
            records = np.empty((columns.height, len(names) + 1), np.uint64)
            for place, name in enumerate(names):
                records[:, place] = columns[name].to_numpy()
            records[:, -1] = np.arange(self.starts[number], self.starts[number + 1])
            yield records


class SignatureFile:
    """Signatures that are read where they are asked for; none of the file is mapped, so none of it is resident."""

    def __init__(self, path: Path, num_rows: int, num_perm: int) -> None:
        """A file of uint32[num_rows, num_perm]."""
        self._path = path
        self.shape = (num_rows, num_perm)

    def __getitem__(self, rows: Ids) -> npt.NDArray[np.uint32]:
        """The signatures of these rows, in their order.

        Raises:
            OSError: The file is shorter than it should be, or cannot be read.
        """
        found = np.empty((len(rows), self.shape[1]), np.uint32)
        size = found.itemsize * self.shape[1]
        places = found.view(np.uint8)
        order = np.argsort(rows, kind="stable")
        with self._path.open("rb", buffering=0) as file:
            descriptor = file.fileno()
            for place, row in zip(order.tolist(), rows[order].tolist(), strict=True):
                if os.preadv(descriptor, [places[place]], row * size) != size:
                    raise OSError(errno.EIO, "the file ends too early", str(self._path))
        return found


@dataclass(frozen=True)
class PassFiles:
    """What the passes leave."""

    directory: Path

    @property
    def exact(self) -> Path:
        """For each unit the unit that stays for it, of those with equal folded text; int64[units]."""
        return self.directory / "exact.npy"

    @property
    def boilerplate(self) -> Path:
        """Sorted keys of repeated lines."""
        return self.directory / "boilerplate.npy"

    @property
    def signatures(self) -> Path:
        """MinHash signatures of the exact survivors; uint32[survivors, num_perm]."""
        return self.directory / "signatures.u32"

    def signature_rows(self, num_rows: int, num_perm: int) -> SignatureFile:
        """The signatures, read as they are needed."""
        return SignatureFile(self.signatures, num_rows, num_perm)

    @property
    def bands(self) -> Path:
        """Band keys of the exact survivors; uint64[bands, survivors]."""
        return self.directory / "bands.u64"

    def signed(self, part: int) -> Path:
        """Says that the part's rows of signatures and bands are written."""
        return self.directory / "signed" / f"{part:06d}"

    @property
    def near(self) -> Path:
        """For each unit the unit that stays for it after all passes; int64[units]."""
        return self.directory / "near.npy"


def save(path: Path, values: npt.NDArray[np.generic]) -> None:
    """Write an array whole or not at all."""
    with atomic_path(path) as partial, partial.open("wb") as file:
        np.save(file, values)


def load(path: Path) -> npt.NDArray[Any]:
    """Map an array that `save` wrote."""
    values: npt.NDArray[Any] = np.load(path, mmap_mode="r")
    return values
