"""Clusters of near-duplicates over a whole corpus, one band at a time."""

from collections.abc import Callable

import numba
import numpy as np
import numpy.typing as npt

from corpus.dedup.settings import NearDuplicates

Keys = npt.NDArray[np.uint64]
Labels = npt.NDArray[np.int64]
Signatures = npt.NDArray[np.uint32]

_LEADERS = 64


def near_clusters(
    read_band: Callable[[int], Keys],
    rows: Signatures,
    settings: NearDuplicates,
    progress: Callable[[int], object] | None = None,
) -> Labels:
    """The first member of each document's cluster of near-duplicates; int64[n].

    Documents with equal keys in a band are compared by their signatures, and joined where the estimated
    Jaccard similarity, the share of equal values, is at least `minimum_similarity`. In each run of equal
    keys a document is compared with leaders, members that resembled no leader when they came, namely the 64
    last ones that came or were resembled: a notice that a million documents share costs 64 million
    comparisons at worst, not half a million million. Beyond the signatures, which may be memory-mapped, 32
    bytes a document are in memory at a time.

    `read_band(band)` yields the band's keys, uint64[n]; `progress(1)` is called after each band. Documents
    without words resemble nothing.
    """
    rows = np.asarray(rows)
    parents = np.arange(len(rows))
    needed = _needed(rows, settings)
    for band in range(settings.banding[0]):
        keys = read_band(band)
        order = np.argsort(keys, kind="stable")
        _join_band(keys, order, rows, parents, needed)
        if progress is not None:
            progress(1)
    _settle(parents)
    return parents


def resembling(members: Labels, rows: Signatures, settings: NearDuplicates) -> Labels:
    """For each member of one run of equal keys the place in it of the first member of its cluster; int64[members].

    `members` are sorted rows of the signatures. What `near_clusters` joins in a run is the same, whatever happened
    in other runs, so that runs can be joined anywhere and their clusters put together afterwards.
    """
    needed = _needed(rows, settings)
    parents = np.arange(len(members))
    (_join_all if len(members) <= _LEADERS else _join_leaders)(members, rows, parents, needed)
    _settle(parents)
    return parents


def _needed(rows: Signatures, settings: NearDuplicates) -> int:
    """Equal values that make two documents near-duplicates: counted once, so that the kernels compare whole numbers."""
    return int(np.ceil(settings.minimum_similarity * rows.shape[1] - 1e-9))


@numba.njit(cache=True, nogil=True)
def _join_band(keys: Keys, order: Labels, rows: Signatures, parents: Labels, needed: int) -> None:
    """Join the resembling members of each run of equal keys; parents point at smaller documents, always."""
    start = 0
    while start < len(order):
        end = start + 1
        while end < len(order) and keys[order[end]] == keys[order[start]]:
            end += 1
        if end - start > 1:
            _join_run(order[start:end], rows, parents, needed)
        start = end


@numba.njit(cache=True, nogil=True)
def _join_run(members: Labels, rows: Signatures, parents: Labels, needed: int) -> None:
    """Join a run within itself first: what happened in other runs must not decide who leads."""
    if len(members) <= _LEADERS:
        # Every pair is looked at, so that one which is joined already needs no comparison.
        for later in range(1, len(members)):
            for earlier in range(later):
                left, right = _find(parents, members[later]), _find(parents, members[earlier])
                if left != right and _agree(rows[members[later]], rows[members[earlier]]) >= needed:
                    parents[max(left, right)] = min(left, right)
        return
    inside = np.arange(len(members))
    _join_leaders(members, rows, inside, needed)
    for place in range(len(members)):
        left, right = _find(parents, members[place]), _find(parents, members[inside[place]])
        parents[max(left, right)] = min(left, right)


@numba.njit(cache=True, nogil=True)
def _join_all(members: Labels, rows: Signatures, inside: Labels, needed: int) -> None:
    for later in range(1, len(members)):
        for earlier in range(later):
            _join(later, earlier, members, rows, inside, needed)


@numba.njit(cache=True, nogil=True)
def _join_leaders(members: Labels, rows: Signatures, inside: Labels, needed: int) -> None:
    """The leaders lie in the order of last use, so that rare ones make room and those of large clusters stay."""
    leaders = np.empty(_LEADERS, np.int64)
    num_leaders = 0
    for place in range(len(members)):
        match = -1
        for slot in range(num_leaders):
            if _join(place, leaders[slot], members, rows, inside, needed) and match < 0:
                match = slot
        if match < 0:
            num_leaders = min(num_leaders + 1, _LEADERS)
            match, front = num_leaders - 1, place
        else:
            front = leaders[match]
        for slot in range(match, 0, -1):
            leaders[slot] = leaders[slot - 1]
        leaders[0] = front


@numba.njit(cache=True, nogil=True)
def _join(left: int, right: int, members: Labels, rows: Signatures, inside: Labels, needed: int) -> bool:
    """Join two members of a run if they resemble one another; whether they are joined now."""
    left_root, right_root = _find(inside, left), _find(inside, right)
    if left_root == right_root:
        return True
    if _agree(rows[members[left]], rows[members[right]]) < needed:
        return False
    inside[max(left_root, right_root)] = min(left_root, right_root)
    return True


@numba.njit(cache=True, nogil=True)
def _agree(left: Signatures, right: Signatures) -> int:
    """How many values are equal; none in signatures without shingles."""
    equal, empty = 0, 0
    for lane in range(len(left)):
        equal += left[lane] == right[lane]
        empty += left[lane] == np.uint32(0xFFFFFFFF)
    return 0 if empty == len(left) else equal


@numba.njit(cache=True, nogil=True)
def _find(parents: Labels, document: int) -> int:
    while parents[document] != document:
        parents[document] = parents[parents[document]]
        document = parents[document]
    return document


@numba.njit(cache=True, nogil=True)
def _settle(parents: Labels) -> None:
    for document in range(len(parents)):
        parents[document] = parents[parents[document]]
