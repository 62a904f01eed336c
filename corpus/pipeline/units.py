"""The units of all parts under one numbering, and where the passes over them leave their results."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from corpus.pipeline.atomic import atomic_path
from corpus.pipeline.layout import PartFiles

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True)
class UnitTable:
    """The units of all parts, numbered in the order of the input: sources, files, parts, records."""

    parts: Sequence[PartFiles]
    sources: Sequence[str]  # of each part
    priorities: Sequence[int]  # of each part's source
    starts: Ids  # number of each part's first unit, and at the end the number of units

    def __len__(self) -> int:
        return int(self.starts[-1])

    def column(self, name: str, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """One column of all units."""
        values = np.empty(len(self), dtype)
        for number, part in enumerate(self.parts):
            column = pl.read_parquet(part.units, columns=[name])[name]
            values[self.starts[number] : self.starts[number + 1]] = column.to_numpy()
        return values

    @cached_property
    def priority(self) -> Ids:
        """Priority of each unit's source."""
        return np.repeat(np.asarray(self.priorities, np.int64), np.diff(self.starts))

    def part_of(self, units: Ids) -> Ids:
        """Number of the part that holds each unit."""
        return np.searchsorted(self.starts, units, side="right") - 1

    def ids(self, units: Ids) -> list[str]:
        """Ids of the units, which must be sorted."""
        found: list[str] = []
        holders = self.part_of(units)
        for number in np.unique(holders):
            inside = units[holders == number] - self.starts[number]
            found += pl.read_parquet(self.parts[number].units, columns=["id"])["id"].gather(inside).to_list()
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

    def signature_rows(self, num_rows: int, num_perm: int) -> npt.NDArray[np.uint32]:
        """The signatures, mapped."""
        return np.memmap(self.signatures, np.uint32, "r", shape=(num_rows, num_perm))

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
