"""tiktoken's ranks as merges: the same joins in the same order, of which a tokenizer.json holds one for each piece."""

from collections.abc import Mapping
from itertools import pairwise

Ranks = Mapping[bytes, int]
Merge = tuple[bytes, bytes]


def to_merges(ranks: Ranks) -> list[Merge]:
    """The merges that make tiktoken's pieces, in the order of their ranks.

    tiktoken joins any two neighbors whose join is a piece, lowest rank first. A piece that its own bytes reach
    through lower ranks is always joined from the same two parts, so one merge stands for it; by induction on ranks
    no text can bring another pair of its parts side by side. A piece that they do not reach (some bases have a few,
    which whole words look up) takes every pair of parts, in the order of their ranks.

    >>> to_merges({b"a": 0, b"b": 1, b"ab": 2, b"abab": 3, b"aba": 4})
    [(b'a', b'b'), (b'ab', b'ab'), (b'ab', b'a')]
    """
    merges: list[Merge] = []
    for piece in sorted((piece for piece in ranks if len(piece) > 1), key=ranks.__getitem__):
        parts = cut(piece, ranks, below=ranks[piece])
        if len(parts) == 2:
            merges.append((parts[0], parts[1]))
        else:
            merges += _pairs(piece, ranks)
    return merges


def cut(data: bytes, ranks: Ranks, below: int) -> list[bytes]:
    """Cut bytes as tiktoken does with the ranks below a limit: always the leftmost of the lowest rank.

    >>> cut(b"abab", {b"a": 0, b"b": 1, b"ab": 2, b"abab": 3}, below=3)
    [b'ab', b'ab']
    """
    parts = [data[place : place + 1] for place in range(len(data))]
    while len(parts) > 1:
        rank, place = min(
            (ranks.get(left + right, below), place) for place, (left, right) in enumerate(pairwise(parts))
        )
        if rank >= below:
            break
        parts[place : place + 2] = [parts[place] + parts[place + 1]]
    return parts


def _pairs(piece: bytes, ranks: Ranks) -> list[Merge]:
    splits = [(piece[:place], piece[place:]) for place in range(1, len(piece))]
    known = [split for split in splits if split[0] in ranks and split[1] in ranks]
    return sorted(known, key=lambda split: (ranks[split[0]], ranks[split[1]]))
