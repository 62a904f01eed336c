"""Text columns as the UTF-8 buffers that compiled kernels read, without a copy."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

Bytes = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int64]


class TextBuffers(NamedTuple):
    """Texts laid end to end: text i is `data[offsets[i]:offsets[i + 1]]`, UTF-8."""

    data: Bytes
    offsets: Offsets

    def __len__(self) -> int:
        return len(self.offsets) - 1


def to_buffers(texts: pl.Series) -> TextBuffers:
    """View a string column as UTF-8 buffers; a null reads as the empty text.

    >>> buffers = to_buffers(pl.Series(["ab", None, "c"]))
    >>> bytes(buffers.data), buffers.offsets.tolist()
    (b'abc', [0, 2, 2, 3])
    """
    array = texts.fill_null("").rechunk().to_arrow().cast(pa.large_utf8())
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    _, offsets, data = array.buffers()
    first = array.offset
    # Always read-only, so that a kernel is compiled for one kind of array.
    if len(array) == 0:
        return TextBuffers(np.frombuffer(b"", np.uint8), np.frombuffer(bytes(8), np.int64))
    starts = np.frombuffer(offsets, np.int64)[first : first + len(array) + 1]
    return TextBuffers(np.frombuffer(data or b"", np.uint8), starts)


def from_buffers(buffers: TextBuffers) -> pl.Series:
    """The string column that these buffers hold; offsets must start at 0 and the bytes be valid UTF-8.

    >>> from_buffers(to_buffers(pl.Series(["ab", "", "c"]))).to_list()
    ['ab', '', 'c']
    """
    array = pa.LargeStringArray.from_buffers(
        len(buffers), pa.py_buffer(buffers.offsets), pa.py_buffer(buffers.data)
    )
    return pl.Series(pl.from_arrow(array))
