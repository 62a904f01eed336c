"""A safetensors file as a table of contents over bytes: read one tensor, or write the file anew in bounded memory.

The library writes only what is held in memory whole. Here every tensor that stays is copied through a small buffer,
whatever its type, and one that grows has its old rows copied so, bit for bit, and new rows put after them.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BufferedReader, BufferedWriter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tokenization.embeddings.floats import STORED, Array, is_finite, to_float32
from tokenization.errors import TokenizationError

BUFFER_BYTES = 1 << 23


@dataclass(frozen=True)
class Tensor:
    """Where one tensor lies in its file, in bytes from the start of the file."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int

    @property
    def row_bytes(self) -> int:
        """Bytes of one row; of the whole for a scalar or an empty tensor."""
        return (self.end - self.start) // max(1, self.shape[0] if self.shape else 1)


@dataclass(frozen=True)
class TensorFile:
    """Contents of one safetensors file, in the order in which they lie."""

    path: Path
    tensors: tuple[Tensor, ...]
    metadata: Mapping[str, str]

    @property
    def num_bytes(self) -> int:
        """Bytes of all tensors, as an index counts them."""
        return sum(tensor.end - tensor.start for tensor in self.tensors)


@dataclass(frozen=True)
class Growth:
    """What becomes of a matrix: its first `kept` rows as they are, then the new rows in the stored type."""

    kept: int
    new: npt.NDArray[Any]


def read_contents(path: Path) -> TensorFile:
    """Read what a safetensors file holds, without its tensors.

    Raises:
        TokenizationError: It is not there, cut short, or not such a file; safetensors itself is the judge.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np"):
            pass
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header: dict[str, Any] = json.loads(file.read(length))
    except FileNotFoundError as error:
        raise TokenizationError(
            f"{path}: not there, but the checkpoint needs it: download it again"
        ) from error
    except SafetensorError as error:
        raise TokenizationError(
            f"{path}: not a whole safetensors file ({error}): download it again"
        ) from error
    metadata = header.pop("__metadata__", {})
    first = 8 + length
    tensors = [
        Tensor(
            name, entry["dtype"], tuple(entry["shape"]), *(first + place for place in entry["data_offsets"])
        )
        for name, entry in header.items()
    ]
    return TensorFile(path, tuple(sorted(tensors, key=lambda tensor: (tensor.start, tensor.end))), metadata)


def read_rows(path: Path, tensor: Tensor, count: int) -> Array:
    """The first `count` rows of a matrix as float32.

    Raises:
        TokenizationError: They hold infinities or what is not a number.
    """
    columns = tensor.shape[1]
    stored = np.fromfile(path, STORED[tensor.dtype], count * columns, offset=tensor.start)
    if not is_finite(stored, tensor.dtype):
        raise TokenizationError(
            f"{path}: {tensor.name} holds values that are no finite numbers, so that no row can be made of it: "
            "give a checkpoint whose training went well"
        )
    return to_float32(stored, tensor.dtype).reshape(count, columns)


def write_grown(
    source: TensorFile, target: Path, growths: Mapping[str, Growth], progress: Callable[[int], object]
) -> None:
    """Write a file with the tensors of `source`, those in `growths` grown; `progress` is told of bytes written."""
    header: dict[str, Any] = {"__metadata__": dict(source.metadata)} if source.metadata else {}
    position = 0
    for tensor in source.tensors:
        size, shape = tensor.end - tensor.start, list(tensor.shape)
        if growth := growths.get(tensor.name):
            size = growth.kept * tensor.row_bytes + growth.new.nbytes
            shape[0] = growth.kept + len(growth.new)
        header[tensor.name] = {
            "dtype": tensor.dtype,
            "shape": shape,
            "data_offsets": [position, position + size],
        }
        position += size
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # tensors are aligned to eight bytes
    with source.path.open("rb") as old, target.open("wb") as new:
        new.write(len(text).to_bytes(8, "little") + text)
        for tensor in source.tensors:
            growth = growths.get(tensor.name)
            old.seek(tensor.start)
            copy_bytes(
                old, new, growth.kept * tensor.row_bytes if growth else tensor.end - tensor.start, progress
            )
            if growth:
                growth.new.tofile(new)
                progress(growth.new.nbytes)


def copy_bytes(
    source: BufferedReader, target: BufferedWriter, count: int, progress: Callable[[int], object]
) -> None:
    """Copy so many bytes through a buffer of `BUFFER_BYTES`."""
    while count:
        block = source.read(min(count, BUFFER_BYTES))
        if not block:
            raise TokenizationError(f"{source.name}: became shorter while it was read: run the command again")
        target.write(block)
        count -= len(block)
        progress(len(block))


def copy_file(source: Path, target: Path, progress: Callable[[int], object]) -> None:
    """Copy a file as it is."""
    with source.open("rb") as old, target.open("wb") as new:
        copy_bytes(old, new, os.fstat(old.fileno()).st_size, progress)
