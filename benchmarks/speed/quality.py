"""How well a tool's clusters agree with the truth: recall, precision, purity, each with its counts."""

from itertools import combinations
from math import sqrt
from pathlib import Path
from statistics import NormalDist

import numpy as np
import polars as pl

ALIKE = 0.8
"""True Jaccard similarity from which two documents count as near-duplicates."""
UNRELATED = 0.5
"""Below this similarity a reported pair is not a matter of threshold but plainly wrong."""


def wilson_interval(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Interval of a proportion (Wilson 1927); (0, 1) without trials.

    >>> [round(bound, 4) for bound in wilson_interval(8, 10)]
    [0.4902, 0.9433]
    """
    if trials == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / trials
    center = share + z * z / (2 * trials)
    spread = z * sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    low, high = ((center + sign * spread) / (1 + z * z / trials) for sign in (-1, 1))
    return max(low, 0.0), min(high, 1.0)


def judge_clusters(corpus_dir: Path, clusters_path: Path) -> dict[str, object]:
    """Compare clusters with the truth; a tool reports every pair of documents of one cluster.

    Two accounts are kept. `like_for_like` has recall and precision over pairs without a respelled document on
    either side, planted or reported, so that a tool which folds spelling gains nothing by it: such a document
    counts neither as something to find nor as something found. `precision` and `unrelated` are over all that was
    reported. Recall is over pairs alike both with folded words and with words cut at blanks, so that no tool's
    way to cut words is favored; precision accepts a pair that is alike in either. What only spelling tells apart
    has a recall of its own.
    """
    clusters = pl.read_parquet(clusters_path).sort("id")["cluster"].to_numpy()
    planted = pl.read_parquet(corpus_dir / "planted.parquet")
    respelled = (planted["kind"] == "spelling").to_numpy()
    truth = pl.read_parquet(corpus_dir / "truth.parquet").with_columns(
        known=pl.max_horizontal("similarity", "spaced_similarity"),
        alike=pl.min_horizontal("similarity", "spaced_similarity") >= ALIKE,
    )
    truth = _with_spelling(truth, respelled).with_columns(
        together=clusters[truth["first"].to_numpy()] == clusters[truth["second"].to_numpy()]
    )
    reported = _with_spelling(_pairs_within(clusters), respelled).join(
        truth.select("first", "second", "known"), on=["first", "second"], how="left"
    )
    reported = reported.with_columns(pl.col("known").fill_null(0.0))
    comparable = reported.filter(~pl.col("respelled"))
    alike = truth.filter("alike", ~pl.col("respelled"))
    spelling = truth.filter(pl.col("kind") == "spelling", pl.col("spaced_similarity") < ALIKE)
    by_target = truth.filter(pl.col("kind") == "near").group_by("target").agg(
        pairs=pl.len(), recall=pl.col("together").mean()
    )  # fmt: skip
    return {
        "like_for_like": {
            "recall": _share_of(alike["together"]),
            "precision": _share_of(comparable["known"] >= ALIKE),
            "unrelated": _share_of(comparable["known"] < UNRELATED),
        },
        "precision": _share_of(reported["known"] >= ALIKE),
        "unrelated": _share_of(reported["known"] < UNRELATED),
        "spelling_recall": _share_of(spelling["together"]),
        "purity": _purity(clusters, planted["base"].to_numpy()),
        "documents_removed": int(len(clusters) - len(np.unique(clusters))),
        "recall_by_target": by_target.sort("target").rows(),
    }


def _with_spelling(pairs: pl.DataFrame, respelled: np.ndarray) -> pl.DataFrame:
    """Whether either document of a pair is another one in another spelling."""
    first, second = pairs["first"].to_numpy(), pairs["second"].to_numpy()
    return pairs.with_columns(respelled=respelled[first] | respelled[second])


def _share_of(judged: pl.Series) -> dict[str, object]:
    """The share that is true, with its interval and counts."""
    return _proportion(int(judged.sum()), len(judged))


def _proportion(successes: int, trials: int) -> dict[str, object]:
    low, high = wilson_interval(successes, trials)
    value = successes / trials if trials else None
    return {"value": value, "low": low, "high": high, "successes": successes, "trials": trials}


def _pairs_within(clusters: np.ndarray) -> pl.DataFrame:
    """Every pair of documents that have one cluster; first < second."""
    members = (
        pl.DataFrame({"cluster": clusters, "id": np.arange(len(clusters))})
        .group_by("cluster", maintain_order=True)
        .agg("id")
        .filter(pl.col("id").list.len() > 1)
    )
    pairs = [pair for ids in members["id"].to_list() for pair in combinations(ids, 2)]
    return pl.DataFrame(pairs, schema={"first": pl.Int64, "second": pl.Int64}, orient="row")


def _purity(clusters: np.ndarray, families: np.ndarray) -> float | None:
    """Of the documents in clusters of two or more, the share that belongs to its cluster's largest family.

    A family is a text and what was made from it.
    """
    sizes = (
        pl.DataFrame({"cluster": clusters, "family": families})
        .group_by("cluster", "family")
        .len()
        .group_by("cluster")
        .agg(largest=pl.col("len").max(), size=pl.col("len").sum())
        .filter(pl.col("size") > 1)
    )
    return int(sizes["largest"].sum()) / int(sizes["size"].sum()) if len(sizes) else None
