"""Log-likelihoods become the model's answers, under each rule."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from benchmarks.tasks.task import Rule

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def decide(scores: Sequence[Sequence[float]], choices: Sequence[Sequence[str]], rule: Rule) -> Ints:
    """The chosen index of each item; of equal scores the first wins, as in lm-eval.

    `scores` are log-likelihoods in nats, one list for each item, for the letters or for the continuations.
    """
    return np.array(
        [int(np.argmax(normalized(row, texts, rule))) for row, texts in zip(scores, choices, strict=True)],
        dtype=np.int64,
    )


def normalized(row: Sequence[float], texts: Sequence[str], rule: Rule) -> Floats:
    """Log-likelihoods of one item as a rule compares them."""
    found = np.asarray(row, dtype=np.float64)
    if rule == "per_character":
        return np.asarray(found / np.array([len(text) for text in texts]))
    if rule == "per_byte":
        return np.asarray(found / np.array([len(text.encode()) for text in texts]))
    return found


def probabilities(row: Sequence[float]) -> Floats:
    """Log-likelihoods of one item's choices as probabilities that add up to 1."""
    found = np.asarray(row, dtype=np.float64)
    raised = np.exp(found - found.max())
    return np.asarray(raised / raised.sum())


def right_mass(row: Sequence[float], right: Sequence[int]) -> float:
    """Share of the probability that falls on right choices (TruthfulQA mc2)."""
    return float(probabilities(row)[list(right)].sum())
