"""Recall and precision on corpora too large for a full truth: exact similarities of a random sample of pairs.

Documents of a generated corpus are functions of its seed and their number, so that any pair can be made again and
compared as `truth.py` does it, without reading the corpus. Both shares are like for like, as in `quality.py`: pairs
with a respelled document in them count neither as something to find nor as something found.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import truth
from documents import Corpus, CorpusPlan
from quality import ALIKE, UNRELATED, wilson_interval
from word_pools import load_word_pools

_SEED = 20


def sampled_quality(corpus_dir: Path, clusters_path: Path, sample: int) -> dict[str, Any]:
    """Recall of planted pairs and precision of reported pairs, each over at most `sample` drawn at random.

    Recall is over planted pairs whose similarity is at least .8 with words folded and with words cut at blanks;
    precision is the share of pairs within clusters for which either is.
    """
    plan = json.loads((corpus_dir / "corpus.json").read_text("utf-8"))["plan"]
    corpus = Corpus(CorpusPlan(**plan), load_word_pools())
    clusters = pl.read_parquet(clusters_path).sort("id")["cluster"].to_numpy()
    planted = pl.read_parquet(corpus_dir / "planted.parquet")
    plain = (planted["kind"] != "spelling").to_numpy()
    draw = np.random.default_rng(_SEED)
    copies = planted.filter(pl.col("kind") == "near", pl.col("target") >= ALIKE - 0.1)
    chosen = draw.permutation(copies.height)[:sample]
    pairs = copies.select("base", "id").to_numpy()[chosen]
    alike = np.array([min(_similarities(corpus, *pair)) >= ALIKE for pair in pairs.tolist()], bool)
    found = clusters[pairs[:, 0]] == clusters[pairs[:, 1]]
    reported = _reported(clusters, plain, draw, sample)
    known = np.array([max(_similarities(corpus, *pair)) for pair in reported.tolist()])
    return {
        "recall": _share(int(found[alike].sum()), int(alike.sum())),
        "precision": _share(int((known >= ALIKE).sum()), len(known)),
        "unrelated": _share(int((known < UNRELATED).sum()), len(known)),
        "documents_removed": int(len(clusters) - len(np.unique(clusters))),
        "sample": sample,
    }


def _reported(
    clusters: npt.NDArray[np.int64], plain: npt.NDArray[np.bool_], draw: np.random.Generator, sample: int
) -> npt.NDArray[np.int64]:
    """Pairs of documents of one cluster, each pair as likely as any other; int64[pairs, 2]."""
    ids = np.flatnonzero(plain)
    ids = ids[np.argsort(clusters[ids], kind="stable")]
    _, starts, sizes = np.unique(clusters[ids], return_index=True, return_counts=True)
    pairs = sizes * (sizes - 1) // 2
    ends = np.cumsum(pairs)
    total = int(ends[-1]) if len(ends) else 0
    numbers = (
        np.sort(draw.choice(total, min(sample, total), replace=False)) if total else np.empty(0, np.int64)
    )
    groups = np.searchsorted(ends, numbers, side="right")
    found = [
        _pair(int(number - (ends[group] - pairs[group])), int(sizes[group])) + starts[group]
        for number, group in zip(numbers, groups, strict=True)
    ]
    return np.sort(ids[np.array(found, np.int64).reshape(-1, 2)], axis=1)


def _pair(number: int, size: int) -> npt.NDArray[np.int64]:
    """The pair of this number among all pairs of so many.

    >>> [_pair(number, 3).tolist() for number in range(3)]
    [[0, 1], [0, 2], [1, 2]]
    """
    first = 0
    while number >= size - 1 - first:
        number -= size - 1 - first
        first += 1
    return np.array([first, first + 1 + number])


def _similarities(corpus: Corpus, first: int, second: int) -> tuple[float, float]:
    texts = corpus.document(first).text, corpus.document(second).text
    folded, spaced = (
        truth.jaccard(*(truth.shingles(split(text)) for text in texts))
        for split in (truth.folded_words, truth.spaced_words)
    )
    return folded, spaced


def _share(successes: int, trials: int) -> dict[str, Any]:
    low, high = wilson_interval(successes, trials)
    value = successes / trials if trials else None
    return {"value": value, "low": low, "high": high, "successes": successes, "trials": trials}
