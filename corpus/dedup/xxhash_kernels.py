"""xxHash over a part of a byte buffer, callable from compiled code.

XXH32 and XXH64 with seed 0, after https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md. numba
widens uint32 products to uint64, hence the casts.
"""

from typing import Any

import numba
import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import types
from numba.extending import intrinsic

from corpus.text_buffers import Bytes

Word = Any  # numba infers uint32 and uint64; numpy's own types do not say so

_PRIMES32: list[Word] = [
    np.uint32(prime) for prime in (2654435761, 2246822519, 3266489917, 668265263, 374761393)
]
_PRIMES64: list[Word] = [
    np.uint64(prime)
    for prime in (
        11400714785074694791,
        14029467366897019727,
        1609587929392839161,
        9650029242287828579,
        2870177450012600261,
    )
]
_P1, _P2, _P3, _P4, _P5 = _PRIMES32
_Q1, _Q2, _Q3, _Q4, _Q5 = _PRIMES64


def _type_load32(typing_context: Any, data: Any, at: Any) -> Any:  # noqa: ARG001
    """The four bytes at a position as uint32, in one instruction whatever the alignment."""
    return types.uint32(data, types.uint64), _loader(32)


def _type_load64(typing_context: Any, data: Any, at: Any) -> Any:  # noqa: ARG001
    """The eight bytes at a position as uint64, in one instruction whatever the alignment."""
    return types.uint64(data, types.uint64), _loader(64)


def _loader(bits: int) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        pointer = builder.gep(array.data, [arguments[1]])
        value = builder.load(builder.bitcast(pointer, ir.IntType(bits).as_pointer()))
        value.align = 1
        return value

    return generate


_load32: Any = intrinsic(_type_load32)
_load64: Any = intrinsic(_type_load64)


@numba.njit(cache=True, nogil=True, inline="always")
def _rotl32(value: Word, bits: int) -> Word:
    return np.uint32((value << np.uint32(bits)) | (value >> np.uint32(32 - bits)))


@numba.njit(cache=True, nogil=True, inline="always")
def _rotl64(value: Word, bits: int) -> Word:
    return (value << np.uint64(bits)) | (value >> np.uint64(64 - bits))


@numba.njit(cache=True, nogil=True, inline="always")
def _round32(lane: Word, word: Word) -> Word:
    return np.uint32(_rotl32(np.uint32(lane + np.uint32(word * _P2)), 13) * _P1)


@numba.njit(cache=True, nogil=True, inline="always")
def _round64(lane: Word, word: Word) -> Word:
    return _rotl64(lane + word * _Q2, 31) * _Q1


@numba.njit(cache=True, nogil=True)
def xxh32(data: Bytes, start: Word, end: Word) -> Word:
    """XXH32 of `data[start:end]`; uint32."""
    at, stop = np.uint64(start), np.uint64(end)
    size = stop - at
    four = np.uint64(4)
    if size >= np.uint64(16):
        one, two = np.uint32(_P1 + _P2), _P2
        three, last = np.uint32(0), np.uint32(np.uint32(0) - _P1)
        while at + np.uint64(16) <= stop:
            one = _round32(one, _load32(data, at))
            two = _round32(two, _load32(data, at + four))
            three = _round32(three, _load32(data, at + np.uint64(8)))
            last = _round32(last, _load32(data, at + np.uint64(12)))
            at += np.uint64(16)
        value = np.uint32(_rotl32(one, 1) + _rotl32(two, 7) + _rotl32(three, 12) + _rotl32(last, 18))
    else:
        value = _P5
    value = np.uint32(value + np.uint32(size))
    while at + four <= stop:
        value = np.uint32(_rotl32(np.uint32(value + np.uint32(_load32(data, at) * _P3)), 17) * _P4)
        at += four
    while at < stop:
        value = np.uint32(_rotl32(np.uint32(value + np.uint32(data[at] * _P5)), 11) * _P1)
        at += np.uint64(1)
    value = np.uint32((value ^ (value >> np.uint32(15))) * _P2)
    value = np.uint32((value ^ (value >> np.uint32(13))) * _P3)
    return np.uint32(value ^ (value >> np.uint32(16)))


@numba.njit(cache=True, nogil=True)
def xxh64(data: Bytes, start: Word, end: Word) -> Word:
    """XXH64 of `data[start:end]`; uint64."""
    at, stop = np.uint64(start), np.uint64(end)
    size = stop - at
    eight = np.uint64(8)
    if size >= np.uint64(32):
        one, two, three, last = _Q1 + _Q2, _Q2, np.uint64(0), np.uint64(0) - _Q1
        while at + np.uint64(32) <= stop:
            one = _round64(one, _load64(data, at))
            two = _round64(two, _load64(data, at + eight))
            three = _round64(three, _load64(data, at + np.uint64(16)))
            last = _round64(last, _load64(data, at + np.uint64(24)))
            at += np.uint64(32)
        value = _rotl64(one, 1) + _rotl64(two, 7) + _rotl64(three, 12) + _rotl64(last, 18)
        for lane in (one, two, three, last):
            value = (value ^ _round64(np.uint64(0), lane)) * _Q1 + _Q4
    else:
        value = _Q5
    value += size
    while at + eight <= stop:
        value = _rotl64(value ^ _round64(np.uint64(0), _load64(data, at)), 27) * _Q1 + _Q4
        at += eight
    if at + np.uint64(4) <= stop:
        value = _rotl64(value ^ (np.uint64(_load32(data, at)) * _Q1), 23) * _Q2 + _Q3
        at += np.uint64(4)
    while at < stop:
        value = _rotl64(value ^ (np.uint64(data[at]) * _Q5), 11) * _Q1
        at += np.uint64(1)
    value = (value ^ (value >> np.uint64(33))) * _Q2
    value = (value ^ (value >> np.uint64(29))) * _Q3
    return value ^ (value >> np.uint64(32))
