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


def ask(reader: Reader, facts: Sequence[Fact]) -> dict[tuple[str, str], Floats]:
    """Credit of each fact, by the language that tells it (or never) and the language in which it is asked."""
    credits: dict[tuple[str, str], list[Floats]] = {}
    for relation in relations():
        own = [fact for fact in facts if fact.relation == relation]
        for language in LANGUAGES:
            options = values(relation, language)
            asked = [(opening(fact, language), f" {option}") for fact in own for option in options]
            likelihoods = -reader.bits(asked).reshape(len(own), len(options))
            unseen = np.array([fact.told == UNSEEN for fact in own])
            scores = likelihoods - likelihoods[unseen].mean(0)
            right = np.array([fact.value for fact in own])
            for told in TOLD:
                rows = np.array([fact.told == told for fact in own])
                credits.setdefault((told, language), []).append(credit(scores[rows], right[rows]))
    return {key: np.concatenate(parts) for key, parts in credits.items()}


def credit(scores: Floats, right: NDArray[np.int64]) -> Floats:
    """How often the right value would win against three wrong ones, over all threes; a random order gets 1/4.

    `scores` are log-likelihoods less what companies get that nothing tells of, so that a frequent value wins nothing;
    float64[facts, values]. A wrong value that is equal counts as won by it.

    >>> credit(np.array([[3.0, 2.0, 1.0, 0.0, -1.0]]), np.array([0])), credit(np.array([[0.0, 1, 2, 3]]), np.array([2]))
    (array([1.]), array([0.]))
    """
    own = np.take_along_axis(scores, right[:, None], axis=1)
    beaten = (scores < own).sum(1)
    wrong = CHOICES - 1
    draws = comb(scores.shape[1] - 1, wrong)
    return np.array([comb(int(count), wrong) / draws for count in beaten], np.float64)
