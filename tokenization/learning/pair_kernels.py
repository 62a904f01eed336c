"""The learner's kernel: every pair knows its places, and every place its pair.

All places of a pair come into being in one step, that which made the younger of its two symbols. So a pair's places lie
side by side in one pool in text order, its weight is complete at once and only falls from then on, and a heap whose
entries may be too heavy finds the heaviest: an entry that turns out lighter goes back with what it weighs.
A merge ends one symbol and begins at most two new places, so the pool needs three times the symbols.

All kernels are in this one file: numba keeps compiled code as long as the file of the outermost function is unchanged,
whatever happens to others.
"""

from typing import Any, NamedTuple

import numba
import numpy as np

from tokenization.learning.merges import Starts, Symbols, Weights

_NONE = -1


class _Places(NamedTuple):
    """What stands where; a place is where a symbol begins. All of length n, changed in place.

    `following` and `preceding` are the neighboring places in the word, or -1; `shares` is what a pair weighs whose
    right symbol begins there: the word's count times the joint; `pair_at` is the pair that begins there, or -1.
    """

    symbols: Symbols
    following: Symbols
    preceding: Symbols
    shares: Weights
    pair_at: Symbols


class _Pairs(NamedTuple):
    """Pairs by number: key (left << 32 | right), weight, and where in the pool its places are; length -1: nowhere."""

    keys: Starts
    weights: Weights
    firsts: Starts
    lengths: Starts


class _Heap(NamedTuple):
    """Pairs, the heaviest first, by the weight that they had when they came in."""

    weights: Weights
    pairs: Starts


@numba.njit(cache=True, nogil=True)
def learn_pairs(
    symbols: Symbols,
    starts: Starts,
    counts: Weights,
    joints: Weights,
    num_symbols: int,
    num_merges: int,
    minimum: float,
) -> tuple[Symbols, Symbols, Weights]:
    """Merge `symbols` in place; left, right and weight of each merge."""
    size = len(symbols)
    places = _chain(symbols, starts, counts, joints)
    pool = np.empty(3 * size + 1, np.int32)
    pairs, num_pairs = _initial_pairs(places, pool)
    used = pairs.lengths[:num_pairs].sum()
    heap, heaped = _heap_of(pairs, num_pairs)
    left, right = np.empty(num_merges, np.int32), np.empty(num_merges, np.int32)
    merged_weights = np.empty(num_merges, np.float64)
    merged = np.empty(size + 1, np.int32)  # places of the current merge
    # For each symbol the new pairs that it makes as left and as right neighbor of the current merge's symbol.
    neighbors = np.full((2, num_symbols + num_merges), _NONE, np.int64)
    made = 0
    while made < num_merges and heaped:
        pair = heap.pairs[0]
        weight = _weight(places, pairs, pair, pool)
        if weight <= 0 or weight < minimum:
            heaped = _drop_first(heap, pairs, heaped)
            continue
        if weight < heap.weights[0]:
            heap.weights[0] = weight
            _sift_down(heap, pairs, heaped, 0)
            continue
        heaped = _drop_first(heap, pairs, heaped)
        new = np.int32(num_symbols + made)
        left[made], right[made] = pairs.keys[pair] >> 32, pairs.keys[pair] & 0xFFFFFFFF
        merged_weights[made] = weight
        made += 1

        num_merged = _join(places, pairs, pair, pool, new, merged)
        fresh = num_pairs
        pairs, num_pairs = _count_new(places, pairs, num_pairs, merged[:num_merged], new, neighbors)
        for number in range(fresh, num_pairs):
            pairs.firsts[number] = used
            if pairs.weights[number] <= 0 or pairs.weights[number] < minimum:
                pairs.lengths[number] = _NONE  # too light for ever: nothing needs to know its places
                continue
            used += pairs.lengths[number]
            pairs.lengths[number] = 0
            heap = _room(heap, heaped)
            heap.weights[heaped], heap.pairs[heaped] = pairs.weights[number], number
            _sift_up(heap, pairs, heaped)
            heaped += 1
        _place_new(places, pairs, merged[:num_merged], new, neighbors, pool)
        for number in range(fresh, num_pairs):
            neighbors[0, pairs.keys[number] >> 32] = _NONE
            neighbors[1, pairs.keys[number] & 0xFFFFFFFF] = _NONE
    return left[:made], right[:made], merged_weights[:made]


@numba.njit(cache=True, nogil=True)
def _chain(symbols: Symbols, starts: Starts, counts: Weights, joints: Weights) -> _Places:
    size = len(symbols)
    following, preceding = np.empty(size, np.int32), np.empty(size, np.int32)
    shares = np.empty(size, np.float64)
    for word in range(len(starts) - 1):
        for place in range(starts[word], starts[word + 1]):
            following[place] = place + 1 if place + 1 < starts[word + 1] else _NONE
            preceding[place] = place - 1 if place > starts[word] else _NONE
            shares[place] = counts[word] * joints[place]
    return _Places(symbols, following, preceding, shares, np.full(size, _NONE, np.int32))


