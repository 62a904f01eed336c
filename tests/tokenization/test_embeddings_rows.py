"""Rows, weights and similarities: by hand, against slow twins, and against the libraries that define them."""

import numpy as np
import numpy.typing as npt
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tokenization.embeddings.auxiliary import auxiliary_vectors, ppmi
from tokenization.embeddings.floats import Array, from_float32, is_finite, to_float32
from tokenization.embeddings.rows import center_of, lengths_about, random_rows, weighted_rows, with_norms
from tokenization.embeddings.settings import Embeddings, Similarity
from tokenization.embeddings.similarity import similarity_weights, softmax, sparsemax
from tokenization.embeddings.weights import Parts, length_weights, mean_weights

WIDTHS = {"width": 32, "allow_nan": False, "allow_infinity": False}


def parts_of(*lists: list[int]) -> Parts:
    starts = np.cumsum([0, *(len(ids) for ids in lists)])
    return Parts(np.array([number for ids in lists for number in ids], np.int32), starts.astype(np.int64))


def some_rows(rows: int, columns: int, seed: int = 0) -> Array:
    """Rows with a common part, as those of a trained model have."""
    draw = np.random.default_rng(seed)
    mixed = draw.standard_normal((rows, columns)) @ draw.standard_normal((columns, columns))
    return (mixed + 3 * draw.standard_normal(columns)).astype(np.float32)


def test_mean_and_length_weights_by_hand() -> None:
    # The parts stand for 1, 3 and 2 bytes. The second piece is parts 0, 0, 1: (1 + 1) / 5 and 3 / 5.
    parts, lengths = parts_of([2], [0, 0, 1], []), np.array([1, 3, 2])
    mean, weighted = mean_weights(parts, 3).toarray(), length_weights(parts, lengths, 3).toarray()
    np.testing.assert_allclose(mean, [[0, 0, 1], [2 / 3, 1 / 3, 0], [0, 0, 0]], rtol=1e-6)
    np.testing.assert_allclose(weighted, [[0, 0, 1], [0.4, 0.6, 0], [0, 0, 0]], rtol=1e-6)


def test_parts_without_bytes_weigh_the_same() -> None:
    weights = length_weights(parts_of([0, 1], [0, 2]), np.array([0, 0, 4]), 3).toarray()
    np.testing.assert_array_equal(weights, [[0.5, 0.5, 0], [0, 0, 1]])


@given(st.lists(st.lists(st.integers(0, 19), min_size=1, max_size=9), min_size=1, max_size=9))
def test_weighted_rows_are_the_slow_mean(lists: list[list[int]]) -> None:
    base = some_rows(20, 6)
    rows = weighted_rows(base, mean_weights(parts_of(*lists), 20))
    slow = np.array([base[ids].astype(np.float64).mean(axis=0) for ids in lists])
    np.testing.assert_allclose(rows, slow, rtol=1e-5, atol=1e-5)


def test_norms_of_parts_by_hand() -> None:
    # About their center (1, 1) the base's rows are (3, 0), (-3, 0), (0, 1), (0, -1). The mean of the first and third is
    # (1.5, .5) from it, sqrt(2.5) long; its parts are 3 and 1 long, 2 in the mean.
    base = np.array([[4, 1], [-2, 1], [1, 2], [1, 0]], np.float32)
    weights = mean_weights(parts_of([0, 2]), 4)
    rows = with_norms(weighted_rows(base, weights), base, weights, "parts")
    direction = np.array([1.5, 0.5]) / np.sqrt(2.5)
    np.testing.assert_allclose(rows, [np.array([1, 1]) + 2 * direction], rtol=1e-6)
    np.testing.assert_array_equal(weighted_rows(base, weights), [[2.5, 1.5]])


