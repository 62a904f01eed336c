"""How much of a document repeats itself: Gopher's n-gram and line measures, in time linear in its words."""

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from corpus.word_keys import followed_by

Keys = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]

LONGEST = 10


class Scratch(NamedTuple):
    """An open-addressing table that is never cleared: a slot is in use when its turn is the current one."""

    keys: Keys
    turns: Numbers
    counts: Numbers
    seen: Numbers


@numba.njit(cache=True, nogil=True)
def new_scratch(num_entries: int) -> Scratch:
    """A table that is at most half full with so many entries."""
    slots = 64
    while slots < 2 * num_entries:
        slots *= 2
    return Scratch(
        np.zeros(slots, np.uint64),
        np.zeros(slots, np.int64),
        np.zeros(slots, np.int64),
        np.zeros(slots, np.int64),
    )


@numba.njit(cache=True, nogil=True)
def _count(key: np.uint64, turn: int, scratch: Scratch, last: int) -> np.int64:
    """Count this key; the answer is its slot."""
    slot = np.int64(key >> np.uint64(20)) & last
    while scratch.turns[slot] == turn and scratch.keys[slot] != key:
        slot = (slot + 1) & last
    if scratch.turns[slot] != turn:
        scratch.turns[slot], scratch.keys[slot], scratch.counts[slot] = turn, key, 0
    scratch.counts[slot] += 1
    return slot


@numba.njit(cache=True, nogil=True)
def slots_needed(num_entries: int) -> int:
    """The last slot that so many entries use: small texts stay in a small part of the table."""
    slots = 64
    while slots < 2 * num_entries:
        slots *= 2
    return slots - 1


@numba.njit(cache=True, nogil=True)
def repeated(keys: Keys, sizes: Numbers, num: int, turn: int, scratch: Scratch) -> tuple[int, int]:
    """How many of the first `num` keys stood before, and the sum of their sizes."""
    times, size, last = 0, 0, slots_needed(num)
    for index in range(num):
        if scratch.counts[_count(keys[index], turn, scratch, last)] > 1:
            times += 1
            size += sizes[index]
    return times, size


@numba.njit(cache=True, nogil=True)
def ngram_repetition(
    words: Keys,
    letters_before: Numbers,
    stops: npt.NDArray[np.uint8],
    num_words: int,
    turn: int,
    scratch: Scratch,
) -> npt.NDArray[np.int64]:
    """Repetition of word n-grams, n = 1 to 10, by n.

    Entry 1 is how often the most frequent word stands that is no stop word and has three letters or more;
    entries 2 to 4 the letters in the most frequent n-gram that stands twice or more (the longest of equally
    frequent ones); entries 5 to 10 the letters in n-grams that stood before, where those found do not overlap
    each other (Rae et al. 2021, appendix A.1.1).

    An n-gram can only repeat where the (n-1)-gram it starts with repeats: each length looks at the places
    that the one before it left, so prose costs little more than its words and pairs of words. Uses the turns
    from `turn` to `turn + 9`.
    """
    found = np.zeros(LONGEST + 1, np.int64)
    grams = np.empty(num_words, np.uint64)
    slots = np.empty(num_words, np.int64)
    places = np.arange(num_words)
    num_places, last = num_words, slots_needed(num_words)
    for size in range(1, LONGEST + 1):
        top, top_letters, counted = 0, 0, 0
        for place in places[:num_places]:
            if place + size > num_words:
                continue
            gram = words[place] if size == 1 else followed_by(grams[place], words[place + size - 1])
            slot = _count(gram, turn, scratch, last)
            grams[place], slots[place], places[counted] = gram, slot, place
            counted += 1
            count, letters = scratch.counts[slot], letters_before[place + size] - letters_before[place]
            if size == 1 and (stops[place] or letters < 3):
                continue
            if count > top or (count == top and letters > top_letters):
                top, top_letters = count, letters
        num_places = 0
        for place in places[:counted]:
            if scratch.counts[slots[place]] > 1:
                places[num_places] = place
                num_places += 1
        if size == 1:
            found[1] = top
        elif size <= 4:
            found[size] = top * top_letters if top > 1 else 0
        else:
            found[size] = _letters_that_stood_before(
                places[:num_places], slots, size, letters_before, turn, scratch
            )
        turn += 1
        if num_places == 0:
            break
    return found


@numba.njit(cache=True, nogil=True)
def _letters_that_stood_before(
    places: Numbers, slots: Numbers, size: int, letters_before: Numbers, turn: int, scratch: Scratch
) -> int:
    letters, free_from = 0, 0
    for place in places:
        if place < free_from:
            continue
        slot = slots[place]
        if scratch.seen[slot] == turn:
            letters += letters_before[place + size] - letters_before[place]
            free_from = place + size
        else:
            scratch.seen[slot] = turn
    return letters
