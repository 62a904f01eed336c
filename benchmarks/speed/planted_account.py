"""What a build found of what was planted in a corpus of `many_documents.py`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from many_documents import BASE, EXACT, NEAR, NOTICE, SITE_LINES, ManyPlan, Pools, Roles, roles, texts
from quality import wilson_interval
from truth import folded_words, jaccard, shingles

Numbers = npt.NDArray[np.int64]

SAMPLED = 20_000
"""Pairs whose exact similarity is counted out."""

_SIMILAR, _UNRELATED = 0.8, 0.5


def account(
    plan: ManyPlan, pools: Pools, num_documents: int, corpus_dir: Path, changes: Any
) -> dict[str, Any]:
    """Recall of planted copies and lines, and precision of what was dropped.

    A planted pair counts where both documents came as far as deduplication; it is found when the same document stays
    for both. Exact Jaccard similarities, of folded words without the lines of sites, are those of a random sample.

    Args:
        plan: What the corpus was made from.
        pools: Words of the plan.
        num_documents: How many of its documents were built.
        corpus_dir: The finished corpus.
        changes: `changes` of its manifest.
    """
    planted = roles(plan, np.arange(num_documents))
    reached = np.ones(num_documents, np.bool_)
    reached[_numbers(_dropped_before(corpus_dir))] = False
    clusters = pl.read_parquet(corpus_dir / "clusters.parquet")
    dropped, kept = _numbers(clusters["dropped"]), _numbers(clusters["kept"])
    survivors = _survivors(num_documents, dropped, kept)
    families = np.where(planted.kinds == BASE, np.arange(num_documents), planted.families)
    own = planted.kinds != NOTICE
    together = reached & own
    together[own] &= reached[families[own]]
    found = np.zeros(num_documents, np.bool_)
    found[own] = survivors[own] == survivors[families[own]]
    draw = np.random.default_rng(1)
    near = _sample(np.flatnonzero(together & (planted.kinds == NEAR)), draw)
    similarity = _similarities(plan, pools, near, families[near])
    fell_near = (clusters["stage"] == "near").to_numpy()
    pairs = _sample(np.flatnonzero(fell_near), draw)
    of_dropped = _similarities(plan, pools, dropped[pairs], kept[pairs])
    exact = together & (planted.kinds == EXACT)
    return {
        "documents_after_stages_2_to_7": int(reached.sum()),
        "planted": {
            name: int((planted.kinds == kind).sum())
            for name, kind in (("base", BASE), ("exact", EXACT), ("near", NEAR), ("notice", NOTICE))
        },
        "dropped": {stage: int((clusters["stage"] == stage).sum()) for stage in ("exact", "near")},
        "recall_exact": _proportion(found[exact]),
        "recall_near": _proportion(found[near][similarity >= _SIMILAR]),
        "recall_notices": _notices(planted, reached, survivors),
        "same_family": _proportion(families[dropped] == families[kept]),
        "precision_near": _proportion(of_dropped >= _SIMILAR),
        "unrelated_near": _proportion(of_dropped < _UNRELATED),
        "lines_removed": _lines(planted, reached, dropped[~fell_near], changes),
    }


def _dropped_before(corpus_dir: Path) -> pl.Series:
    files = pl.scan_parquet(corpus_dir / "dropped" / "*.parquet")
    return files.filter(~pl.col("stage").is_in(["exact", "near"])).select("id").collect()["id"]


def _numbers(ids: pl.Series) -> Numbers:
    """Numbers of documents from their ids, source/number."""
    return ids.str.extract(r"(\d+)$").cast(pl.Int64).to_numpy()


def _survivors(count: int, dropped: Numbers, kept: Numbers) -> Numbers:
    """The document that stays in the end for each: an exact copy's survivor may itself be a near-duplicate."""
    survivors = np.arange(count)
    survivors[dropped] = kept
    return survivors[survivors]


def _notices(planted: Roles, reached: npt.NDArray[np.bool_], survivors: Numbers) -> dict[str, Any]:
    """Copies of a notice that fell to, or are, the one that stays for most copies of it."""
    members = np.flatnonzero((planted.kinds == NOTICE) & reached)
    frame = pl.DataFrame({"notice": planted.families[members], "stays": survivors[members]})
    largest = frame.group_by("notice", "stays").len().group_by("notice").agg(pl.col("len").max())
    hits = int(largest["len"].sum())
    return _of(hits, len(members)) | {"largest_cluster": int(largest["len"].max() or 0)}


def _lines(planted: Roles, reached: npt.NDArray[np.bool_], copies: Numbers, changes: Any) -> dict[str, Any]:
    """Removed lines against those planted in documents that stood after the exact pass."""
    stood = reached.copy()
    stood[copies] = False
    removed = sum(row["changes"].get("lines_removed", 0) for row in changes if row["stage"] == "boilerplate")
    return {"planted": int(SITE_LINES * (stood & (planted.sites >= 0)).sum()), "removed": removed}


def _sample(numbers: Numbers, draw: np.random.Generator) -> Numbers:
    return np.sort(draw.permutation(numbers)[:SAMPLED])


def _similarities(plan: ManyPlan, pools: Pools, left: Numbers, right: Numbers) -> npt.NDArray[np.float64]:
    sides = zip(_texts(plan, pools, left), _texts(plan, pools, right), strict=True)
    return np.array([jaccard(*(shingles(folded_words(text)) for text in pair)) for pair in sides], float)


def _texts(plan: ManyPlan, pools: Pools, numbers: Numbers) -> Iterator[str]:
    for start in range(0, len(numbers), 1_000):
        yield from texts(plan, pools, numbers[start : start + 1_000], bare=True).to_pylist()


def _proportion(hits: npt.NDArray[np.bool_]) -> dict[str, Any]:
    return _of(int(hits.sum()), len(hits))


def _of(hits: int, trials: int) -> dict[str, Any]:
    interval = [round(bound, 6) for bound in wilson_interval(hits, trials)]
    return {"share": hits / trials if trials else None, "of": trials, "interval": interval}
