"""Stored floats and float32: numpy has no bfloat16, and a conversion of a few lines spares loading torch."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

STORED: dict[str, type[np.generic]] = {"F32": np.float32, "F16": np.float16, "BF16": np.uint16}
"""What a matrix may be stored in, by its safetensors name, and the numpy type that holds its bits."""

_BLOCK = 1024
"""Rows that are converted at a time."""


def to_float32(stored: npt.NDArray[Any], dtype: str) -> Array:
    """The values of stored bits; exact, as float32 holds every float16 and bfloat16."""
    if dtype == "BF16":
        bits = stored.astype(np.uint32)
        bits <<= np.uint32(16)
        return bits.view(np.float32)
    return stored.astype(np.float32)


def from_float32(values: Array, dtype: str) -> npt.NDArray[Any]:
    """The nearest stored bits, ties to even as IEEE 754 has it; the values must be finite.

    >>> int(from_float32(np.array([1.0], np.float32), "BF16")[0]) == 0x3F80
    True
    """
    if dtype == "BF16":
        bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
        stored = np.empty(values.shape, np.uint16)
        for start in range(0, len(values), _BLOCK):  # matrices are large, and so would be what stands between
            block = bits[start : start + _BLOCK]
            even = (block >> np.uint32(16)) & np.uint32(1)
            stored[start : start + _BLOCK] = (block + np.uint32(0x7FFF) + even) >> np.uint32(16)
        return stored
    with np.errstate(over="ignore"):  # what overflows float16 is infinite, and refused by who writes it
        return np.ascontiguousarray(values).astype(STORED[dtype])


def is_finite(stored: npt.NDArray[Any], dtype: str) -> bool:
    """Whether no stored value is infinite or not a number."""
    if dtype == "BF16":
        exponents = np.uint16(0x7F80)
        return not bool(((stored & exponents) == exponents).any())
    return bool(np.isfinite(stored).all())
