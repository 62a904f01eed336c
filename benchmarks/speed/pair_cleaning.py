"""Cleaning of pairs against OpusFilter on the same filters, side by side.

Filters of both: length in words, ratios in characters and words, script, numbers, identical sides. OpusFilter lives in
an environment of its own (`pip install opusfilter==3.3.1`). Its filters run as its `filter` step runs them, one after
the other, and both read and write Moses files. Runs alternate; start-up is left out of both, as are languages,
alignment and duplicates.

    python benchmarks/speed/pair_cleaning.py PAIRS.jsonl.gz --peer VENV/bin/python --output FILE.json
"""

import argparse
import gzip
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl
from recording import record

from corpus.clean_pairs.judging import judge
from corpus.clean_pairs.settings import PairRules

RULES = PairRules(identify_language=False, match_urls=False, maximum_copied=1.0, ratio_slack=0)

PEER = r"""
import sys, time
from opusfilter import filters
from opusfilter.util import file_open
left, right, out = sys.argv[1:]
chain = [
    filters.LengthFilter(min_length=1, max_length=10000, unit="word"),
    filters.LengthRatioFilter(threshold=3, unit="word"),
    filters.LengthRatioFilter(threshold=3, unit="char"),
    filters.CharacterScoreFilter(scripts=["Latin", "Arabic"], thresholds=[0.5, 0.5]),
    filters.NonZeroNumeralsFilter(threshold=0.5),
    filters.SimilarityFilter(threshold=1, unit="word"),
]
started, began = time.perf_counter(), time.process_time()
with file_open(left) as a, file_open(right) as b, file_open(out + ".en", "w") as c, file_open(out + ".ar", "w") as d:
    pairs = ((x.rstrip("\n"), y.rstrip("\n")) for x, y in zip(a, b))
    for each in chain:
        pairs = each.filter(pairs)
    kept = 0
    for x, y in pairs:
        kept += 1
        c.write(x + "\n")
        d.write(y + "\n")
print(time.perf_counter() - started, time.process_time() - began, kept)
"""


def ours(left: Path, right: Path, output: Path) -> tuple[float, float, int]:
    """Seconds of the clock and of the processor, and kept pairs."""
    started, began = time.perf_counter(), time.process_time()
    pairs = pl.DataFrame({"en": left.read_text().split("\n")[:-1], "ar": right.read_text().split("\n")[:-1]})
    kept = pairs.filter(judge(pairs, RULES)["reason"].is_null())
    for side in ("en", "ar"):
        output.with_suffix(f".{side}").write_text("\n".join(kept[side]) + "\n")
    return time.perf_counter() - started, time.process_time() - began, kept.height


def ratios(runs: list[dict], unit: str) -> dict[str, float]:
    """OpusFilter's seconds in ours."""
    each = [run[f"opusfilter_{unit}"] / run[f"daad_{unit}"] for run in runs]
    return {"median": statistics.median(each), "least": min(each), "most": max(each)}


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--peer", required=True)
    parser.add_argument("--copies", type=int, default=10)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    opened = gzip.open if given.pairs.suffix == ".gz" else open
    with opened(given.pairs, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file] * given.copies
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        left, right = directory / "in.en", directory / "in.ar"
        for path, side in ((left, "en"), (right, "ar")):
            path.write_text("".join(" ".join(row[side].split()) + "\n" for row in rows))
        ours(left, right, directory / "warm")
        runs = []
        for _ in range(given.runs):
            seconds, processor, kept = ours(left, right, directory / "ours")
            command = [given.peer, "-c", PEER, str(left), str(right), str(directory / "peer")]
            told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
            runs.append(
                {
                    "daad_s": seconds,
                    "daad_cpu_s": processor,
                    "daad_kept": kept,
                    "opusfilter_s": float(told[0]),
                    "opusfilter_cpu_s": float(told[1]),
                    "opusfilter_kept": int(told[2]),
                }
            )
    result = {
        "command": " ".join(["python", *sys.argv]),
        "pairs": len(rows),
        "runs": runs,
        "times_as_fast": ratios(runs, "s"),
        "times_as_fast_by_processor": ratios(runs, "cpu_s"),
    }
    record(result, given.output)


if __name__ == "__main__":
    main()
