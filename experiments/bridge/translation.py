"""Translations by a model: the prompt, what it says, and what it reads from the source."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus.pair_documents.formats import instruction_lines
from experiments.bridge.reading import Reader

Floats = NDArray[np.float64]
DIRECTIONS = ("en-ar", "ar-en")
TEMPLATE = 1
"""The instruction line that is asked with: one with labels, of those that parallel documents have."""


def opening(source: str, direction: str, examples: Sequence[tuple[str, str]]) -> str:
    """A translation document up to the target text: an instruction line, solved examples, the source.

    >>> opening("ship", "en-ar", [("sea", "X")]).splitlines()
    ['Translate from English into Arabic.', 'English: sea', 'Arabic: X', '', 'English: ship', 'Arabic: ']
    """
    lines = instruction_lines()
    line, before, after = (
        lines.filter((lines["direction"] == direction) & (lines["template"] == TEMPLATE))
        .select("line", "source_label", "target_label")
        .row(0)
    )
    solved = "".join(f"{before}{left}\n{after}{right}\n\n" for left, right in examples)
    return f"{line}\n{solved}{before}{source}\n{after}"


def exchanged(texts: Sequence[str], seed: int) -> NDArray[np.int64]:
    """For each text another one of about its length: neighbors in the order of lengths change places.

    What costs bits only because there is more or less text before is then the same for both. Equal lengths are ordered
    at random; of an odd number, the last three go round.

    >>> exchanged(["aaaa", "b", "cc", "ddddd", "eee"], 1).tolist()
    [3, 2, 1, 4, 0]
    """
    drawn = np.random.default_rng(seed).permutation(len(texts))
    order = np.lexsort((drawn, np.array([len(text) for text in texts])))
    places = np.arange(len(texts))
    partner = places ^ 1
    if len(texts) % 2:
        partner[-3:] = places[[-2, -1, -3]]
    others = np.empty(len(texts), np.int64)
    others[order] = order[partner]
    return others


def read_from_source(
    reader: Reader,
    pairs: Sequence[tuple[str, str]],
    direction: str,
    examples: Sequence[tuple[str, str]],
    seed: int,
) -> Floats:
    """For each pair, bits that its target costs more after another source, and its bytes.

    Pairs of which one of the two does not fit the model's sequence are left out; float64[pairs that fit, 2].
    """
    others = exchanged([source for source, _ in pairs], seed)
    asked = [
        (opening(source, direction, examples), opening(pairs[other][0], direction, examples), target)
        for (source, target), other in zip(pairs, others, strict=True)
    ]
    fitting = [each for each in asked if reader.fits(each[0], each[2]) and reader.fits(each[1], each[2])]
    own = reader.bits([(each[0], each[2]) for each in fitting])
    other_bits = reader.bits([(each[1], each[2]) for each in fitting])
    sizes = np.array([len(each[2].encode()) for each in fitting], np.float64)
    return np.stack([other_bits - own, sizes], axis=1)


def chrf_statistics(translations: Sequence[str], references: Sequence[str]) -> Floats:
    """Sacrebleu's counts behind chrF++ for each sentence; those of a corpus are their sums."""
    rows = chrf()._extract_corpus_statistics(list(translations), [list(references)])  # noqa: SLF001
    return np.array(rows, np.float64)


def chrf_of(sums: Floats) -> float:
    """chrF++ of summed counts."""
    return float(chrf()._compute_score_from_stats([int(count) for count in sums]).score)  # noqa: SLF001


@lru_cache(maxsize=1)
def chrf() -> Any:
    """The metric, whose signature goes beside each score."""
    from sacrebleu.metrics.chrf import CHRF

    return CHRF(word_order=2)
