"""Clusters of near-duplicates over a whole corpus, one band at a time."""

from collections.abc import Callable
from typing import Protocol

import numba
import numpy as np
import numpy.typing as npt

from corpus.dedup.settings import NearDuplicates

Keys = npt.NDArray[np.uint64]
Labels = npt.NDArray[np.int64]
Signatures = npt.NDArray[np.uint32]

ROWS_AT_ONCE = 1 << 16
"""Signatures that are in memory at a time, 512 bytes each by default."""

_LEADERS = 64


class SignatureRows(Protocol):
    """Signatures of all documents: an array, or a file that is read where it is asked for."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Documents and values of a signature."""

    def __getitem__(self, rows: Labels) -> Signatures:
        """The signatures of these documents, in their order; uint32[rows, num_perm]."""


def near_clusters(
    read_band: Callable[[int], Keys],
    rows: SignatureRows,
    settings: NearDuplicates,
    progress: Callable[[int], object] | None = None,
) -> Labels:
    """The first member of each document's cluster of near-duplicates; int64[n].

    Documents with equal keys in a band are compared by their signatures, and joined where the estimated
    Jaccard similarity, the share of equal values, is at least `minimum_similarity`. In each run of equal
    keys a document is compared with leaders, members that resembled no leader when they came, namely the 64
    last ones that came or were resembled: a notice that a million documents share costs 64 million
    comparisons at worst, not half a million million. Only signatures of runs that hold something to join are
    read, ROWS_AT_ONCE at a time; beyond them 40 bytes a document are in memory.

    `read_band(band)` yields the band's keys, uint64[n]; `progress(1)` is called after each band. Documents
    without words resemble nothing.
    """
    parents = np.arange(rows.shape[0])
    needed = _needed(rows, settings)
    for band in range(settings.banding[0]):
        members, starts = _open_runs(read_band(band), parents)
        for first, last in _groups(starts):
            group = members[starts[first] : starts[last]]
            if len(group) > ROWS_AT_ONCE:
                _unite(group, _led(group, rows, needed), parents)
            else:
                _join_runs(group, starts[first : last + 1] - starts[first], rows[group], parents, needed)
        if progress is not None:
            progress(1)
    _settle(parents)
    return parents


def resembling(members: Labels, rows: SignatureRows, settings: NearDuplicates) -> Labels:
    """For each member of one run of equal keys the place in it of the first member of its cluster; int64[members].

    `members` are sorted rows of the signatures. What `near_clusters` joins in a run is the same, whatever happened
    in other runs, so that runs can be joined anywhere and their clusters put together afterwards.
    """
    needed = _needed(rows, settings)
    if len(members) > _LEADERS:
        parents = _led(members, rows, needed)
    else:
        parents = np.arange(len(members))
        _join_all(np.arange(len(members)), rows[members], parents, needed)
    _settle(parents)
    return parents


def _needed(rows: SignatureRows, settings: NearDuplicates) -> int:
    """Equal values that make two documents near-duplicates: counted once, so that the kernels compare whole numbers."""
    return int(np.ceil(settings.minimum_similarity * rows.shape[1] - 1e-9))


def _open_runs(keys: Keys, parents: Labels) -> tuple[Labels, Labels]:
    """Members of all runs of equal keys that are not joined throughout, and where each run starts, and the end."""
    order = np.argsort(keys, kind="stable")
    members, starts = _unjoined(keys, order, parents)
    return members, starts


def _groups(starts: Labels) -> list[tuple[int, int]]:
    """Consecutive runs, first and last + 1, that have at most ROWS_AT_ONCE members together, or one that has more."""
    groups, first = [], 0
    while first < len(starts) - 1:
        fitting = int(np.searchsorted(starts, starts[first] + ROWS_AT_ONCE, side="right")) - 1
        groups.append((first, max(first + 1, fitting)))
        first = groups[-1][1]
    return groups


def _led(members: Labels, rows: SignatureRows, needed: int) -> Labels:
    """Join a run of any length within itself, some signatures after the other; a forest of places in it."""
    inside, leaders = np.arange(len(members)), np.empty((2, _LEADERS), np.int64)
    kept, num_leaders = np.empty((_LEADERS, rows.shape[1]), np.uint32), 0
    for start in range(0, len(members), ROWS_AT_ONCE):
        piece = rows[members[start : start + ROWS_AT_ONCE]]
        num_leaders = _join_leaders(start, piece, inside, leaders, kept, num_leaders, needed)
    return inside


