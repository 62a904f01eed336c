"""Alignment against exhaustive search on short texts, planted merges and deletions, and whole runs."""

import json
import math
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from corpus.align_texts.aligning import align_sentences, align_texts
from corpus.align_texts.beads import KINDS, Bead, align, length_cost
from corpus.align_texts.coverage import EmbeddingCoverage, no_coverage
from corpus.align_texts.documents import match_documents
from corpus.align_texts.settings import AlignTexts, Beads
from corpus.errors import CorpusError
from corpus.sources import Source

PRIORS = dict(
    zip(
        map(tuple, KINDS.tolist()),
        np.log([0.89, 0.00495, 0.00495, 0.0445, 0.0445, 0.011]).tolist(),
        strict=True,
    )
)


def test_the_length_cost_by_hand() -> None:
    # Equal lengths at ratio 1: delta 0, probability 1. 100 and 121 at variance 4: 21 / sqrt(110.5 x 4) = .99887.
    assert length_cost(50, 50, 1.0, 4.0) == 0
    assert length_cost(100, 121, 1.0, 4.0) == pytest.approx(
        -math.log(math.erfc(0.998868 / math.sqrt(2))), rel=1e-4
    )


def best_score(left: list[int], right: list[int], beads: Beads) -> float:
    """Slow twin: all ways to cut both sides into beads."""

    @cache
    def best(i: int, j: int) -> float:
        if i == len(left) and j == len(right):
            return 0.0
        found = -math.inf
        for (a, b), prior in PRIORS.items():
            if i + a <= len(left) and j + b <= len(right):
                found = max(
                    found, score(left[i : i + a], right[j : j + b], prior, beads) + best(i + a, j + b)
                )
        return found

    return best(0, 0)


def score(left: list[int], right: list[int], prior: float, beads: Beads) -> float:
    if not left or not right:
        return prior
    return prior - length_cost(sum(left), sum(right), beads.length_ratio, beads.length_variance)


LENGTHS = st.lists(st.integers(1, 200), min_size=1, max_size=7)


@hypothesis_settings(max_examples=60)
@given(LENGTHS, LENGTHS)
def test_beads_cover_everything_once_and_score_best(left: list[int], right: list[int]) -> None:
    beads = Beads()
    found = align(np.array(left), np.array(right), *no_coverage(), beads)
    assert [i for bead in found for i in range(*bead.left)] == list(range(len(left)))
    assert [j for bead in found for j in range(*bead.right)] == list(range(len(right)))
    total = sum(
        score(
            left[slice(*b.left)],
            right[slice(*b.right)],
            PRIORS[b.left[1] - b.left[0], b.right[1] - b.right[0]],
            beads,
        )
        for b in found
    )
    assert total == pytest.approx(best_score(left, right, beads))


def test_a_side_without_sentences() -> None:
    nothing = np.zeros(0, np.int64)
    assert align(np.array([5, 6]), nothing, *no_coverage(), Beads()) == [
        Bead((0, 1), (0, 0), 0.0),
        Bead((1, 2), (0, 0), 0.0),
    ]
    assert align(nothing, nothing, *no_coverage(), Beads()) == []


@pytest.mark.parametrize(("rows", "columns"), [(1, 130), (2, 300), (300, 2), (3, 1000)])
def test_a_stub_against_a_long_text(rows: int, columns: int) -> None:
    # A straight line so steep leaves a narrow band: there was no path in it.
    found = align(np.full(rows, 50), np.full(columns, 50), *no_coverage(), Beads(band=1))
    assert [i for bead in found for i in range(*bead.left)] == list(range(rows))
    assert [j for bead in found for j in range(*bead.right)] == list(range(columns))


def test_a_model_is_not_asked_about_a_side_without_sentences() -> None:
    class Scorer:
        def embed(self, texts: pl.Series) -> np.ndarray:
            return np.ones((len(texts), 3), np.float32) if len(texts) else np.zeros((0, 1), np.float32)

    covers = EmbeddingCoverage(Scorer())  # type: ignore[arg-type]
    none, two = pl.Series([], dtype=pl.String), pl.Series(["a", "b"])
    assert [each.shape for each in (*covers(none, two), *covers(two, none))] == [(0, 2)] * 2 + [(2, 0)] * 2
    found = align_sentences([two, none], [two, two], covers, Beads())
    assert [len(beads) for beads in found] == [2, 2]


