"""Documents with equal folded text, and which document of any cluster stays."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import xxhash

from corpus.text_buffers import TextBuffers

Keys = npt.NDArray[np.uint64]
Labels = npt.NDArray[np.int64]


def exact_keys(folded: TextBuffers) -> Keys:
    """128-bit XXH3 of each folded text, high half first; uint64[n, 2].

    A text without words has the key (0, 0).
    """
    view, offsets = folded.data.data, folded.offsets.tolist()
    # A Python call a text costs .3 microseconds; the library hashes faster than memory gives.
    digests = (xxhash.xxh3_128_digest(view[start:end]) for start, end in pairwise(offsets))
    keys = np.frombuffer(b"".join(digests), ">u8").reshape(-1, 2).astype(np.uint64)
    keys[np.diff(folded.offsets) == 0] = 0
    return keys


def exact_clusters(keys: Keys) -> Labels:
    """For each document the first one with its key; int64[n].

    A document without words, key (0, 0), is a cluster of its own: two emoji are not copies of each other.
    """
    labels = np.arange(len(keys))
    with_words = np.flatnonzero(keys.any(axis=1))
    order = with_words[np.lexsort((keys[with_words, 1], keys[with_words, 0]))]
    ranked = keys[order]
    starts = np.flatnonzero(np.concatenate([[True], (ranked[1:] != ranked[:-1]).any(axis=1)])[: len(order)])
    labels[order] = np.repeat(order[starts], np.diff(np.append(starts, len(order))))
    return labels


def choose_survivors(labels: Labels, priority: Labels, length: Labels) -> Labels:
    """For each document the one of its cluster that stays; int64[n].

    The highest priority stays; of those the longest; of those the first.

    >>> choose_survivors(np.array([0, 0, 2, 0]), np.array([0, 1, 0, 1]), np.array([9, 5, 3, 6])).tolist()
    [3, 3, 2, 3]
    """
    survivors = np.arange(len(labels))
    shared = np.flatnonzero((np.bincount(labels, minlength=len(labels)) > 1)[labels])
    best = shared[np.lexsort((-length[shared], -priority[shared], labels[shared]))]
    clusters, first = np.unique(labels[best], return_index=True)
    survivors[shared] = best[first][np.searchsorted(clusters, labels[shared])]
    return survivors
