"""Made-up facts asked as multiple choice, by log-likelihood."""

from collections.abc import Sequence
from math import comb

import numpy as np
from numpy.typing import NDArray

from experiments.bridge.facts import LANGUAGES, TOLD, UNSEEN, Fact, opening, relations, values
from experiments.bridge.reading import Reader

Floats = NDArray[np.float64]
CHOICES = 4
CHANCE = 1 / CHOICES
_EVEN = 0.1


def ask(reader: Reader, facts: Sequence[Fact]) -> dict[tuple[str, str], Floats]:
    """Credit of each fact, by the language that tells it (or never) and the language in which it is asked.

    The choices are the values that facts of the relation have: each is told of in both languages, of some company.
    """
    earned: dict[tuple[str, str], list[Floats]] = {}
    for relation in relations():
        own = [fact for fact in facts if fact.relation == relation]
        possible = sorted({fact.value for fact in own})
        for language in LANGUAGES:
            options = [values(relation, language)[number] for number in possible]
            asked = [(opening(fact, language), f" {option}") for fact in own for option in options]
            bits = reader.bits(asked).reshape(len(own), len(options))
            scores = beyond_frequency(bits, np.array([fact.told == UNSEEN for fact in own]))
            right = np.array([possible.index(fact.value) for fact in own])
            for told in TOLD:
                rows = np.array([fact.told == told for fact in own])
                earned.setdefault((told, language), []).append(credit(scores[rows], right[rows]))
    return {key: np.concatenate(parts) for key, parts in earned.items()}


def beyond_frequency(bits: Floats, unseen: NDArray[np.bool_]) -> Floats:
    """How much likelier each value is after a company's name than after one that nothing tells of, in bits.

    `bits` is float64[facts, values], `unseen` marks the companies that nothing tells of. Values are weighed among the
    values of the relation alone, and a tenth of the comparison is that all are as likely: a model that is sure of
    something about unknown names must not make up for it elsewhere.

    >>> beyond_frequency(np.array([[1.0, 2.0], [0.0, 40.0]]), np.array([True, False])).round(2).tolist()
    [[0.04, -0.07], [0.62, -38.49]]
    """
    chosen = np.exp2(bits.min(1, keepdims=True) - bits)
    chosen /= chosen.sum(1, keepdims=True)
    usual = (1 - _EVEN) * chosen[unseen].mean(0) + _EVEN / bits.shape[1]
    return np.asarray(
        np.log2(np.maximum(chosen, np.finfo(np.float64).tiny)) - np.log2(usual), dtype=np.float64
    )


def credit(scores: Floats, right: NDArray[np.int64]) -> Floats:
    """How often the right value would win against three wrong ones, over all threes; a random order gets 1/4.

    `scores` are float64[facts, values]. A wrong value that is equal counts as if it had won.

    >>> credit(np.array([[3.0, 2.0, 1.0, 0.0, -1.0]]), np.array([0])), credit(np.array([[0.0, 1, 2, 3]]), np.array([2]))
    (array([1.]), array([0.]))
    """
    own = np.take_along_axis(scores, right[:, None], axis=1)
    beaten = (scores < own).sum(1)
    wrong = CHOICES - 1
    draws = comb(scores.shape[1] - 1, wrong)
    return np.array([comb(int(count), wrong) / draws for count in beaten], np.float64)
