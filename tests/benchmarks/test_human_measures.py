"""Agreement and ranking against the reference packages, and by hand."""

import choix
import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.human.alpha import alpha, coincidences, from_coincidences
from benchmarks.human.ranking import (
    SCALE,
    Games,
    bradley_terry,
    bradley_terry_ratings,
    elo,
    elo_ratings,
    wins,
)

NONE = float("nan")


def test_alpha_by_hand():
    """Two annotators, three units: (1, 1), (1, 2), (2, 2). Coincidences 11: 2, 12: 1, 21: 1, 22: 2; n = 6.

    Observed 2 of 6; expected 2 * 3 * 3 / (6 * 5) = 18 / 30: alpha = 1 - (1/3) / (3/5) = 4/9.
    """
    values = np.array([[1.0, 1], [1, 2], [2, 2]])
    categories, by_unit = coincidences(values)
    assert categories.tolist() == [1, 2]
    assert by_unit.sum(axis=0).tolist() == [[2, 1], [1, 2]]
    assert alpha(values, "nominal", resamples=100, seed=0).value == pytest.approx(4 / 9)


@pytest.mark.parametrize("level", ["nominal", "ordinal"])
@given(
    rows=st.lists(
        st.lists(st.sampled_from([NONE, 1.0, 2.0, 3.0, 5.0]), min_size=4, max_size=4), min_size=3, max_size=12
    )
)
def test_alpha_is_that_of_the_reference_package(level, rows):
    values = np.array(rows)
    paired = values[(~np.isnan(values)).sum(axis=1) >= 2]
    if len(np.unique(paired[~np.isnan(paired)])) < 2:
        assert alpha(values, level, resamples=100, seed=0).value is None
        return
    theirs = krippendorff.alpha(paired.T, level_of_measurement=level)
    assert alpha(values, level, resamples=100, seed=0).value == pytest.approx(theirs, abs=1e-9)


def test_agreement_on_pairs_does_not_hang_on_which_model_is_named_first():
    """All prefer the second model but one: with both ways round the two sides are as likely, and alpha is high.

    Three units of two: (2, 2), (2, 2), (2, 1), and turned (1, 1), (1, 1), (1, 2): 11 and 22 four times, 12 and 21 twice
    each. Observed 4 of 12; expected 2 * 6 * 6 / (12 * 11): alpha = 1 - (1/3) / (6/11) = 7/18.
    """
    values = np.array([[2.0, 2], [2, 2], [2, 1]])
    found = alpha(values, "nominal", resamples=100, seed=0, turned=3 - values)
    assert found.value == pytest.approx(7 / 18)
    assert (found.units, found.values) == (3, 6)
    assert alpha(3 - values, "nominal", resamples=100, seed=0, turned=values) == found
    assert alpha(values, "nominal", resamples=100, seed=0).value == 0
    theirs = krippendorff.alpha(np.concatenate([values, 3 - values]).T, level_of_measurement="nominal")
    assert found.value == pytest.approx(theirs)


def test_annotators_who_click_blindly_agree_by_chance_alone():
    blind = np.random.default_rng(3).integers(1, 6, (600, 3)).astype(float)
    found = alpha(blind, "ordinal", resamples=300, seed=0)
    assert abs(found.value) < 0.06
    assert found.low < 0 < found.high
    assert from_coincidences(np.diag([4.0, 7.0]), "nominal") == 1


def test_bradley_terry_is_that_of_choix():
    won = np.array([[0, 7, 3.5], [2, 0, 6], [4.5, 1, 0]])
    data = [(i, j) for i in range(3) for j in range(3) for _ in range(int(2 * won[i, j]))]
    theirs = choix.opt_pairwise(3, data, alpha=0.0)  # twice the counts have the same maximum
    ours = bradley_terry(won, prior=0.0)
    assert ours == pytest.approx(theirs - theirs.mean(), abs=1e-4)
    assert ours == pytest.approx(choix.ilsr_pairwise_dense(won, max_iter=5000), abs=1e-6)


def test_two_models_have_the_log_odds_of_their_wins():
    strength = bradley_terry(np.array([[0, 30.0], [10, 0]]), prior=0.0)
    assert strength[0] - strength[1] == pytest.approx(np.log(3))
    assert SCALE * np.log(10) == pytest.approx(400)


def planted(seed=0, questions=120):
    """Games of models whose true strengths are 1, 0 and -1, a fifth of them ties."""
    rng = np.random.default_rng(seed)
    true = np.array([1.0, 0, -1])
    pairs = [(0, 1), (0, 2), (1, 2)] * questions
    first, second = np.array(pairs).T
    chance = 1 / (1 + np.exp(true[second] - true[first]))
    score = (rng.random(len(pairs)) < chance).astype(float)
    score[rng.random(len(pairs)) < 0.2] = 0.5
    return Games(
        first=first, second=second, score=score, question=np.repeat(np.arange(questions), 3), models=3
    )


def test_planted_strengths_come_back_in_their_order_with_intervals_around_them():
    games = planted()
    strength = bradley_terry_ratings(games, resamples=200, seed=1)
    tournament = elo_ratings(games, resamples=200, seed=1)
    for ratings in (strength, tournament):
        values = [each.value for each in ratings]
        assert values == sorted(values, reverse=True)
        assert sum(values) / 3 == pytest.approx(1000, abs=3)
        assert all(each.low < each.value < each.high for each in ratings)
    assert strength[0].low > strength[1].high > strength[2].high
    assert bradley_terry_ratings(games, resamples=200, seed=1) == strength


def test_a_model_that_always_won_has_finite_points():
    games = Games(
        first=np.array([0, 0]), second=np.array([1, 1]), score=np.ones(2), question=np.arange(2), models=3
    )
    assert wins(games)[0, 1] == 2
    points = [each.value for each in bradley_terry_ratings(games, resamples=100, seed=0)]
    assert np.isfinite(points).all()
    assert points[0] > points[2] > points[1]


def test_elo_by_hand():
    """From 1000 each, a win is worth 16 * (1 - 1/2) = 8; a tie then costs the leader a little; NaN is no game."""
    first, second = np.array([[0, 0, 1]]), np.array([[1, 1, 0]])
    points = elo(first, second, np.array([[1.0, 0.5, NONE]]), 2)[0]
    expected = 1 / (1 + 10 ** (-16 / 400))
    assert points[0] == pytest.approx(1008 + 16 * (0.5 - expected))
    assert points.sum() == pytest.approx(2000)