@numba.njit(cache=True, nogil=True)
def _initial_pairs(places: _Places, pool: Symbols) -> tuple[_Pairs, int]:
    """The pairs of the words as they come, by a hash table with open addressing; their places go to the pool."""
    slots = np.full(1 << 16, _NONE, np.int64)
    pairs = _Pairs(
        np.empty(1 << 15, np.int64),
        np.zeros(1 << 15, np.float64),
        np.zeros(1 << 15, np.int64),
        np.zeros(1 << 15, np.int64),
    )
    num_pairs = 0
    for place in range(len(places.symbols)):
        beyond = places.following[place]
        if beyond == _NONE:
            continue
        key = (np.int64(places.symbols[place]) << 32) | np.int64(places.symbols[beyond])
        slot = _slot(slots, pairs.keys, key)
        if slots[slot] == _NONE:
            slots[slot] = num_pairs
            pairs.keys[num_pairs], pairs.weights[num_pairs], pairs.lengths[num_pairs] = key, 0.0, 0
            num_pairs += 1
        pair = slots[slot]
        places.pair_at[place] = pair
        pairs.weights[pair] += places.shares[beyond]
        pairs.lengths[pair] += 1
        if num_pairs == len(pairs.keys):
            pairs = _twice(pairs)
            slots = np.full(2 * len(slots), _NONE, np.int64)
            for number in range(num_pairs):
                slots[_slot(slots, pairs.keys, pairs.keys[number])] = number
    used = 0
    for pair in range(num_pairs):
        pairs.firsts[pair] = used
        used += pairs.lengths[pair]
        pairs.lengths[pair] = 0
    for place in range(len(places.symbols)):
        pair = places.pair_at[place]
        if pair != _NONE:
            pool[pairs.firsts[pair] + pairs.lengths[pair]] = place
            pairs.lengths[pair] += 1
    return pairs, num_pairs


@numba.njit(cache=True, nogil=True)
def _slot(slots: Starts, keys: Starts, key: Any) -> Any:
    mask = len(slots) - 1
    mixed = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    slot = np.int64((mixed ^ (mixed >> np.uint64(29))) & np.uint64(mask))
    while slots[slot] != _NONE and keys[slots[slot]] != key:
        slot = (slot + 1) & mask
    return slot


@numba.njit(cache=True, nogil=True)
def _weight(places: _Places, pairs: _Pairs, pair: int, pool: Symbols) -> Any:
    """What a pair weighs now. Of a symbol with itself: in each run, the most that places without overlap weigh."""
    if pairs.keys[pair] >> 32 != pairs.keys[pair] & 0xFFFFFFFF:
        return pairs.weights[pair]
    total, with_last, without_last = 0.0, 0.0, 0.0
    beyond = _NONE
    for entry in range(pairs.firsts[pair], pairs.firsts[pair] + pairs.lengths[pair]):
        place = pool[entry]
        if places.pair_at[place] != pair:
            continue
        if place != beyond:
            total += max(with_last, without_last)
            with_last = without_last = 0.0
        beyond = places.following[place]
        with_last, without_last = without_last + places.shares[beyond], max(with_last, without_last)
    return total + max(with_last, without_last)


@numba.njit(cache=True, nogil=True)
def _join(places: _Places, pairs: _Pairs, pair: int, pool: Symbols, new: Any, merged: Symbols) -> int:
    """Join all places of a pair into `merged`, and end the pairs around them; how many there were."""
    num_merged = 0
    for entry in range(pairs.firsts[pair], pairs.firsts[pair] + pairs.lengths[pair]):
        place = pool[entry]
        if places.pair_at[place] != pair:
            continue
        other = places.following[place]
        beyond = places.following[other]
        if places.preceding[place] != _NONE:
            _end(places, pairs, places.preceding[place], place)
        if beyond != _NONE:
            _end(places, pairs, other, beyond)
            places.preceding[beyond] = place
        places.following[place] = beyond
        places.symbols[place], places.symbols[other] = new, _NONE
        places.pair_at[place] = _NONE
        merged[num_merged] = place
        num_merged += 1
    pairs.weights[pair] = 0.0
    return num_merged


@numba.njit(cache=True, nogil=True)
def _end(places: _Places, pairs: _Pairs, place: int, beyond: int) -> None:
    ended = places.pair_at[place]
    if ended != _NONE:
        pairs.weights[ended] -= places.shares[beyond]
        places.pair_at[place] = _NONE


@numba.njit(cache=True, nogil=True)
def _new_start(places: _Places, place: int, side: int, new: int) -> Any:
    """Where the new pair on the left (0) or right (1) of a joined place begins; -1 where there is none.

    Where two joined places are neighbors, their pair is the right one of the first.
    """
    start = places.preceding[place] if side == 0 else place
    if start == _NONE or (side == 0 and places.symbols[start] == new):
        return np.int32(_NONE)
    return start if places.following[start] != _NONE else np.int32(_NONE)