def test_norms_of_the_base_have_its_distribution_and_keep_their_order() -> None:
    base = some_rows(500, 8)
    draw = np.random.default_rng(1)
    weights = mean_weights(parts_of(*draw.integers(0, 500, (400, 5)).tolist()), 500)
    before = weighted_rows(base, weights)
    after = with_norms(before, base, weights, "base")
    center = center_of(base)
    of_base, old, new = (lengths_about(rows, center) for rows in (base, before, after))
    assert np.median(old) < 0.6 * np.median(of_base)  # averaging five rows shortened them by about sqrt(5)
    for share in (0.1, 0.5, 0.9):
        assert np.quantile(new, share) == pytest.approx(np.quantile(of_base, share), rel=0.02)
    np.testing.assert_array_equal(np.argsort(old, kind="stable"), np.argsort(new, kind="stable"))
    cosines = np.einsum("nd,nd->n", before - center, after - center) / (old * new)
    np.testing.assert_allclose(cosines, 1, atol=1e-5)


def test_kept_norms_and_a_row_at_the_center_change_nothing() -> None:
    base = np.array([[1, 0], [-1, 0]], np.float32)
    weights = mean_weights(parts_of([0, 1]), 2)
    rows = weighted_rows(base, weights)
    assert with_norms(rows, base, weights, "keep") is rows
    for norms in ("parts", "base"):
        np.testing.assert_array_equal(with_norms(rows, base, weights, norms), [[0, 0]])


def test_random_rows_have_the_statistics_of_the_base() -> None:
    base = some_rows(3000, 5)
    rows = random_rows(base, 60_000, 1, 0, "covariance")
    scale = base.std(axis=0)
    np.testing.assert_allclose(rows.mean(axis=0) / scale, base.mean(axis=0) / scale, atol=0.03)
    expected = np.cov(base.T, bias=True) / np.outer(scale, scale)
    np.testing.assert_allclose(np.cov(rows.T, bias=True) / np.outer(scale, scale), expected, atol=0.05)
    apart = random_rows(base, 60_000, 1, 0, "dimensions")
    np.testing.assert_allclose(apart.std(axis=0) / scale, 1, atol=0.02)
    np.testing.assert_allclose(np.corrcoef(apart.T), np.eye(5), atol=0.03)


def test_random_rows_are_told_by_seed_and_stream() -> None:
    base = some_rows(50, 4)
    draws = [
        random_rows(base, 3, seed, stream, "covariance") for seed, stream in ((1, 0), (1, 0), (2, 0), (1, 1))
    ]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert not np.array_equal(draws[0], draws[2])
    assert not np.array_equal(draws[0], draws[3])


@given(hnp.arrays(np.float32, 20, elements=st.floats(**WIDTHS)))
def test_bfloat16_rounds_as_torch_does(values: npt.NDArray[np.float32]) -> None:
    import torch

    expected = torch.from_numpy(values).bfloat16()
    stored = from_float32(values, "BF16")
    np.testing.assert_array_equal(stored, expected.view(torch.int16).numpy().view(np.uint16))
    np.testing.assert_array_equal(to_float32(stored, "BF16"), expected.float().numpy())
    assert is_finite(stored, "BF16") == bool(torch.isfinite(expected).all())


def test_numbers_too_large_for_float16_are_seen() -> None:
    assert is_finite(from_float32(np.array([65504], np.float32), "F16"), "F16")
    assert not is_finite(from_float32(np.array([70000], np.float32), "F16"), "F16")
    assert not is_finite(np.array([0x7F80], np.uint16), "BF16")


@given(hnp.arrays(np.float32, (3, 7), elements=st.floats(-4, 4, width=32)))
def test_sparsemax_is_the_nearest_point_of_the_simplex(scores: Array) -> None:
    """The projection p of z is told by one condition: p = max(0, z - t), adding up to 1."""
    weights = sparsemax(scores)
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-5)
    for row, z in zip(weights, scores, strict=True):
        low, high = float(z.min()) - 1, float(z.max())
        for _ in range(60):  # bisection is slow, and cannot be wrong
            middle = (low + high) / 2
            low, high = (middle, high) if np.maximum(z - middle, 0).sum() > 1 else (low, middle)
        np.testing.assert_allclose(row, np.maximum(z - low, 0), atol=1e-5)


def test_softmax_by_hand() -> None:
    np.testing.assert_allclose(softmax(np.log(np.array([[1, 3]], np.float32))), [[0.25, 0.75]], rtol=1e-6)


