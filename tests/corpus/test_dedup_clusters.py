"""Exact and near clusters against slow twins and planted truths, and which copy stays."""

import itertools
import random
from collections import defaultdict

import numpy as np
import polars as pl
import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.dedup import (
    NearDuplicates,
    band_keys,
    choose_survivors,
    exact_clusters,
    exact_keys,
    near,
    near_clusters,
    signatures,
)
from corpus.dedup.near import resembling
from corpus.fold import fold
from corpus.pipeline.units import SignatureFile


def clusters_of(texts: list[str], options: NearDuplicates) -> np.ndarray:
    rows = signatures(fold(pl.Series(texts)), options)
    keys = band_keys(rows, options)
    return near_clusters(lambda band: keys[band], rows, options)


def slow_clusters(keys: np.ndarray, rows: np.ndarray, similarity: float) -> list[int]:
    """Every pair of equal keys, compared; then the least document that can be reached."""
    labels = list(range(len(rows)))
    for left in range(len(rows)):
        for right in range(left):
            near = (keys[:, left] == keys[:, right]).any() and (
                rows[left] == rows[right]
            ).mean() >= similarity
            if near and labels[left] != labels[right]:
                low, high = sorted((labels[left], labels[right]))
                labels = [low if label == high else label for label in labels]
    return labels


def noisy(words: list[str], share: float, draw: random.Random) -> str:
    return " ".join(f"z{draw.randrange(10**6)}" if draw.random() < share else word for word in words)


def test_exact_keys_are_xxh3_of_folded_text() -> None:
    keys = exact_keys(fold(pl.Series(["The Cat", "the  cat!", "…", "", "كِتاب"])))
    assert keys.dtype == np.uint64
    high_low = divmod(xxhash.xxh3_128_intdigest(b"the cat"), 1 << 64)
    assert keys.tolist()[:2] == [list(high_low)] * 2
    assert keys.tolist()[2:4] == [[0, 0], [0, 0]]
    assert len(exact_keys(fold(pl.Series([], dtype=pl.String)))) == 0


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=30))
def test_exact_clusters_equal_twin(pairs: list[tuple[int, int]]) -> None:
    first: dict[tuple[int, int], int] = {}
    expected = [
        number if pair == (0, 0) else first.setdefault(pair, number) for number, pair in enumerate(pairs)
    ]
    assert exact_clusters(np.array(pairs, np.uint64).reshape(-1, 2)).tolist() == expected


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(-1, 1), st.integers(0, 2)), max_size=30))
def test_survivors_equal_twin(documents: list[tuple[int, int, int]]) -> None:
    members = defaultdict(list)
    for number, (cluster, _, _) in enumerate(documents):
        members[cluster].append(number)
    labels = np.array([members[cluster][0] for cluster, _, _ in documents], np.int64)
    expected = [
        min(members[cluster], key=lambda m: (-documents[m][1], -documents[m][2], m))
        for cluster, _, _ in documents
    ]
    priority = np.array([p for _, p, _ in documents], np.int64)
    length = np.array([size for _, _, size in documents], np.int64)
    assert choose_survivors(labels, priority, length).tolist() == expected


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6))
def test_near_clusters_equal_union_find_twin(seed: int) -> None:
    # Few and small values make many equal keys, and chains in which only neighbors resemble each other.
    # Runs stay short of the leaders' number and every member is compared, save with those that are joined
    # already.
    random_rows = np.random.default_rng(seed)
    rows = random_rows.integers(0, 3, (40, 8), dtype=np.uint32)
    options = NearDuplicates(num_perm=8, bands=4, rows_per_band=2, minimum_similarity=0.99)
    keys = band_keys(rows, options)
    labels = near_clusters(lambda band: keys[band], rows, options)
    assert labels.tolist() == slow_clusters(keys, rows, 0.99)


def test_planted_clusters_are_recovered() -> None:
    draw = random.Random(11)
    texts, truth = [], []
    for cluster in range(40):
        words = [f"w{draw.randrange(3000)}" for _ in range(200)]
        for _ in range(1 + cluster % 4):
            truth.append(cluster)
            texts.append(noisy(words, 0.005, draw))
    order = list(range(len(texts)))
    draw.shuffle(order)
    labels = clusters_of([texts[i] for i in order], NearDuplicates())
    found, planted = defaultdict(set), defaultdict(set)
    for position, number in enumerate(order):
        found[labels[position]].add(position)
        planted[truth[number]].add(position)
    assert sorted(map(sorted, found.values())) == sorted(map(sorted, planted.values()))
    assert all(label == min(members) for label, members in found.items())


