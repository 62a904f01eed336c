"""Pieces that join whole words: frequent neighbors, as in "in the year", for bases that know no borders of words.

SentencePiece joins across a space where a piece spells the join. Phrases come after all pieces within words, so words
are cut as they are without them, and only then joined: boundaries within words do not move. Byte-level bases cut text
into words before they join anything, so phrases are nothing for them.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl

from tokenization.arabic_script import word_class
from tokenization.learning import learn

MOST_WORDS = 50_000_000
"""Words of running text that there should be at most: the kernel holds some forty bytes for each."""


def learn_phrases(
    texts: Iterable[pl.Series], words: Sequence[str], num_phrases: int
) -> list[tuple[str, str]]:
    """The two parts of each phrase, in merge order; parts are words or earlier phrases, with the space before them.

    Fewer than `num_phrases` come back where nothing stands side by side more than once.

    Args:
        texts: Running text, some documents at a time.
        words: Words that are one piece, each with a space before it. Only they are joined, and only across one space.
        num_phrases: How many to learn.
    """
    known = pl.DataFrame(
        {"word": words, "symbol": np.arange(len(words), dtype=np.int32)}, schema_overrides={"word": pl.String}
    )
    symbols, lengths = [], []
    for documents in texts:
        found, runs = _runs(documents, known)
        symbols.append(found)
        lengths.append(runs)
    if not any(map(len, symbols)):
        return []
    starts = np.concatenate([[0], np.cumsum(np.concatenate(lengths))]).astype(np.int64)
    merges = learn(
        np.concatenate(symbols),
        starts,
        np.ones(len(starts) - 1),
        len(words),
        num_phrases,
        minimum_weight=2.0,
    )
    spelled = list(words)
    phrases: dict[str, tuple[str, str]] = {}  # two ways to join the same words are one phrase
    for left, right in zip(merges.left.tolist(), merges.right.tolist(), strict=True):
        spelled.append(spelled[left] + spelled[right])
        phrases.setdefault(spelled[-1], (spelled[left], spelled[right]))
    return list(phrases.values())


def _runs(documents: pl.Series, known: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Known words that stand side by side, one space between, as symbols int32[n], and how many each run has."""
    words = f" [{word_class()}]+"
    runs = (" " + documents.rename("word")).str.extract_all(f"(?:{words})+").explode().drop_nulls()
    each = runs.str.extract_all(words)
    run = np.repeat(np.arange(len(each)), each.list.len().to_numpy())
    symbols = (
        pl.DataFrame({"word": each.explode(empty_as_null=False)})
        .join(known, on="word", how="left", maintain_order="left")["symbol"]
        .fill_null(-1)
        .to_numpy()
    )
    inside = symbols >= 0
    part = (run + np.cumsum(~inside))[
        inside
    ]  # rises with every new run and with every word that is not known
    first = np.flatnonzero(np.diff(part, prepend=-1) != 0)
    return symbols[inside].astype(np.int32), np.diff(np.append(first, inside.sum()))
