"""64-bit keys of words and of runs of words."""

import numba
import numpy as np

PRIME = np.uint64(0x100000001B3)
SEED = np.uint64(0xCBF29CE484222325)


@numba.njit(cache=True, nogil=True)
def mixed(key: np.uint64) -> np.uint64:
    """Spread a key over all 64 bits (the finalizer of MurmurHash3)."""
    key ^= key >> np.uint64(33)
    key *= np.uint64(0xFF51AFD7ED558CCD)
    key ^= key >> np.uint64(33)
    key *= np.uint64(0xC4CEB9FE1A85EC53)
    return key ^ (key >> np.uint64(33))


@numba.njit(cache=True, nogil=True)
def followed_by(run: np.uint64, word: np.uint64) -> np.uint64:
    """The key of a run of words with one more word at its end."""
    return mixed(run * PRIME + word)