def test_membership_does_not_depend_on_order() -> None:
    draw = random.Random(2)
    words = [f"w{number}" for number in range(300)]
    texts = [noisy(words, 0.01, draw) for _ in range(20)] + [f"alone {i} " + "x " * i for i in range(10)]
    order = draw.sample(range(30), 30)
    straight, shuffled = (
        clusters_of(texts, NearDuplicates()),
        clusters_of([texts[i] for i in order], NearDuplicates()),
    )
    for i in range(30):
        for j in range(30):
            same = straight[order[i]] == straight[order[j]]
            assert same == (shuffled[i] == shuffled[j])


def test_minimum_similarity_decides() -> None:
    rows = np.zeros((2, 10), np.uint32)
    rows[1, 7:] = 1  # 7 of 10 values agree
    for similarity, labels in ((0.7, [0, 0]), (0.71, [0, 1])):
        options = NearDuplicates(num_perm=10, bands=2, rows_per_band=2, minimum_similarity=similarity)
        keys = band_keys(rows, options)
        assert near_clusters(lambda band, keys=keys: keys[band], rows, options).tolist() == labels


def test_documents_without_words_resemble_nothing() -> None:
    assert clusters_of(["...", "", "!", "a b", "A B!"], NearDuplicates()).tolist() == [0, 1, 2, 3, 3]


def test_long_runs_are_not_quadratic_and_map_from_disk(tmp_path) -> None:  # type: ignore[no-untyped-def]
    # 100,000 documents in one run, half of them alike: all pairs would be 5e9 comparisons.
    size = 100_000
    rows = np.memmap(tmp_path / "rows", np.uint32, "w+", shape=(size, 16))
    rows[1::2] = np.random.default_rng(0).integers(0, 1 << 32, (size // 2, 16), dtype=np.uint32)
    options = NearDuplicates(num_perm=16, bands=2, rows_per_band=8)
    seen: list[int] = []
    labels = near_clusters(lambda _: np.zeros(size, np.uint64), rows, options, seen.append)
    assert (labels[::2] == 0).all()
    assert np.array_equal(labels[1::2], np.arange(1, size, 2))
    assert seen == [1, 1]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_chain_is_one_cluster_in_any_order(order: tuple[int, ...]) -> None:
    """A resembles B and B resembles C in 3 of 4 values, A and C in 2 of 4 only."""
    chain = np.array([[1, 2, 3, 4], [1, 2, 3, 9], [1, 2, 8, 9]], np.uint32)[list(order)]
    settings = NearDuplicates(num_perm=4, bands=1, rows_per_band=2, minimum_similarity=0.75)
    labels = near_clusters(lambda _: np.zeros(3, np.uint64), chain, settings)
    assert labels.tolist() == [0, 0, 0]


@pytest.mark.parametrize("rows_at_once", [1, 7, 64, 65, 1000])
def test_clusters_do_not_depend_on_how_many_signatures_are_read_at_once(
    rows_at_once: int, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[no-untyped-def]
    """Short runs, and runs with more members than there are leaders, that are cut anywhere."""
    draw = np.random.default_rng(5)
    rows = draw.integers(0, 1 << 32, (600, 16), dtype=np.uint32)
    rows[100:] = rows[draw.integers(0, 100, 500)]  # five copies of each on average, with some values changed
    changed = draw.random((500, 16)) < 0.12
    rows[100:][changed] = draw.integers(0, 1 << 32, int(changed.sum()), dtype=np.uint32)
    options = NearDuplicates(num_perm=16, bands=4, rows_per_band=4, minimum_similarity=0.6)
    keys = band_keys(rows, options)
    keys[0] = draw.integers(0, 4, 600)  # long runs
    expected = near_clusters(lambda band: keys[band], rows, options)
    assert len(set(expected.tolist())) < 300
    monkeypatch.setattr(near, "ROWS_AT_ONCE", rows_at_once)
    rows.tofile(tmp_path / "rows")
    found = near_clusters(lambda band: keys[band], SignatureFile(tmp_path / "rows", 600, 16), options)
    assert found.tolist() == expected.tolist()
    members = np.flatnonzero(keys[0] == 1)
    in_run = resembling(members, rows, options)
    monkeypatch.setattr(near, "ROWS_AT_ONCE", 1 << 16)
    assert in_run.tolist() == resembling(members, rows, options).tolist()