@numba.njit(cache=True, nogil=True)
def _unjoined(keys: Keys, order: Labels, parents: Labels) -> tuple[Labels, Labels]:
    # `order` is written over with what was found: never more than was looked at.
    num_members, num_runs, start = 0, 0, 0
    starts = np.empty(1024, np.int64)
    while start < len(order):
        end = start + 1
        root = _find(parents, order[start])
        joined = True
        while end < len(order) and keys[order[end]] == keys[order[start]]:
            joined = joined and _find(parents, order[end]) == root
            end += 1
        if not joined:
            if num_runs + 1 >= len(starts):
                grown = np.empty(2 * len(starts), np.int64)
                grown[:num_runs] = starts[:num_runs]
                starts = grown
            starts[num_runs] = num_members
            num_runs += 1
            order[num_members : num_members + end - start] = order[start:end]
            num_members += end - start
        start = end
    starts[num_runs] = num_members
    return order[:num_members].copy(), starts[: num_runs + 1].copy()


@numba.njit(cache=True, nogil=True)
def _join_runs(members: Labels, starts: Labels, rows: Signatures, parents: Labels, needed: int) -> None:
    """Join the resembling members of each run; parents point at smaller documents, always.

    `rows` are the signatures of `members`.
    """
    for run in range(len(starts) - 1):
        run_members, run_rows = members[starts[run] : starts[run + 1]], rows[starts[run] : starts[run + 1]]
        if len(run_members) <= _LEADERS:
            _join_all(run_members, run_rows, parents, needed)
        else:
            # Within itself first: what happened in other runs must not decide who leads.
            inside, leaders = np.arange(len(run_members)), np.empty((2, _LEADERS), np.int64)
            kept = np.empty((_LEADERS, rows.shape[1]), np.uint32)
            _join_leaders(0, run_rows, inside, leaders, kept, 0, needed)
            _unite(run_members, inside, parents)


@numba.njit(cache=True, nogil=True)
def _join_all(members: Labels, rows: Signatures, parents: Labels, needed: int) -> None:
    """Every pair is looked at, so that one which is joined already needs no comparison."""
    for later in range(1, len(members)):
        for earlier in range(later):
            left, right = _find(parents, members[later]), _find(parents, members[earlier])
            if left != right and _agree(rows[later], rows[earlier]) >= needed:
                parents[max(left, right)] = min(left, right)


@numba.njit(cache=True, nogil=True)
def _join_leaders(
    first: int,
    rows: Signatures,
    inside: Labels,
    leaders: Labels,
    kept: Signatures,
    num_leaders: int,
    needed: int,
) -> int:
    """Join the members of a run from number `first` on, whose signatures are `rows`; how many leaders there are then.

    The leaders lie in the order of last use, so that rare ones make room and those of large clusters stay: each is a
    place in the run (leaders[0]) and a row of `kept` that holds its signature (leaders[1]).
    """
    for number in range(len(rows)):
        place, match = first + number, -1
        for rank in range(num_leaders):
            left, right = _find(inside, place), _find(inside, leaders[0, rank])
            if left != right and _agree(rows[number], kept[leaders[1, rank]]) < needed:
                continue
            inside[max(left, right)] = min(left, right)
            if match < 0:
                match = rank
        if match < 0:
            if num_leaders < _LEADERS:
                leaders[1, num_leaders] = num_leaders
                num_leaders += 1
            match = num_leaders - 1
            leaders[0, match] = place
            kept[leaders[1, match]] = rows[number]
        front, slot = leaders[0, match], leaders[1, match]
        for rank in range(match, 0, -1):
            leaders[0, rank] = leaders[0, rank - 1]
            leaders[1, rank] = leaders[1, rank - 1]
        leaders[0, 0], leaders[1, 0] = front, slot
    return num_leaders


@numba.njit(cache=True, nogil=True)
def _unite(members: Labels, inside: Labels, parents: Labels) -> None:
    """Join in the whole what is joined within one run."""
    for place in range(len(members)):
        left, right = _find(parents, members[place]), _find(parents, members[inside[place]])
        parents[max(left, right)] = min(left, right)


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
