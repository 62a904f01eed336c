"""Hash kernels, signatures and bands against xxhash and datasketch, and estimates against true similarity."""

import random

import datasketch
import numpy as np
import polars as pl
import pytest
import xxhash
from datasketch import MinHash
from hypothesis import example, given, settings
from hypothesis import strategies as st

from corpus.dedup import NearDuplicates, band_keys, minhash, signatures
from corpus.dedup.xxhash_kernels import xxh32, xxh64
from corpus.fold import fold
from corpus.text_buffers import from_buffers

WORDS = st.lists(st.sampled_from(["ا", "ab", "كتاب", "مدرسه", "x" * 40, "the", "1445"]), max_size=40)


def shingles(text: str, size: int) -> set[bytes]:
    words = text.split(" ")
    if not text:
        return set()
    return {" ".join(words[i : i + size]).encode() for i in range(max(1, len(words) - size + 1))}


def reference(text: str, options: NearDuplicates) -> MinHash:
    made = MinHash(
        options.num_perm,
        options.seed,
        scheme="affine32",
        hashfunc=lambda data: xxhash.xxh32(data).intdigest(),
    )
    for shingle in shingles(text, options.shingle_size):
        made.update(shingle)
    return made


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 9))
def test_hashes_equal_xxhash(data: bytes, start: int) -> None:
    start = min(start, len(data))
    array = np.frombuffer(data + b"tail", np.uint8)
    part = data[start:]
    assert xxh32(array, start, len(data)) == xxhash.xxh32(part).intdigest()
    assert xxh64(array, start, len(data)) == xxhash.xxh64(part).intdigest()


@settings(max_examples=60, deadline=None)
@given(st.lists(WORDS.map(" ".join), max_size=4), st.integers(1, 7), st.integers(0, 3))
@example(["", "a", "a b c d", "a b c d e", "a b c d e f"], 5, 1)
def test_signatures_equal_datasketch(texts: list[str], shingle_size: int, seed: int) -> None:
    options = NearDuplicates(shingle_size=shingle_size, seed=seed, num_perm=36, bands=4, rows_per_band=8)
    rows = signatures(fold(pl.Series(texts, dtype=pl.String)), options)
    assert rows.dtype == np.uint32
    assert rows.shape == (len(texts), 36)
    for text, row in zip(texts, rows, strict=True):
        assert np.array_equal(row, reference(text, options).hashvalues)


def test_datasketch_takes_our_rows_back() -> None:
    options = NearDuplicates()
    left, right = "one two three four five six seven", "one two three four five six eight"
    rows = signatures(fold(pl.Series([left, right])), options)
    ours = [MinHash(hashvalues=row, seed=1, scheme="affine32") for row in rows]
    assert ours[0].jaccard(ours[1]) == reference(left, options).jaccard(reference(right, options))


def test_estimates_follow_true_similarity() -> None:
    draw = random.Random(5)
    options = NearDuplicates(num_perm=512)
    for share in (0.0, 0.02, 0.1, 0.5):
        words = [f"w{draw.randrange(5000)}" for _ in range(400)]
        other = [f"v{draw.randrange(5000)}" if draw.random() < share else word for word in words]
        pair = [" ".join(words), " ".join(other)]
        sets = [shingles(text, 5) for text in pair]
        truth = len(sets[0] & sets[1]) / len(sets[0] | sets[1])
        rows = signatures(fold(pl.Series(pair)), options)
        # Five standard errors of a share of 512: .11 at most.
        error = 5 * (truth * (1 - truth) / 512) ** 0.5 + 1e-9
        assert (rows[0] == rows[1]).mean() == pytest.approx(truth, abs=error)


def test_spelling_variants_share_signatures() -> None:
    plain, variant = "ذهب الى المدرسه الكبيره في المدينه", "ذَهَبَ إِلَى المـــدرسةِ ، الكبيرة فی المدينة!"
    rows = signatures(fold(pl.Series([plain, variant])), NearDuplicates())
    assert np.array_equal(rows[0], rows[1])


def test_band_keys_are_equal_just_where_bands_are() -> None:
    options = NearDuplicates(num_perm=16, bands=4, rows_per_band=3)  # the last four values are in no band
    rows = np.random.default_rng(3).integers(0, 2, (300, 16), dtype=np.uint32)
    keys = band_keys(rows, options)
    assert keys.shape == (4, 300)
    for band in range(4):
        part = rows[:, band * 3 : band * 3 + 3]
        same_rows = (part[:, None] == part[None]).all(axis=2)
        assert np.array_equal(keys[band][:, None] == keys[band][None], same_rows)


def test_bands_may_be_left_to_datasketch() -> None:
    bands, rows_per_band = NearDuplicates(bands=0, rows_per_band=0, minimum_similarity=0.8).banding
    assert bands >= 2
    assert bands * rows_per_band <= 128


@pytest.mark.parametrize(
    ("given_settings", "message"),
    [
        ({"num_perm": 100}, "bands x rows_per_band must be at most num_perm, got 16 x 8 > 100"),
        ({"bands": 0}, "must both be 0 or both be positive, got 0 and 8"),
        ({"shingle_size": 0}, "shingle_size must be at least 1, got 0"),
        ({"minimum_similarity": 1.5}, "minimum_similarity must be above 0 and at most 1, got 1.5"),
        ({"seed": 1 << 32}, "seed must be below 2"),
    ],
)
def test_settings_refuse(given_settings: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("^", r"\^")):
        NearDuplicates(**given_settings)  # type: ignore[arg-type]


def test_fold_then_sign_reads_slices() -> None:
    texts = pl.Series(["first text here", "second text there", "third"])
    folded = fold(texts)
    assert from_buffers(folded).to_list() == texts.to_list()
    assert np.array_equal(
        signatures(fold(texts[1:]), NearDuplicates()), signatures(folded, NearDuplicates())[1:]
    )


@pytest.mark.parametrize(("num_perm", "seed"), [(1, 0), (2, 1), (128, 1), (256, 42), (64, 2**32 - 1)])
def test_permutations_are_those_of_datasketch(num_perm: int, seed: int) -> None:
    ours = minhash._permutations(num_perm, seed)
    theirs = datasketch.MinHash(num_perm=num_perm, seed=seed, scheme="affine32").permutations
    assert [row.tolist() for row in ours] == [row.tolist() for row in theirs]
    assert {row.dtype for row in ours} == {np.dtype(np.uint32)}
