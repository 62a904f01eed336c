"""Precision, recall and F1 of sentence and document alignment on parallel news with planted changes.

Sentences of a file of pairs (JSONL, `en` and `ar`) are put into documents of 20; then, seeded, neighbors are merged on
one side (2-1, 1-2), sentences are dropped on one side (1-0, 0-1), and the Arabic documents are shuffled. With `--peer`,
nltk's aligner by lengths is given the same documents and the same ratio of lengths.

    python benchmarks/speed/sentence_alignment.py PAIRS.jsonl.gz --peer VENV/bin/python --output FILE.json
"""

import argparse
import gzip
import json
import random
import statistics
import sys
import time
from pathlib import Path

import polars as pl
from recording import record
from reference_aligner import Bead, reference_beads

from corpus.align_texts.aligning import align_sentences
from corpus.align_texts.coverage import no_coverage
from corpus.align_texts.documents import match_documents
from corpus.align_texts.settings import Beads
from corpus.clean_pairs.lexicon import learn

MEASURES = ("precision", "recall", "f1", "cpu_s")


def planted(pairs: list[tuple[str, str]], rate: float, seed: int) -> tuple[list, list, list]:
    """Documents of both sides and, for each, the set of beads as (left numbers, right numbers)."""
    draw = random.Random(seed)
    lefts, rights, golds = [], [], []
    for start in range(0, len(pairs), 20):
        left, right, gold = [], [], set()
        rest = pairs[start : start + 20]
        while rest:
            kind = draw.choices(["1-1", "2-1", "1-2", "1-0", "0-1"], [1 - rate, *[rate / 4] * 4])[0]
            (en, ar), *rest = rest
            if kind in ("2-1", "1-2") and rest:
                (more_en, more_ar), *rest = rest
                one_left, one_right = kind == "1-2", kind == "2-1"
                rows = [len(left)] if one_left else [len(left), len(left) + 1]
                columns = [len(right)] if one_right else [len(right), len(right) + 1]
                left += [f"{en} {more_en}"] if one_left else [en, more_en]
                right += [f"{ar} {more_ar}"] if one_right else [ar, more_ar]
                gold.add((tuple(rows), tuple(columns)))
            elif kind == "1-0":
                left.append(en)
            elif kind == "0-1":
                right.append(ar)
            else:
                gold.add(((len(left),), (len(right),)))
                left.append(en)
                right.append(ar)
        lefts.append(pl.Series(left, dtype=pl.String))
        rights.append(pl.Series(right, dtype=pl.String))
        golds.append(gold)
    return lefts, rights, golds


def measured(aligned: list, golds: list) -> dict[str, float]:
    """Strict: a bead counts where exactly it stands in the gold."""
    right = found = wanted = 0
    for mine, gold in zip(aligned, golds, strict=True):
        right, found, wanted = right + len(mine & gold), found + len(mine), wanted + len(gold)
    precision, recall = right / max(1, found), right / max(1, wanted)
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / max(1e-9, precision + recall),
    }


def as_sets(aligned: list) -> list[set[Bead]]:
    """Beads as numbers of both sides, those of one side left out."""
    every = [{(tuple(range(*b.left)), tuple(range(*b.right))) for b in beads} for beads in aligned]
    return [{bead for bead in beads if bead[0] and bead[1]} for beads in every]


def by_kind(aligned: list, golds: list) -> dict[str, float]:
    """Share of the gold beads of each kind that are found."""
    kinds: dict[str, list[bool]] = {}
    for mine, gold in zip(aligned, golds, strict=True):
        for bead in gold:
            kinds.setdefault(f"{len(bead[0])}-{len(bead[1])}", []).append(bead in mine)
    return {kind: sum(found) / len(found) for kind, found in sorted(kinds.items())}


def documents(lefts: list, rights: list, seed: int) -> dict[str, dict[str, float]]:
    """Document matching: anchors alone, and with the lexicon that the surer half of them teaches."""
    order = list(range(len(rights)))
    random.Random(seed).shuffle(order)
    left = pl.Series([" ".join(each) for each in lefts])
    right = pl.Series([" ".join(rights[number]) for number in order])
    result = {}
    first = match_documents(left, right, None, 0.05)
    sure = first[: len(first) // 2]
    lexicon = learn(left.gather([i for i, _, _ in sure]), right.gather([j for _, j, _ in sure]))
    for name, matched in (
        ("anchors", first),
        ("anchors and lexicon", match_documents(left, right, lexicon, 0.05)),
    ):
        good = sum(order[j] == i for i, j, _ in matched)
        result[name] = {"precision": good / max(1, len(matched)), "recall": good / len(left)}
    return result


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--peer", default="", help="Python of an environment that has nltk")
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    opened = gzip.open if given.pairs.suffix == ".gz" else open
    with opened(given.pairs, "rt", encoding="utf-8") as file:
        pairs = [(row["en"], row["ar"]) for row in map(json.loads, file)]
    runs = []
    for seed in range(given.seeds):
        lefts, rights, golds = planted(pairs, 0.2, seed)
        run: dict = {"seed": seed, "documents": documents(lefts, rights, seed)}
        for name, coverage in (("lengths", no_coverage), ("lexicon", None)):
            started = time.process_time()
            aligned = as_sets(align_sentences(lefts, rights, coverage, Beads()))
            seconds = round(time.process_time() - started, 2)
            run[name] = measured(aligned, golds) | {
                "found_by_kind": by_kind(aligned, golds),
                "cpu_s": seconds,
            }
        if given.peer:
            aligned, seconds = reference_beads(given.peer, lefts, rights, Beads().length_ratio)
            run["nltk by lengths"] = measured(aligned, golds) | {
                "found_by_kind": by_kind(aligned, golds),
                "cpu_s": round(seconds, 2),
            }
        runs.append(run)
        print(json.dumps(run), file=sys.stderr)
    names = [name for name in runs[0] if name not in ("seed", "documents")]
    means = {
        name: {each: statistics.mean(run[name][each] for run in runs) for each in MEASURES} for name in names
    }
    result = {
        "command": " ".join(["python", *sys.argv]),
        "pairs": len(pairs),
        "rate": 0.2,
        "means": means,
        "runs": runs,
    }
    record(result, given.output)


if __name__ == "__main__":
    main()
