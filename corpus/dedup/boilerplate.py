"""Lines that many documents share: their keys, which of them are boilerplate, and texts without them."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt
import polars as pl

from corpus.dedup.key_ranges import KeyRanges
from corpus.dedup.settings import Boilerplate
from corpus.dedup.xxhash_kernels import xxh64
from corpus.fold.kernel import fold_buffers
from corpus.text_buffers import Bytes, Offsets, TextBuffers, from_buffers, to_buffers

Keys = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]


class LineKeys(NamedTuple):
    """Lines that could be boilerplate, in order, each key once a document.

    Document numbers and keys, one per line.
    """

    documents: Numbers
    keys: Keys


class Removed(NamedTuple):
    """Texts without boilerplate, and the number of lines that each lost."""

    texts: pl.Series
    lines: Numbers


class _Lines(NamedTuple):
    buffers: TextBuffers  # the lines, each with the line feed that ends it
    first: Numbers  # of each document, and at the end the number of lines
    keys: Keys
    long: npt.NDArray[np.bool_]  # enough words to be boilerplate


def line_keys(texts: pl.Series, settings: Boilerplate) -> LineKeys:
    """XXH64 of the folded text of every line with at least `minimum_words` words."""
    lines = _cut(texts, settings)
    documents = np.repeat(np.arange(len(texts)), np.diff(lines.first))
    found = pl.DataFrame({"document": documents[lines.long], "key": lines.keys[lines.long]})
    found = found.unique(maintain_order=True)
    return LineKeys(found["document"].to_numpy(), found["key"].to_numpy())


def repeated_lines(pieces: Iterable[Keys], settings: Boilerplate, directory: Path | None = None) -> Keys:
    """Sorted keys of the lines that at least `minimum_documents` documents have.

    The keys come in pieces, each key once a document; what does not fit in memory waits in files in `directory`.
    """
    found = [np.empty(0, np.uint64)]
    with KeyRanges(1, directory) as spread:
        for keys in pieces:
            spread.add(keys[:, np.newaxis])
        for records in spread.ranges():
            keys = np.sort(records[:, 0])
            starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])[: len(keys)])
            counts = np.diff(np.append(starts, len(keys)))
            found.append(keys[starts[counts >= settings.minimum_documents]])
    return np.concatenate(found)


def remove_lines(texts: pl.Series, keys: Keys, settings: Boilerplate) -> Removed:
    """Remove every line whose key is among the sorted `keys`, but leave documents whole that are little else.

    What would leave no visible text stays whole too, whatever `maximum_share` says.
    Where lines went, the blank lines around them become one, and none is left at the start or the end; a
    text that loses no line stays as it is, byte for byte.
    """
    lines = _cut(texts, settings)
    place = np.searchsorted(keys, lines.keys)
    place[place == len(keys)] = 0
    removed = lines.long & (keys[place] == lines.keys) if len(keys) else np.zeros(len(lines.keys), np.bool_)
    sizes = np.diff(lines.buffers.offsets)
    mostly = _per_document(removed * sizes, lines.first) > settings.maximum_share * _per_document(
        sizes, lines.first
    )
    removed &= ~np.repeat(mostly, np.diff(lines.first))
    counts = _per_document(removed.astype(np.int64), lines.first)
    if not removed.any():
        return Removed(texts, counts)
    data, offsets = _without(lines.buffers.data, lines.buffers.offsets, lines.first, removed)
    rest = from_buffers(TextBuffers(data, offsets))
    counts[(rest.str.strip_chars() == "").fill_null(value=False).to_numpy()] = 0
    kept = pl.DataFrame({"text": texts, "rest": rest, "lost": counts}).select(
        pl.when(pl.col("lost") > 0).then("rest").otherwise("text").alias(texts.name)
    )
    return Removed(kept.to_series(), counts)


def _per_document(of_lines: Numbers, first: Numbers) -> Numbers:
    return np.add.reduceat(np.append(of_lines, 0), first)[:-1]


def _cut(texts: pl.Series, settings: Boilerplate) -> _Lines:
    buffers = to_buffers(texts)
    offsets, first = _line_offsets(buffers.data, buffers.offsets)
    lines = TextBuffers(buffers.data, offsets)
    folded = fold_buffers(lines)
    keys, long = _hash_lines(folded.data, folded.offsets, settings.minimum_words)
    return _Lines(lines, first, keys, long)


@numba.njit(cache=True, nogil=True)
def _line_offsets(data: Bytes, offsets: Offsets) -> tuple[Offsets, Numbers]:
    """Cut texts after each line feed; what follows the last one, even if nothing, is a line too."""
    count = len(offsets) - 1
    for position in range(offsets[0], offsets[-1]):
        count += data[np.uint64(position)] == 0x0A
    cuts = np.empty(count + 1, np.int64)
    first = np.empty(len(offsets), np.int64)
    line = 0
    for text in range(len(offsets) - 1):
        first[text] = line
        cuts[line] = offsets[text]
        line += 1
        for position in range(offsets[text], offsets[text + 1]):
            if data[np.uint64(position)] == 0x0A:
                cuts[line] = position + 1
                line += 1
    first[-1] = line
    cuts[line] = offsets[-1]
    return cuts, first


@numba.njit(cache=True, nogil=True)
def _hash_lines(data: Bytes, offsets: Offsets, minimum_words: int) -> tuple[Keys, npt.NDArray[np.bool_]]:
    keys = np.zeros(len(offsets) - 1, np.uint64)
    long = np.zeros(len(offsets) - 1, np.bool_)
    for line in range(len(offsets) - 1):
        words = np.int64(offsets[line] < offsets[line + 1])
        for position in range(offsets[line], offsets[line + 1]):
            words += data[np.uint64(position)] == 0x20
        if words >= minimum_words:
            long[line] = True
            keys[line] = xxh64(data, offsets[line], offsets[line + 1])
    return keys, long


@numba.njit(cache=True, nogil=True)
def _without(
    data: Bytes, lines: Offsets, first: Numbers, removed: npt.NDArray[np.bool_]
) -> tuple[Bytes, Offsets]:
    out = np.empty(lines[-1] - lines[0], np.uint8)
    offsets = np.zeros(len(first), np.int64)
    at = 0
    for text in range(len(first) - 1):
        closing = False  # whether only blank lines came since the last removed line
        after_blank = True  # whether the last kept line is blank, or there is none
        solid = at  # end of the last kept line that is not blank
        for line in range(first[text], first[text + 1]):
            if removed[line]:
                closing = True
                continue
            blank = _is_blank(data, lines[line], lines[line + 1])
            if closing and blank and after_blank:
                continue
            out[at : at + lines[line + 1] - lines[line]] = data[lines[line] : lines[line + 1]]
            at += lines[line + 1] - lines[line]
            closing = closing and blank
            after_blank = blank
            if not blank:
                solid = at
        if closing:
            at = solid
            if at > offsets[text] and out[at - 1] == 0x0A:
                at -= 1
        offsets[text + 1] = at
    return out[:at], offsets


@numba.njit(cache=True, nogil=True)
def _is_blank(data: Bytes, start: int, end: int) -> bool:
    for position in range(start, end):  # noqa: SIM110 -- numba has no all()
        if not (data[position] == 0x20 or 0x09 <= data[position] <= 0x0D):
            return False
    return True
