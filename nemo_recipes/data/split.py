"""Which documents are kept for validation, and the keys that show whether one of them is also trained on."""

import numpy as np
import polars as pl
import xxhash
from numpy.typing import NDArray

SPLITS = ("train", "validation")


def validation_mask(ids: pl.Series, pairs: pl.Series, share: float) -> NDArray[np.bool_]:
    """Whether each document is for validation: a fixed hash of its id, spread evenly, falls below the share.

    Both sides of a pair go by the pair's id (`pairs`, null elsewhere), or the translation of a validation text would be
    trained on. The rule looks at nothing else: another tokenizer, or more documents, leave the choice as it is.

    >>> both = validation_mask(pl.Series(["p1-ar", "p1-en"]), pl.Series(["p1", "p1"]), 0.5)
    >>> bool(both[0] == both[1])
    True
    """
    names = pl.select(pl.coalesce(pairs, ids)).to_series()
    limit = round(share * 2**64)
    return np.fromiter((_hash(name) < limit for name in names), np.bool_, len(names))


def content_keys(texts: pl.Series) -> NDArray[np.uint64]:
    """A 64-bit key of each text; equal texts have equal keys."""
    return np.fromiter(map(_hash, texts), np.uint64, len(texts))


def shared(keys: NDArray[np.uint64], sorted_others: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The keys that stand among sorted others, each once."""
    if not len(sorted_others):
        return np.zeros(0, np.uint64)
    places = np.minimum(np.searchsorted(sorted_others, keys), len(sorted_others) - 1)
    return np.unique(keys[sorted_others[places] == keys])


def _hash(text: str) -> int:
    return xxhash.xxh3_64_intdigest(text.encode())
