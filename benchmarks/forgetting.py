"""What a later model lost or gained against the one it came from, language by language."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.comparison import common_responses, same_kind
from benchmarks.scoring.significance import resampled_means
from benchmarks.scoring.summary import credit_by
from benchmarks.tasks.task import METRICS

Run = tuple[Path, Mapping[str, Any]]
"""Directory of a run, and its results."""


def changes(first: Run, second: Run, *, resamples: int, seed: int) -> list[dict[str, Any]]:
    """One entry for each language and measure: means over the tasks that both scored in the same way, before and after.

    Tasks weigh alike, under their first rules. The interval of the difference is a paired bootstrap of the items of
    each task.
    """
    found: dict[tuple[str, str], list[tuple[float, float, Any]]] = {}
    rng = np.random.default_rng(seed)
    for score in first[1]["scores"]:
        if not score["first"] or not same_kind(score, second[1]["scores"]):
            continue
        left, right = common_responses(first[0], second[0], score["task"])
        if left.is_empty():
            continue
        before, after = credit_by(left, score["rule"]), credit_by(right, score["rule"])
        draws = resampled_means(after - before, resamples, rng)
        kind = score["language"], METRICS[score["rule"]]
        found.setdefault(kind, []).append((float(before.mean()), float(after.mean()), draws))
    changed = []
    for (language, metric), tasks in sorted(found.items()):
        mean_before, mean_after = (float(np.mean([task[place] for task in tasks])) for place in (0, 1))
        low, high = np.percentile(np.mean([task[2] for task in tasks], axis=0), (2.5, 97.5))
        changed.append(
            {
                "language": language,
                "metric": metric,
                "models": [first[1]["model"]["name"], second[1]["model"]["name"]],
                "tasks": len(tasks),
                "before": mean_before,
                "after": mean_after,
                "difference": mean_after - mean_before,
                "low": float(low),
                "high": float(high),
            }
        )
    return changed