def sentences(count: int, seed: int) -> tuple[list[str], list[str]]:
    draw = np.random.default_rng(seed)
    words = draw.integers(0, 300, (count, 9))
    lengths = draw.integers(4, 10, count)
    left = [" ".join(f"en{w}xx" for w in row[:n]) + "." for row, n in zip(words, lengths, strict=True)]
    right = [" ".join(f"عر{w}" for w in row[:n]) + "." for row, n in zip(words, lengths, strict=True)]
    return left, right


def test_words_find_a_deletion_that_lengths_cannot() -> None:
    lefts, rights = [], []
    for seed in range(30):
        left, right = sentences(14, seed)
        lefts.append(pl.Series(left))
        rights.append(pl.Series(right[:4] + right[5:]))
    wanted = {(i, i - (i > 4)) for i in range(14) if i != 4}

    def found(coverage: object) -> int:
        aligned = align_sentences(lefts, rights, coverage, Beads())  # type: ignore[arg-type]
        return sum(
            len(
                wanted
                & {
                    (b.left[0], b.right[0])
                    for b in beads
                    if b.left[1] - b.left[0] == b.right[1] - b.right[0] == 1
                }
            )
            for beads in aligned
        )

    assert found(None) >= 0.97 * 30 * 13
    assert found(None) > found(no_coverage)


def test_documents_find_one_another_by_numbers_addresses_and_names() -> None:
    left = pl.Series(["In 1998 NASA paid 4,500", "see example.org/page for 77", "nothing here"])
    right = pl.Series(["انظر example.org/page عدد ٧٧", "لا شيء", "في ١٩٩٨ دفعت NASA مبلغ 4,500"])
    assert {(i, j) for i, j, _ in match_documents(left, right)} == {(0, 2), (1, 0)}
    assert match_documents(left.head(0), right) == []


def write(path: Path, texts: dict[str, str]) -> None:
    lines = (json.dumps({"id": name, "text": text}, ensure_ascii=False) for name, text in texts.items())
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.parametrize("match", ["id", "content"])
def test_files_become_a_corpus_of_pairs(match: str, tmp_path: Path) -> None:
    english, arabic = {}, {}
    for number in range(6):
        left, right = sentences(8, number)
        english[f"d{number}"] = (
            " ".join(each.capitalize() for each in left) + f"\nThe number {1000 + number} stands."
        )
        arabic[f"d{number}"] = " ".join(right) + f"\nالعدد {1000 + number} هنا."
    write(tmp_path / "en.jsonl", english)
    write(tmp_path / "ar.jsonl", dict(reversed(arabic.items())))
    given_settings = AlignTexts(
        output_dir=str(tmp_path / "out"), match=match,  # type: ignore[arg-type]
        english=Source(name="book", path=str(tmp_path / "en.jsonl"), language="en"),
        arabic=Source(name="kitab", path=str(tmp_path / "ar.jsonl"), language="ar", examples=False),
    )  # fmt: skip
    manifest = align_texts(given_settings)
    shard = pl.read_parquet(tmp_path / "out/shards/book-00000.parquet")
    assert manifest["documents"] == 6
    assert manifest["beads"]["1-1"] >= 50
    assert shard["language"].to_list() == ["en", "ar"] * manifest["pairs"]
    last = shard.filter(pl.col("text").str.contains("1003"))["text"].to_list()
    assert last == ["The number 1003 stands.", "العدد 1003 هنا."]
    assert manifest["config"]["sources"] == [{"name": "book", "kind": "parallel", "examples": False}]


def test_documents_that_do_not_go_together_are_said(tmp_path: Path) -> None:
    write(tmp_path / "en.jsonl", {"a": "One."})
    write(tmp_path / "ar.jsonl", {"b": "واحد."})
    sides = {
        "english": Source(name="e", path=str(tmp_path / "en.jsonl")),
        "arabic": Source(name="a", path=str(tmp_path / "ar.jsonl")),
    }
    with pytest.raises(CorpusError, match="no document of e goes with one of a by id"):
        align_texts(AlignTexts(output_dir=str(tmp_path / "out"), **sides))
    with pytest.raises(ValueError, match="band must be at least 1"):
        Beads(band=0)
