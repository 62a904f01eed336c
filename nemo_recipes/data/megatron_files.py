"""Megatron's token files, written and read with numpy alone.

`NAME.bin` holds the ids of all documents one after another; `NAME.idx` says how long each is. The layout is that of
`megatron.core.datasets.indexed_dataset`: 9 bytes of magic, version 1 (uint64), dtype code (uint8), number of sequences
and of document ends (uint64 each), lengths (int32), byte offsets (int64), document ends (int64). One document is one
sequence here.
"""

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nemo_recipes.errors import PretrainingError

_MAGIC = b"MMIDIDX\x00\x00"
_VERSION = 1
_DTYPE_CODES = {"int32": 4, "uint16": 8}
_HEADER = struct.Struct("<9sQBQQ")


def index_bytes(lengths: NDArray[np.int64], dtype: str) -> bytes:
    """The content of the .idx file of documents with these lengths, in tokens."""
    offsets = (np.cumsum(lengths) - lengths) * np.dtype(dtype).itemsize
    header = _HEADER.pack(_MAGIC, _VERSION, _DTYPE_CODES[dtype], len(lengths), len(lengths) + 1)
    ends = np.arange(len(lengths) + 1, dtype=np.int64)
    return b"".join(
        (header, lengths.astype(np.int32).tobytes(), offsets.astype(np.int64).tobytes(), ends.tobytes())
    )


def index_size(documents: int) -> int:
    """Bytes of the .idx file of so many documents."""
    return _HEADER.size + documents * (4 + 8) + (documents + 1) * 8


def read_lengths(path: Path) -> tuple[NDArray[np.int32], str]:
    """Tokens of each sequence and the dtype of ids, from an .idx file.

    Raises:
        PretrainingError: It is no such file.
    """
    content = path.read_bytes()
    if len(content) < _HEADER.size or not content.startswith(_MAGIC):
        raise PretrainingError(f"{path}: not the index of Megatron token files: make the token files again")
    _, version, code, sequences, _ = _HEADER.unpack_from(content)
    names = {code: name for name, code in _DTYPE_CODES.items()}
    if version != _VERSION or code not in names:
        raise PretrainingError(
            f"{path}: index of version {version} and dtype code {code}, which cannot be read here"
        )
    return np.frombuffer(content, np.int32, sequences, _HEADER.size), names[code]


def read_ids(prefix: Path) -> tuple[NDArray[np.integer], NDArray[np.int32]]:
    """The ids of all documents as one array mapped from the .bin file, and the length of each document.

    Raises:
        PretrainingError: A file is missing, or they do not belong together.
    """
    bin_path, idx_path = prefix.with_name(f"{prefix.name}.bin"), prefix.with_name(f"{prefix.name}.idx")
    for path in (bin_path, idx_path):
        if not path.is_file():
            raise PretrainingError(f"{path}: the file is missing: make the token files again")
    lengths, dtype = read_lengths(idx_path)
    size = int(lengths.sum(dtype=np.int64)) * np.dtype(dtype).itemsize
    if bin_path.stat().st_size != size:
        raise PretrainingError(
            f"{bin_path}: {bin_path.stat().st_size:,} bytes where its index says {size:,}: make the token files again"
        )
    if not size:
        return np.zeros(0, dtype), lengths
    ids: NDArray[np.integer] = np.memmap(bin_path, dtype=dtype, mode="r")
    return ids, lengths
