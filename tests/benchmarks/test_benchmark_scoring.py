"""Every score against an independent computation."""

import math
from fractions import Fraction

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from benchmarks.answering import SCHEMA
from benchmarks.scoring import averages
from benchmarks.scoring.calibration import expected_calibration_error, reliability
from benchmarks.scoring.decisions import decide, probabilities, right_mass
from benchmarks.scoring.position_bias import position_bias
from benchmarks.scoring.significance import mcnemar_exact, paired
from benchmarks.scoring.summary import chance, summarize


def test_rules_disagree_where_lengths_do():
    """-6 over 2 letters, -8 over 4: the whole prefers the first, length the second; Arabic has 2 bytes a letter."""
    assert decide([[-6.0, -8.0]], [["ab", "abcd"]], "continuation").tolist() == [0]
    assert decide([[-6.0, -8.0]], [["ab", "abcd"]], "per_character").tolist() == [1]
    # per character -3 and -2.5; per byte -1.5 (4 bytes) and -2.5 (2 bytes)
    assert decide([[-6.0, -5.0]], [["من", "ab"]], "per_character").tolist() == [1]
    assert decide([[-6.0, -5.0]], [["من", "ab"]], "per_byte").tolist() == [0]


def test_mass_is_truthfulqas_mc2():
    """exp(-1), exp(-2), exp(-3): the first and last hold (e^2 + 1) / (e^2 + e + 1) of it."""
    expected = (math.e**2 + 1) / (math.e**2 + math.e + 1)
    assert right_mass([-1, -2, -3], [0, 2]) == pytest.approx(expected)
    assert probabilities([-1000.0, -1000.0]).tolist() == [0.5, 0.5]


def test_averages_by_hand():
    credit = np.array([1, 1, 0, 1, 0, 0], dtype=float)
    groups = ["a", "a", "a", "a", "b", "b"]
    assert averages.micro(credit, resamples=200, seed=0).value == 0.5
    assert averages.macro(credit, groups, resamples=200, seed=0).value == pytest.approx((0.75 + 0) / 2)
    assert averages.by_group(credit, groups) == {"a": (0.75, 4), "b": (0.0, 2)}


def test_bootstrap_agrees_with_resampling_one_by_one():
    rng = np.random.default_rng(1)
    credit = (rng.random(80) < 0.3).astype(float)
    found = averages.micro(credit, resamples=20_000, seed=0)
    draws = [credit[rng.integers(0, 80, 80)].mean() for _ in range(20_000)]
    assert (found.low, found.high) == pytest.approx(tuple(np.percentile(draws, (2.5, 97.5))), abs=0.013)


def test_intervals_of_masses_are_resampled():
    credit = np.linspace(0, 1, 50)
    found = averages.micro(credit, resamples=2000, seed=0)
    half = 1.96 * credit.std() / math.sqrt(50)
    assert (found.low, found.high) == pytest.approx((0.5 - half, 0.5 + half), abs=0.015)


def test_intervals_cover_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(7)
    hits = 0
    for number in range(300):
        found = averages.micro((rng.random(200) < 0.4).astype(float), resamples=400, seed=number)
        hits += found.low <= 0.4 <= found.high
    assert 0.90 <= hits / 300 <= 0.99


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_is_the_exact_binomial_test(first, second):
    expected = binomtest(first, first + second, 0.5).pvalue if first + second else 1.0
    assert mcnemar_exact(first, second) == pytest.approx(expected)


def test_mcnemar_by_hand():
    """Of 6 discordant items 1 goes one way: 2 x (1 + 6) / 64."""
    assert mcnemar_exact(1, 5) == pytest.approx(float(Fraction(14, 64)))


def test_paired_models_against_resampling_one_by_one():
    rng = np.random.default_rng(3)
    first = (rng.random(150) < 0.5).astype(float)
    second = np.where(rng.random(150) < 0.2, 1 - first, first)
    found = paired(first, second, resamples=20_000, seed=0)
    assert found.difference == pytest.approx(second.mean() - first.mean())
    assert (found.only_first, found.only_second) == (
        int(((first - second) > 0).sum()),
        int(((second - first) > 0).sum()),
    )
    rows = rng.integers(0, 150, (20_000, 150))
    draws = (second - first)[rows].mean(axis=1)
    assert (found.low, found.high) == pytest.approx(tuple(np.percentile(draws, (2.5, 97.5))), abs=0.01)
    p = (np.abs(draws - found.difference) >= abs(found.difference) - 1e-12).mean()
    assert found.bootstrap == pytest.approx(p, abs=0.02)


def test_equal_models_do_not_differ():
    credit = np.array([1.0, 0.0, 1.0])
    found = paired(credit, credit, resamples=500, seed=0)
    assert (found.difference, found.mcnemar, found.bootstrap) == (0.0, 1.0, 1.0)


def test_calibration_by_hand():
    """Bin (0.5, 0.6]: sure .6 and .6, half right, gap .1; bin (0.9, 1]: sure 1, wrong, gap 1. Mean over 3 items: .4."""
    sure, credit = np.array([0.6, 0.6, 1.0]), np.array([1.0, 0.0, 0.0])
    assert expected_calibration_error(sure, credit) == pytest.approx((2 * 0.1 + 1) / 3)
    assert [part.items for part in reliability(sure, credit)] == [2, 1]


def test_a_calibrated_model_has_no_error():
    rng = np.random.default_rng(0)
    sure = rng.uniform(0.25, 1, 100_000)
    assert expected_calibration_error(sure, (rng.random(100_000) < sure).astype(float)) < 0.01


def test_position_bias_by_hand():
    found = position_bias(np.array([0, 0, 0, 1]), np.array([0, 1, 0, 1]))
    assert (found.chosen, found.right) == ((0.75, 0.25), (0.5, 0.5))
    assert (found.recall, found.distance, found.recall_deviation) == ((1.0, 0.5), 0.25, 0.25)


@pytest.mark.parametrize("rule", ["letters", "continuation", "per_character", "per_byte", "mass"])
@pytest.mark.parametrize("prefers_first", [False, True])
def test_a_model_that_knows_nothing_scores_chance(rule, prefers_first):
    """Random log-likelihoods, or a liking for the first place, on options in random order."""
    rng = np.random.default_rng(5)
    size = 6000
    choices = [["one", "three", "eleven", "no"][: rng.integers(2, 5)] for _ in range(size)]
    choices = [list(rng.permutation(each)) for each in choices]
    scores = [
        (-rng.exponential(3, len(each)) + prefers_first * 5 * (np.arange(len(each)) == 0)).tolist()
        for each in choices
    ]
    texts = dict.fromkeys(("id", "subject", "country", "passage", "question", "ending"), [""] * size)
    responses = pl.DataFrame(
        texts
        | {
            "choices": choices,
            "answer": [int(rng.integers(0, len(each))) for each in choices],
            "also_right": [[]] * size,
            "letters": scores,
            "continuation": scores,
            "generated": [None] * size,
            "mark": [None] * size,
        },
        schema=SCHEMA,
    )
    found = summarize(responses, rule, resamples=200, seed=0)
    expected = sum(1 / len(each) for each in choices) / size
    assert chance(responses) == pytest.approx(expected)
    assert found["micro"]["value"] == pytest.approx(expected, abs=4 * math.sqrt(0.25 / size))
    if rule == "letters":
        assert (found["position"]["distance"] > 0.3) == prefers_first
