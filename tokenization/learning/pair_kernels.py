"""The learner's kernel: every pair knows its places, and every place its pair.

All places of a pair come into being in one step, that which made the younger of its two symbols. So a pair's places lie
side by side in one pool in text order, its weight is complete at once and only falls from then on, and a heap whose
entries may be too heavy finds the heaviest: an entry that turns out lighter goes back with what it weighs.
A merge ends one symbol and begins at most two new places, so the pool needs three times the symbols.
"""

from typing import Any

import numba
import numpy as np

from tokenization.learning.merges import Starts, Symbols, Weights

_NONE = -1


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
    following, preceding, word_of = _chain(starts, size)
    pool = np.empty(3 * size + 1, np.int32)
    pair_at, keys, weights, firsts, lengths = _initial_pairs(
        symbols, following, word_of, counts, joints, pool
    )
    num_pairs, used = len(keys), 0
    for pair in range(num_pairs):
        used += lengths[pair]

    heap_weights, heap_pairs = weights.copy(), np.arange(num_pairs)
    heaped = num_pairs
    for place in range(heaped // 2 - 1, -1, -1):
        _sift_down(heap_weights, heap_pairs, keys, heaped, place)

    left = np.empty(num_merges, np.int32)
    right = np.empty(num_merges, np.int32)
    merged_weights = np.empty(num_merges, np.float64)
    merged = np.empty(size + 1, np.int32)  # places of the current merge
    # For each symbol the new pairs that it makes as left and as right neighbor of the current merge's symbol.
    before = np.full(num_symbols + num_merges, _NONE, np.int64)
    after = np.full(num_symbols + num_merges, _NONE, np.int64)
    made = 0
    while made < num_merges and heaped:
        pair = heap_pairs[0]
        first, end = firsts[pair], firsts[pair] + lengths[pair]
        a, b = np.int32(keys[pair] >> 32), np.int32(keys[pair] & 0xFFFFFFFF)
        weight = weights[pair]
        if a == b:
            weight = _apart(pool, first, end, pair_at, pair, following, word_of, counts, joints)
        if weight < heap_weights[0]:
            if weight > 0 and weight >= minimum:
                heap_weights[0] = weight
            else:
                heaped -= 1
                heap_weights[0], heap_pairs[0] = heap_weights[heaped], heap_pairs[heaped]
            _sift_down(heap_weights, heap_pairs, keys, heaped, 0)
            continue
        if weight <= 0 or weight < minimum:
            break
        heaped -= 1
        heap_weights[0], heap_pairs[0] = heap_weights[heaped], heap_pairs[heaped]
        _sift_down(heap_weights, heap_pairs, keys, heaped, 0)

        new = np.int32(num_symbols + made)
        left[made], right[made], merged_weights[made] = a, b, weight
        made += 1

        # Join all places; the pairs around them end.
        num_merged = 0
        for entry in range(first, end):
            place = pool[entry]
            if pair_at[place] != pair:
                continue
            count = counts[word_of[place]]
            other = following[place]
            if preceding[place] != _NONE:
                ended = pair_at[preceding[place]]
                if ended != _NONE:
                    weights[ended] -= count * joints[place]
                    pair_at[preceding[place]] = _NONE
            beyond = following[other]
            if beyond != _NONE:
                ended = pair_at[other]
                if ended != _NONE:
                    weights[ended] -= count * joints[beyond]
                    pair_at[other] = _NONE
                preceding[beyond] = place
            following[place] = beyond
            symbols[place], symbols[other] = new, _NONE
            pair_at[place] = _NONE
            merged[num_merged] = place
            num_merged += 1
        weights[pair] = 0.0

        # The new neighbors make new pairs: first their weights and numbers of places, then the places.
        fresh = num_pairs
        for index in range(num_merged):
            place = merged[index]
            count = counts[word_of[place]]
            for side in range(2):
                start = preceding[place] if side == 0 else place
                if start == _NONE or (side == 0 and symbols[start] == new):
                    continue  # that is the right side of the place before
                beyond = following[start]
                if beyond == _NONE:
                    continue
                table = before if side == 0 else after
                neighbor = symbols[start] if side == 0 else symbols[beyond]
                if table[neighbor] == _NONE:
                    if num_pairs == len(keys):
                        keys, weights = _longer(keys), _longer(weights)
                        firsts, lengths = _longer(firsts), _longer(lengths)
                    table[neighbor] = num_pairs
                    keys[num_pairs] = (np.int64(symbols[start]) << 32) | np.int64(symbols[beyond])
                    weights[num_pairs], lengths[num_pairs] = 0.0, 0
                    num_pairs += 1
                weights[table[neighbor]] += count * joints[beyond]
                lengths[table[neighbor]] += 1
        for number in range(fresh, num_pairs):
            firsts[number] = used
            if weights[number] > 0 and weights[number] >= minimum:
                used += lengths[number]
                if heaped == len(heap_pairs):
                    heap_weights, heap_pairs = _longer(heap_weights), _longer(heap_pairs)
                heap_weights[heaped], heap_pairs[heaped] = weights[number], number
                _sift_up(heap_weights, heap_pairs, keys, heaped)
                heaped += 1
            else:
                lengths[number] = _NONE  # too light for ever: nothing needs to know its places
        for number in range(fresh, num_pairs):
            if lengths[number] != _NONE:
                lengths[number] = 0
        for index in range(num_merged):
            place = merged[index]
            for side in range(2):
                start = preceding[place] if side == 0 else place
                if start == _NONE or (side == 0 and symbols[start] == new):
                    continue
                beyond = following[start]
                if beyond == _NONE:
                    continue
                number = before[symbols[start]] if side == 0 else after[symbols[beyond]]
                if lengths[number] == _NONE:
                    continue
                pool[firsts[number] + lengths[number]] = start
                lengths[number] += 1
                pair_at[start] = number
        for number in range(fresh, num_pairs):
            a, b = keys[number] >> 32, keys[number] & 0xFFFFFFFF
            if b == new:
                before[a] = _NONE
            if a == new:
                after[b] = _NONE
    return left[:made], right[:made], merged_weights[:made]


@numba.njit(cache=True, nogil=True)
def _chain(starts: Starts, size: int) -> Any:
    """For each place the next and the one before in its word, or -1, and its word."""
    following = np.empty(size, np.int32)
    preceding = np.empty(size, np.int32)
    word_of = np.empty(size, np.int32)
    for word in range(len(starts) - 1):
        for place in range(starts[word], starts[word + 1]):
            following[place] = place + 1 if place + 1 < starts[word + 1] else _NONE
            preceding[place] = place - 1 if place > starts[word] else _NONE
            word_of[place] = word
    return following, preceding, word_of


@numba.njit(cache=True, nogil=True)
def _initial_pairs(
    symbols: Symbols,
    following: Symbols,
    word_of: Symbols,
    counts: Weights,
    joints: Weights,
    pool: Symbols,
) -> Any:
    """The pairs of the uncut words, by a hash table with open addressing; their places go to the pool."""
    slots = np.full(1 << 16, _NONE, np.int64)
    keys, weights = np.empty(1 << 15, np.int64), np.zeros(1 << 15, np.float64)
    lengths = np.zeros(1 << 15, np.int64)
    pair_at = np.full(len(symbols), _NONE, np.int32)
    num_pairs = 0
    for place in range(len(symbols)):
        if following[place] == _NONE:
            continue
        key = (np.int64(symbols[place]) << 32) | np.int64(symbols[place + 1])
        slot = _slot(slots, keys, key)
        if slots[slot] == _NONE:
            slots[slot] = num_pairs
            keys[num_pairs] = key
            num_pairs += 1
        pair = slots[slot]
        pair_at[place] = pair
        weights[pair] += counts[word_of[place]] * joints[place + 1]
        lengths[pair] += 1
        if num_pairs == len(keys):
            keys, weights, lengths = _longer(keys), _longer(weights), _longer(lengths)
            weights[num_pairs:], lengths[num_pairs:] = 0.0, 0
            slots = np.full(2 * len(slots), _NONE, np.int64)
            for number in range(num_pairs):
                slots[_slot(slots, keys, keys[number])] = number
    firsts = np.zeros(num_pairs, np.int64)
    used = 0
    for pair in range(num_pairs):
        firsts[pair] = used
        used += lengths[pair]
    lengths[:num_pairs] = 0
    for place in range(len(symbols)):
        pair = pair_at[place]
        if pair != _NONE:
            pool[firsts[pair] + lengths[pair]] = place
            lengths[pair] += 1
    return pair_at, keys[:num_pairs], weights[:num_pairs], firsts, lengths[:num_pairs]


@numba.njit(cache=True, nogil=True)
def _slot(slots: Starts, keys: Starts, key: Any) -> Any:
    mask = len(slots) - 1
    mixed = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    slot = np.int64((mixed ^ (mixed >> np.uint64(29))) & np.uint64(mask))
    while slots[slot] != _NONE and keys[slots[slot]] != key:
        slot = (slot + 1) & mask
    return slot


@numba.njit(cache=True, nogil=True)
def _apart(
    pool: Symbols,
    first: int,
    end: int,
    pair_at: Symbols,
    pair: int,
    following: Symbols,
    word_of: Symbols,
    counts: Weights,
    joints: Weights,
) -> float:
    """Weight of a symbol's pairs with itself: in a run, the most that places without overlap weigh."""
    total, with_last, without_last = 0.0, 0.0, 0.0
    beyond = _NONE
    for entry in range(first, end):
        place = pool[entry]
        if pair_at[place] != pair:
            continue
        if place != beyond:
            total += max(with_last, without_last)
            with_last = without_last = 0.0
        beyond = following[place]
        weight = counts[word_of[place]] * joints[beyond]
        with_last, without_last = without_last + weight, max(with_last, without_last)
    return total + max(with_last, without_last)


@numba.njit(cache=True, nogil=True)
def _longer(array: Any) -> Any:
    """Twice as long, with the same beginning."""
    longer = np.empty(max(2 * len(array), 16), array.dtype)
    longer[: len(array)] = array
    return longer


@numba.njit(cache=True, nogil=True)
def _sift_down(heap_weights: Weights, heap_pairs: Starts, keys: Starts, heaped: int, place: int) -> None:
    weight, pair = heap_weights[place], heap_pairs[place]
    while True:
        child = 2 * place + 1
        if child >= heaped:
            break
        other = child + 1
        if other < heaped and (
            heap_weights[other] > heap_weights[child]
            or (
                heap_weights[other] == heap_weights[child]
                and keys[heap_pairs[other]] < keys[heap_pairs[child]]
            )
        ):
            child = other
        if weight > heap_weights[child] or (
            weight == heap_weights[child] and keys[pair] < keys[heap_pairs[child]]
        ):
            break
        heap_weights[place], heap_pairs[place] = heap_weights[child], heap_pairs[child]
        place = child
    heap_weights[place], heap_pairs[place] = weight, pair


@numba.njit(cache=True, nogil=True)
def _sift_up(heap_weights: Weights, heap_pairs: Starts, keys: Starts, place: int) -> None:
    weight, pair = heap_weights[place], heap_pairs[place]
    while place:
        parent = (place - 1) // 2
        if heap_weights[parent] > weight or (
            heap_weights[parent] == weight and keys[heap_pairs[parent]] < keys[pair]
        ):
            break
        heap_weights[place], heap_pairs[place] = heap_weights[parent], heap_pairs[parent]
        place = parent
    heap_weights[place], heap_pairs[place] = weight, pair