def test_ppmi_by_hand() -> None:
    # Of 8 near pairs, a-b and b-a are 3 each, b-b is 2: p(a) = 3/8, p(b) = 5/8. Contexts are smoothed to
    # 3^.75 and 5^.75 over their sum.
    near = scipy.sparse.csr_array(np.array([[0, 3], [3, 2]], np.float32))
    sum_ = 3**0.75 + 5**0.75
    expected = [
        [0, np.log((3 / 8) / (3 / 8 * 5**0.75 / sum_))],
        [np.log((3 / 8) / (5 / 8 * 3**0.75 / sum_)), 0],  # log of 2/8 / (5/8 * .595) is below 0
    ]
    np.testing.assert_allclose(ppmi(near).toarray(), expected, rtol=1e-5)


def documents_of_two_topics(draw: np.random.Generator) -> list[npt.NDArray[np.int32]]:
    """Pieces 0-4 and the new 10 stand together, 5-9 and the new 11 too; the new 12 hardly stands at all."""
    topics = [np.array([0, 1, 2, 3, 4, 10]), np.array([5, 6, 7, 8, 9, 11])]
    documents = [draw.choice(topics[number % 2], 40).astype(np.int32) for number in range(200)]
    return [*documents, np.array([12, 0], np.int32)]


def test_similarity_finds_the_planted_topic_and_falls_back_where_nothing_is_known() -> None:
    given_settings = Similarity(dimensions=4, neighbors=5)
    documents = documents_of_two_topics(np.random.default_rng(3))
    vectors, counts = auxiliary_vectors([documents[:100], documents[100:]], 14, given_settings, 1)
    seen = counts >= given_settings.minimum_count
    fallback = mean_weights(parts_of([0, 9], [0, 9], [0, 9], []), 10)
    weights, compared = similarity_weights(vectors, seen, fallback, given_settings)
    table = weights.toarray()
    assert compared.tolist() == [True, True, False, False]
    assert table[0, :5].sum() == pytest.approx(1, abs=1e-5)
    assert table[1, 5:].sum() == pytest.approx(1, abs=1e-5)
    np.testing.assert_array_equal(table[2], [0.5, *[0] * 8, 0.5])
    np.testing.assert_array_equal(table[3], np.zeros(10))


def test_auxiliary_vectors_are_the_same_again_and_do_not_see_batches() -> None:
    documents = documents_of_two_topics(np.random.default_rng(3))
    given_settings = Similarity(dimensions=4)
    one, _ = auxiliary_vectors([documents], 14, given_settings, 1)
    again, _ = auxiliary_vectors([documents], 14, given_settings, 1)
    cut, _ = auxiliary_vectors([documents[:7], documents[7:]], 14, given_settings, 1)
    np.testing.assert_array_equal(one, again)
    np.testing.assert_allclose(one @ one.T, cut @ cut.T, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(one[:12], axis=1), 1, atol=1e-5)


def test_nearness_ends_at_documents_and_at_the_window() -> None:
    """Twin: pairs counted one by one, 1/d each way."""
    draw = np.random.default_rng(5)
    documents = [draw.integers(0, 6, size).astype(np.int32) for size in (1, 0, 9, 30)]
    slow = np.zeros((6, 6))
    for ids in documents:
        for left in range(len(ids)):
            for right in range(left + 1, min(left + 4, len(ids))):
                slow[ids[left], ids[right]] += 1 / (right - left)
                slow[ids[right], ids[left]] += 1 / (right - left)
    from tokenization.embeddings.auxiliary import _count_near

    near, counts = _count_near([documents], 6, window=3)
    np.testing.assert_allclose(near.toarray(), slow, rtol=1e-5)
    assert counts.sum() == 40


@pytest.mark.parametrize(
    ("given_settings", "message"),
    [
        ({"method": "similarity"}, "corpus must name a corpus"),
        ({"output_dir": ""}, "output_dir must name a directory"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
    ],
)
def test_settings_are_checked(given_settings: dict[str, object], message: str) -> None:
    good = {"checkpoint": "a", "tokenizer": "b", "output_dir": "c"}
    with pytest.raises(ValueError, match=message):
        Embeddings(**(good | given_settings))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("setting", "value"), [("window", 0), ("neighbors", 0), ("megabytes", -1), ("temperature", 0)]
)
def test_settings_of_similarity_are_checked(setting: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{setting} must be"):
        Similarity(**{setting: value})  # type: ignore[arg-type]