@numba.njit(cache=True, nogil=True)
def _count_new(
    places: _Places, pairs: _Pairs, num_pairs: int, merged: Symbols, new: Any, neighbors: Any
) -> tuple[_Pairs, int]:
    """Weights and numbers of places of the pairs that the new symbol makes with its neighbors."""
    for place in merged:
        for side in range(2):
            start = _new_start(places, place, side, new)
            if start == _NONE:
                continue
            beyond = places.following[start]
            neighbor = places.symbols[start] if side == 0 else places.symbols[beyond]
            if neighbors[side, neighbor] == _NONE:
                if num_pairs == len(pairs.keys):
                    pairs = _twice(pairs)
                neighbors[side, neighbor] = num_pairs
                pairs.keys[num_pairs] = (np.int64(places.symbols[start]) << 32) | np.int64(
                    places.symbols[beyond]
                )
                pairs.weights[num_pairs], pairs.lengths[num_pairs] = 0.0, 0
                num_pairs += 1
            pairs.weights[neighbors[side, neighbor]] += places.shares[beyond]
            pairs.lengths[neighbors[side, neighbor]] += 1
    return pairs, num_pairs


@numba.njit(cache=True, nogil=True)
def _place_new(
    places: _Places, pairs: _Pairs, merged: Symbols, new: Any, neighbors: Any, pool: Symbols
) -> None:
    """Put the places of the new pairs into the pool."""
    for place in merged:
        for side in range(2):
            start = _new_start(places, place, side, new)
            if start == _NONE:
                continue
            symbol = places.symbols[start] if side == 0 else places.symbols[places.following[start]]
            number = neighbors[side, symbol]
            if pairs.lengths[number] != _NONE:
                pool[pairs.firsts[number] + pairs.lengths[number]] = start
                pairs.lengths[number] += 1
                places.pair_at[start] = number


@numba.njit(cache=True, nogil=True)
def _twice(pairs: _Pairs) -> _Pairs:
    return _Pairs(_longer(pairs.keys), _longer(pairs.weights), _longer(pairs.firsts), _longer(pairs.lengths))


@numba.njit(cache=True, nogil=True)
def _longer(array: Any) -> Any:
    """Twice as long, with the same beginning."""
    longer = np.empty(2 * len(array), array.dtype)
    longer[: len(array)] = array
    return longer


@numba.njit(cache=True, nogil=True)
def _heap_of(pairs: _Pairs, num_pairs: int) -> tuple[_Heap, int]:
    heap = _Heap(np.zeros(num_pairs + 16, np.float64), np.zeros(num_pairs + 16, np.int64))
    heap.weights[:num_pairs], heap.pairs[:num_pairs] = pairs.weights[:num_pairs], np.arange(num_pairs)
    for place in range(num_pairs // 2 - 1, -1, -1):
        _sift_down(heap, pairs, num_pairs, place)
    return heap, num_pairs


@numba.njit(cache=True, nogil=True)
def _room(heap: _Heap, heaped: int) -> _Heap:
    return _Heap(_longer(heap.weights), _longer(heap.pairs)) if heaped == len(heap.pairs) else heap


@numba.njit(cache=True, nogil=True)
def _drop_first(heap: _Heap, pairs: _Pairs, heaped: int) -> int:
    heaped -= 1
    heap.weights[0], heap.pairs[0] = heap.weights[heaped], heap.pairs[heaped]
    _sift_down(heap, pairs, heaped, 0)
    return heaped


@numba.njit(cache=True, nogil=True)
def _before(pairs: _Pairs, weight: float, pair: int, other_weight: float, other: int) -> bool:
    """Whether a pair comes out of the heap before another: it is heavier, or as heavy with lower symbols."""
    return weight > other_weight or (weight == other_weight and pairs.keys[pair] < pairs.keys[other])


@numba.njit(cache=True, nogil=True)
def _sift_down(heap: _Heap, pairs: _Pairs, heaped: int, place: int) -> None:
    weight, pair = heap.weights[place], heap.pairs[place]
    while True:
        child = 2 * place + 1
        if child >= heaped:
            break
        other = child + 1
        if other < heaped and _before(
            pairs, heap.weights[other], heap.pairs[other], heap.weights[child], heap.pairs[child]
        ):
            child = other
        if _before(pairs, weight, pair, heap.weights[child], heap.pairs[child]):
            break
        heap.weights[place], heap.pairs[place] = heap.weights[child], heap.pairs[child]
        place = child
    heap.weights[place], heap.pairs[place] = weight, pair


@numba.njit(cache=True, nogil=True)
def _sift_up(heap: _Heap, pairs: _Pairs, place: int) -> None:
    weight, pair = heap.weights[place], heap.pairs[place]
    while place:
        parent = (place - 1) // 2
        if _before(pairs, heap.weights[parent], heap.pairs[parent], weight, pair):
            break
        heap.weights[place], heap.pairs[place] = heap.weights[parent], heap.pairs[parent]
        place = parent
    heap.weights[place], heap.pairs[place] = weight, pair
