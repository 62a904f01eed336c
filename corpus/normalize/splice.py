"""Replace stretches of a text column: the untouched bytes are copied in long runs."""

import itertools
from collections.abc import Sequence

import numpy as np

from corpus.text_buffers import Offsets, TextBuffers


def splice(
    buffers: TextBuffers, starts: Offsets, ends: Offsets, replacements: Sequence[bytes | memoryview]
) -> TextBuffers:
    """Put `replacements[i]` where the bytes `starts[i]` to `ends[i]` of the column were.

    The stretches are not empty, in order, apart, and none crosses the border of two texts.

    >>> buffers = TextBuffers(np.frombuffer(b"one two", np.uint8), np.array([0, 3, 7]))
    >>> new = splice(buffers, np.array([0, 4]), np.array([3, 7]), [b"1", b"three"])
    >>> bytes(new.data), new.offsets.tolist()
    (b'1 three', [0, 1, 7])
    """
    first, last = int(buffers.offsets[0]), int(buffers.offsets[-1])
    view = np.ascontiguousarray(buffers.data).data
    kept_starts, kept_ends = [first, *ends.tolist()], [*starts.tolist(), last]
    kept = [view[start:end] for start, end in zip(kept_starts, kept_ends, strict=True)]
    pairs = itertools.zip_longest(kept, replacements, fillvalue=b"")
    data = b"".join(itertools.chain.from_iterable(pairs))
    lengths = np.fromiter(map(len, replacements), np.int64, len(replacements))
    growth = np.concatenate([[0], np.cumsum(lengths - (ends - starts))])
    offsets = buffers.offsets - first + growth[np.searchsorted(ends, buffers.offsets, side="right")]
    return TextBuffers(np.frombuffer(data, np.uint8), offsets)
