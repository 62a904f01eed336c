"""Strength of models from pairwise judgments: Bradley-Terry by maximum likelihood, and Elo as in a tournament.

A tie (and "both are bad") counts as half a win for each. Intervals come from a bootstrap of questions, as judgments on
one question hang together.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

START = 1000.0
SCALE = 400 / np.log(10)
"""Points to a unit of log strength: 400 points are odds of 10 to 1, as in chess."""


@dataclass(frozen=True, kw_only=True)
class Games:
    """Judgments as games.

    Attributes:
        first: int64, index of one model.
        second: int64, index of the other.
        score: float64, 1 where the first won, 0 where the second did, .5 for ties.
        question: int64, index of the question.
        models: Number of models.
    """

    first: Ints
    second: Ints
    score: Floats
    question: Ints
    models: int


@dataclass(frozen=True)
class Rating:
    """Points and their 95 % interval."""

    value: float
    low: float
    high: float


def wins(games: Games, weights: Floats | None = None) -> Floats:
    """Wins of each model over each other; float64[models, models], or a stack of them for a stack of weights."""
    size = games.models
    each = np.zeros((len(games.score), size, size))
    number = np.arange(len(games.score))
    each[number, games.first, games.second] = games.score
    each[number, games.second, games.first] = 1 - games.score
    return np.asarray(each.sum(axis=0) if weights is None else np.tensordot(weights, each, axes=1))


def bradley_terry(won: Floats, prior: float = 1.0, steps: int = 100) -> Floats:
    """Log strengths with mean 0 that make the wins likeliest, by Newton's method; float64[..., models].

    P(i beats j) = 1 / (1 + exp(s_j - s_i)). `prior` is a number of imagined ties between each two models: without
    them a model that always won would have no finite strength.
    """
    size = won.shape[-1]
    won = won + prior / 2 * (1 - np.eye(size))
    played = won + np.swapaxes(won, -1, -2)
    strength = np.zeros(won.shape[:-1])
    for _ in range(steps):
        chance = 1 / (1 + np.exp(strength[..., None, :] - strength[..., :, None]))
        slope = (won - played * chance).sum(axis=-1)
        curve = played * chance * (1 - chance)
        hessian = np.eye(size) * curve.sum(axis=-1)[..., None] - curve
        # Only differences count: a constant in every entry fixes the mean without moving them.
        step = np.linalg.solve(hessian + 1 / size, slope[..., None])[..., 0]
        strength = strength + np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-10:
            break
    return np.asarray(strength - strength.mean(axis=-1, keepdims=True))


def bradley_terry_ratings(games: Games, *, resamples: int, seed: int, prior: float = 1.0) -> list[Rating]:
    """Ratings on the scale of chess with a mean of 1000, in the order of the models."""
    drawn = _question_weights(games, resamples, np.random.default_rng(seed))
    points = START + SCALE * bradley_terry(wins(games), prior)
    samples = START + SCALE * bradley_terry(wins(games, drawn), prior)
    low, high = np.percentile(samples, (2.5, 97.5), axis=0)
    return [Rating(*map(float, row)) for row in zip(points, low, high, strict=True)]


def elo(first: Ints, second: Ints, score: Floats, models: int, factor: float = 16.0) -> Floats:
    """Elo ratings after games in this order, from 1000 on; rows are tournaments of their own.

    All three are [tournaments, games]; a score of NaN is no game. Returns float64[tournaments, models].
    """
    points = np.full((len(first), models), START)
    row = np.arange(len(first))
    for game in range(first.shape[1]):
        left, right = first[:, game], second[:, game]
        chance = 1 / (1 + 10 ** ((points[row, right] - points[row, left]) / 400))
        change = np.nan_to_num(factor * (score[:, game] - chance))
        points[row, left] += change
        points[row, right] -= change
    return points


def elo_ratings(games: Games, *, resamples: int, seed: int) -> list[Rating]:
    """Median Elo over tournaments in shuffled order, each over resampled questions, in the order of the models.

    Elo hangs on the order of the games; the median over shuffled ones does not.
    """
    rng = np.random.default_rng(seed)
    counts = _question_weights(games, resamples, rng).astype(np.int64)
    longest = int(counts.sum(axis=1).max())
    order = np.zeros((resamples, longest), np.int64)
    playing = np.zeros((resamples, longest), np.bool_)
    for number, count in enumerate(counts):
        played = np.repeat(np.arange(len(count)), count)
        order[number, : len(played)] = rng.permutation(played)
        playing[number, : len(played)] = True
    score = np.where(playing, games.score[order], np.nan)
    samples = elo(games.first[order], games.second[order], score, games.models)
    low, middle, high = np.percentile(samples, (2.5, 50, 97.5), axis=0)
    return [Rating(*map(float, row)) for row in zip(middle, low, high, strict=True)]


def _question_weights(games: Games, resamples: int, rng: np.random.Generator) -> Floats:
    """How often each game is in each bootstrap sample of questions; float64[resamples, games]."""
    questions, place = np.unique(games.question, return_inverse=True)
    size = len(questions)
    drawn = rng.multinomial(size, np.full(size, 1 / size), resamples)
    return np.asarray(drawn[:, place], dtype=np.float64)
