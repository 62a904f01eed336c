"""Which requests share computation: pure functions over token ids."""

from collections.abc import Sequence
from dataclasses import dataclass

Tokens = tuple[int, ...]

MIN_SHARED = 32
"""Tokens that a prefix must have at least to be worth a cache of its own."""

_KEPT = 0.8
"""Share of a group's prefix that the next context must have in common with it."""


@dataclass(frozen=True, slots=True)
class Branching:
    """A context and the continuations that branch off after it.

    Attributes:
        context: Token ids of the context, at least one.
        branches: Token ids of each continuation, all different.
        requests: For each branch, the numbers of the requests that ask for it.
    """

    context: Tokens
    branches: tuple[Tokens, ...]
    requests: tuple[tuple[int, ...], ...]

    @property
    def length(self) -> int:
        """Tokens that the model reads: the last of each branch is only predicted."""
        return len(self.context) + sum(len(branch) - 1 for branch in self.branches)

    @property
    def deepest(self) -> int:
        """Tokens of the longest single sequence."""
        return len(self.context) + max(len(branch) for branch in self.branches) - 1


@dataclass(frozen=True, slots=True)
class Group:
    """Contexts that open with the same `shared` tokens."""

    shared: int
    members: tuple[Branching, ...]


def branchings(requests: Sequence[tuple[Tokens, Tokens]]) -> list[Branching]:
    """Requests (context, continuation) with equal contexts become one; in the order of first mention."""
    found: dict[Tokens, dict[Tokens, list[int]]] = {}
    for number, (context, continuation) in enumerate(requests):
        found.setdefault(context, {}).setdefault(continuation, []).append(number)
    return [
        Branching(context, tuple(branches), tuple(tuple(numbers) for numbers in branches.values()))
        for context, branches in found.items()
    ]


def groups(members: Sequence[Branching], min_shared: int = MIN_SHARED) -> list[Group]:
    """Cut the members, sorted by their tokens, into groups with a common prefix; the rest is one group with none.

    A prefix always leaves at least one token of every context to be read after it.
    """
    ordered = sorted(members, key=lambda member: member.context)
    found: list[Group] = []
    alone: list[Branching] = []
    start = 0
    while start < len(ordered):
        end, shared = start + 1, len(ordered[start].context) - 1
        while end < len(ordered):
            common = min(_common(ordered[start].context, ordered[end].context), len(ordered[end].context) - 1)
            common = min(common, shared)
            if common < min_shared or (end > start + 1 and common < _KEPT * shared):
                break
            shared, end = common, end + 1
        if end - start > 1:
            found.append(Group(shared, tuple(ordered[start:end])))
        else:
            alone.append(ordered[start])
        start = end
    return found + ([Group(0, tuple(alone))] if alone else [])


def _common(left: Tokens, right: Tokens) -> int:
    """Number of equal tokens at the start."""
    shortest = min(len(left), len(right))
    return next((place for place in range(shortest) if left[place] != right[place]), shortest)
