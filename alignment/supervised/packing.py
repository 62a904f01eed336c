"""Which conversations share a sequence, and in which order sequences are read."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Packs:
    """Sequences of a run in the order in which they are read.

    Attributes:
        members: Numbers of the conversations, those of one sequence side by side.
        starts: Where each sequence begins in `members`, and where the last one ends.
    """

    members: Numbers
    starts: Numbers

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, number: int) -> Numbers:
        """Conversations of a sequence; of one beyond the last, none."""
        if number >= len(self):
            return self.members[:0]
        return self.members[self.starts[number] : self.starts[number + 1]]


def make_packs(
    lengths: Numbers, weights: NDArray[np.float64], *, capacity: int, epochs: int, seed: int, packing: bool
) -> Packs:
    """Sequences of all epochs, each shuffled; conversation i is read about `weights[i]` times in each.

    Without `packing` each sequence holds one conversation.
    """
    members: list[Numbers] = []
    sizes: list[Numbers] = []
    drawn = np.random.default_rng(seed)
    chance = drawn.random(len(lengths))
    for epoch in range(epochs):
        numbers = drawn.permutation(copies(weights, chance, epoch))
        place = pack(lengths[numbers], capacity) if packing else np.arange(len(numbers))
        order = drawn.permutation(int(place.max()) + 1) if len(place) else place
        rank = order[place]
        by_sequence = np.argsort(rank, kind="stable")
        members.append(numbers[by_sequence])
        sizes.append(np.bincount(rank))
    every = np.concatenate(sizes).astype(np.int64)
    return Packs(np.concatenate(members), np.concatenate(([0], np.cumsum(every))).astype(np.int64))


def copies(weights: NDArray[np.float64], chance: NDArray[np.float64], epoch: int) -> Numbers:
    """Numbers of what an epoch (from 0) reads, as often as it reads them.

    After any number of epochs each was read as often as its weight says, rounded up or down; which way, `chance` (from
    0 to 1) decides.

    >>> weights, chance = np.array([1.0, 0.5, 2.0]), np.array([0.3, 0.6, 0.0])
    >>> [copies(weights, chance, epoch).tolist() for epoch in range(2)]
    [[0, 1, 2, 2], [0, 2, 2]]
    """
    times = np.floor(weights * (epoch + 1) + chance) - np.floor(weights * epoch + chance)
    return np.repeat(np.arange(len(weights)), times.astype(np.int64))


def pack(lengths: Numbers, capacity: int) -> Numbers:
    """Number of the sequence that each conversation goes into: best fit, the longest first.

    A conversation goes where it leaves the least room. Sequences of the same room form a stack, and the rooms that any
    sequence has are the bits of one integer, so that the tightest one is found in a few machine words.

    >>> pack(np.array([3, 6, 2, 5, 4]), 10).tolist()
    [1, 0, 1, 1, 0]
    """
    assert len(lengths) == 0 or lengths.max() <= capacity
    places = np.empty(len(lengths), np.int64)
    stacks: list[list[int]] = [[] for _ in range(capacity + 1)]
    rooms, used = 0, 0
    for number in np.argsort(-lengths, kind="stable").tolist():
        length = int(lengths[number])
        fitting = rooms >> length
        if fitting:
            room = length + (fitting & -fitting).bit_length() - 1
            sequence = stacks[room].pop()
            if not stacks[room]:
                rooms ^= 1 << room
        else:
            room, sequence = capacity, used
            used += 1
        left = room - length
        stacks[left].append(sequence)
        rooms |= 1 << left
        places[number] = sequence
    return places
