"""Words as the base cuts them: columns of ids on which learning goes on where the base's own merges stop."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Symbols = npt.NDArray[np.int32]
Starts = npt.NDArray[np.int64]
Counts = npt.NDArray[np.float64]

_AT_A_TIME = 2048  # words in one call of the tokenizers library; calls run side by side


class Words(NamedTuple):
    """Words laid end to end: word i is `symbols[starts[i]:starts[i + 1]]` and was seen `counts[i]` times."""

    symbols: Symbols
    starts: Starts
    counts: Counts

    def __len__(self) -> int:
        return len(self.counts)


def cut_words(definition: Mapping[str, Any], words: Sequence[str], counts: Counts) -> Words:
    """Cut words by merges alone: each is taken whole, whatever the pre-tokenizer would do.

    Args:
        definition: Content of a tokenizer.json.
        words: Words with the space before them, if they have one.
        counts: float64[words], how often each was seen.
    """
    from tokenizers import Tokenizer

    letters = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    bare = {"added_tokens": [], "normalizer": definition["normalizer"], "pre_tokenizer": letters}
    tokenizer = Tokenizer.from_str(
        json.dumps({"version": "1.0", "model": definition["model"]} | bare, ensure_ascii=False)
    )
    groups = [list(words[first : first + _AT_A_TIME]) for first in range(0, len(words), _AT_A_TIME)]
    symbols, lengths = [np.empty(0, np.int32)], [np.empty(0, np.int64)]
    for group, cut in zip(
        groups, tokenizer.encode_batch(groups, is_pretokenized=True, add_special_tokens=False), strict=True
    ):
        symbols.append(np.asarray(cut.ids, np.int32))
        lengths.append(np.bincount(np.asarray(cut.word_ids, np.int64), minlength=len(group)))
    starts = np.concatenate([[0], np.cumsum(np.concatenate(lengths))]).astype(np.int64)
    return Words(np.concatenate(symbols), starts, np.asarray(counts, np.float64))


def break_at(words: Words, joins: npt.NDArray[np.bool_]) -> Words:
    """Break words between two neighbors that may not join, and count what is then equal as one.

    Args:
        words: The words.
        joins: bool[symbols], whether a symbol may join the one before it; first symbols of words are not asked.

    Returns:
        The parts of two symbols or more, each once; the order is that of their first appearance.
    """
    begins = ~joins
    begins[words.starts[:-1][np.diff(words.starts) > 0]] = True
    starts = np.flatnonzero(begins)
    lengths = np.diff(np.append(starts, len(words.symbols)))
    owners = np.searchsorted(words.starts, starts, side="right") - 1
    kept = lengths > 1
    starts, lengths, counts = starts[kept], lengths[kept], words.counts[owners[kept]]
    keys = [
        words.symbols[first : first + length].tobytes() for first, length in zip(starts, lengths, strict=True)
    ]
    places: dict[bytes, int] = {}
    groups = np.fromiter((places.setdefault(key, len(places)) for key in keys), np.int64, len(keys))
    symbols = np.frombuffer(b"".join(places), np.int32)
    sizes = np.fromiter((len(key) // 4 for key in places), np.int64, len(places))
    return Words(
        symbols,
        np.concatenate([[0], np.cumsum(sizes)]),
        np.bincount(groups, counts, len(places)).astype(np.float64),
    )
