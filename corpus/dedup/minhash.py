"""MinHash signatures, bit-equal to datasketch's `affine32` scheme, and the keys of their bands."""

from functools import lru_cache
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from corpus.dedup.settings import NearDuplicates
from corpus.dedup.xxhash_kernels import xxh32
from corpus.text_buffers import Bytes, Offsets, TextBuffers

Signatures = npt.NDArray[np.uint32]
Keys = npt.NDArray[np.uint64]

_SPACE = 0x20
_GROUP = 8  # shingles that go through the permutations together, so that each minimum is loaded once for all


def signatures(folded: TextBuffers, settings: NearDuplicates) -> Signatures:
    """The MinHash signature of each text; uint32[n, num_perm].

    A shingle is `shingle_size` words as they lie in the folded text, hashed by XXH32; a shorter text is one
    shingle. A row equals `datasketch.MinHash(num_perm, seed, scheme="affine32", hashfunc=xxh32)` after all
    shingles, and `MinHash(hashvalues=row, seed=seed, scheme="affine32")` rebuilds it. A text without words
    has all values at 2^32 - 1, as an empty MinHash has.
    """
    multipliers, addends = _permutations(settings.num_perm, settings.seed)
    return _sign(folded.data, folded.offsets, multipliers, addends, settings.shingle_size)


def band_keys(rows: Signatures, settings: NearDuplicates) -> Keys:
    """One key for each band of each signature, equal where all its values are; uint64[bands, n]."""
    return _band_keys(rows, *settings.banding)


@lru_cache(maxsize=4)
def _permutations(num_perm: int, seed: int) -> tuple[Signatures, Signatures]:
    """Multipliers and addends, drawn as datasketch draws them; importing it would cost each process a second."""
    draw = np.random.RandomState(seed)
    multipliers = draw.randint(0, 1 << 31, num_perm, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return multipliers, draw.randint(0, 1 << 32, num_perm, dtype=np.uint32)


@numba.njit(cache=True, nogil=True)
def _sign(
    data: Bytes, offsets: Offsets, multipliers: Signatures, addends: Signatures, shingle_size: int
) -> Signatures:
    rows = np.full((len(offsets) - 1, len(multipliers)), 0xFFFFFFFF, np.uint32)
    starts = np.empty(shingle_size, np.int64)  # of the last words, in a ring
    hashes = np.empty(_GROUP, np.uint32)
    for text in range(len(offsets) - 1):
        position, end = offsets[text], offsets[text + 1]
        if position == end:
            continue
        row = rows[text]
        starts[0] = position
        words, oldest, held = 1, 0, 0
        while True:
            unsigned, stop = np.uint64(position), np.uint64(end)
            while unsigned < stop and data[unsigned] != _SPACE:
                unsigned += np.uint64(1)
            position = np.int64(unsigned)
            if words >= shingle_size or position == end:
                first = starts[oldest] if words >= shingle_size else offsets[text]
                hashes[held] = _mixed(xxh32(data, first, position))
                held += 1
                if held == _GROUP:
                    _lower(row, hashes, multipliers, addends)
                    held = 0
            if position == end:
                break
            position += 1
            # Once the ring is full, the newest word's start takes the oldest's place.
            if words >= shingle_size:
                starts[oldest] = position
                oldest = oldest + 1 if oldest + 1 < shingle_size else 0
            else:
                starts[words] = position
            words += 1
        if held:
            hashes[held:] = hashes[0]  # a shingle that comes again changes no minimum
            _lower(row, hashes, multipliers, addends)
    return rows


@numba.njit(cache=True, nogil=True, inline="always")
def _mixed(value: Any) -> Any:
    """MurmurHash3's 32-bit finalizer, datasketch's pre-mix."""
    value = np.uint32((value ^ (value >> np.uint32(16))) * np.uint32(0x85EBCA6B))
    value = np.uint32((value ^ (value >> np.uint32(13))) * np.uint32(0xC2B2AE35))
    return np.uint32(value ^ (value >> np.uint32(16)))


@numba.njit(cache=True, nogil=True)
def _lower(row: Signatures, hashes: Signatures, multipliers: Signatures, addends: Signatures) -> None:
    """Lower each minimum to the least of the group's permuted hashes."""
    h0, h1, h2, h3 = hashes[0], hashes[1], hashes[2], hashes[3]
    h4, h5, h6, h7 = hashes[4], hashes[5], hashes[6], hashes[7]
    for lane in range(len(row)):
        a, b = multipliers[lane], addends[lane]
        low = min(np.uint32(a * h0 + b), np.uint32(a * h1 + b))
        low = min(low, min(np.uint32(a * h2 + b), np.uint32(a * h3 + b)))
        high = min(np.uint32(a * h4 + b), np.uint32(a * h5 + b))
        high = min(high, min(np.uint32(a * h6 + b), np.uint32(a * h7 + b)))
        row[lane] = min(row[lane], min(low, high))


@numba.njit(cache=True, nogil=True)
def _band_keys(rows: Signatures, bands: int, rows_per_band: int) -> Keys:
    keys = np.empty((bands, len(rows)), np.uint64)
    for document in range(len(rows)):
        for band in range(bands):
            key = np.uint64(rows_per_band)
            for value in rows[document, band * rows_per_band : (band + 1) * rows_per_band]:
                # splitmix64's finalizer between the values
                key = (key ^ np.uint64(value)) * np.uint64(0xBF58476D1CE4E5B9)
                key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
                key ^= key >> np.uint64(31)
            keys[band, document] = key
    return keys
