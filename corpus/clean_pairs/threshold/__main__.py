"""`python -m corpus.clean_pairs.threshold --sample FILE --output_dir DIR`: what to set `minimum_score` to."""

import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from corpus.clean_pairs.threshold.settings import ChooseThreshold
from corpus.command_line import run

_TITLES = {
    "right_kept": "right pairs that stay",
    "wrong_dropped": "wrong pairs that go",
    "precision": "wrong ones among those that go",
    "f1": "F1 of finding wrong ones",
}


def main(settings: ChooseThreshold) -> None:
    """Choose, tell, and keep."""
    from corpus.clean_pairs.threshold.choosing import held_out
    from corpus.clean_pairs.threshold.sample import read_sample
    from corpus.pipeline.atomic import sha256_of, write_json

    scores, good = read_sample(settings)
    found = held_out(
        scores,
        good,
        keep=settings.keep,
        splits=settings.splits,
        resamples=settings.resamples,
        seed=settings.seed,
    )
    sample = Path(settings.sample)
    path = Path(settings.output_dir, "threshold.json")
    facts = {
        "daad": version("daad"),
        "config": settings.decisive(),
        "sample": {"name": sample.name, "sha256": sha256_of(sample), "pairs": len(scores)},
        "versions": {name: version(name) for name in ("polars", "numpy", "numba")},
    }
    write_json(path, facts | found)
    sys.stdout.write(_summary(settings, found, len(scores)) + f"open {path}\n")


def _summary(settings: ChooseThreshold, found: Mapping[str, Any], pairs: int) -> str:
    """The threshold and what it does, as aligned lines."""
    lowest, highest = found["splits"]["thresholds"]
    chosen = (
        f"{found['threshold']:.4g} is the threshold, chosen on {found['pairs']['chose']:,} of {pairs:,} pairs"
    )
    lines = [
        f"{chosen}; {settings.splits} halvings chose {lowest:.4g} to {highest:.4g}",
        f"what it does to the other {found['pairs']['told']:,}, with 95 % intervals:",
    ]
    for name, title in _TITLES.items():
        told = found["other_half"][name]
        low, high = told["interval"]
        lines.append(f"  {title:31} {told['value']:.3f}  [{low:.3f}, {high:.3f}]")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    run(main, ChooseThreshold, "corpus.clean_pairs.threshold")
