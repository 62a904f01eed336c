"""Alignment of a real book: the Debian Administrator's Handbook in English and Arabic, from its PO files.

Each file is a chapter, each entry a paragraph, so that a sentence is rightly aligned where it goes with one of its own
paragraph: `precision` is the share of beads whose sentences are all of one paragraph, `recall` the share of English
characters that are in such a bead, of paragraphs that stand on both sides. Seeded, a part of the paragraphs is left out
on one side or the other. Chapters of the Arabic side are shuffled, and found again by what stands in both.

    git clone https://github.com/Debian-VN/debian-handbook
    python benchmarks/speed/handbook_alignment.py debian-handbook/ar-MA --peer VENV/bin/python --output FILE.json

The handbook's text is CC BY-SA 3.0 or GPL 2 and later; nothing of it is kept here.
"""

import argparse
import html
import json
import random
import re
import statistics
import sys
import time
from pathlib import Path

import polars as pl
import polib
from recording import record
from reference_aligner import Bead, reference_beads
from sentence_alignment import as_sets, documents

from corpus.align_texts.aligning import align_sentences
from corpus.align_texts.coverage import no_coverage
from corpus.align_texts.settings import Beads
from corpus.sentences import split

MEASURES = ("precision", "recall", "f1", "cpu_s")
Chapter = list[tuple[str, str]]


def chapters(directory: Path) -> dict[str, Chapter]:
    """English and Arabic paragraphs of each file with at least twenty of them that are translated."""
    found = {}
    for path in sorted(directory.glob("*.po")):
        entries = polib.pofile(str(path))
        pairs = [
            (plain(each.msgid), plain(each.msgstr)) for each in entries if each.msgstr and not each.fuzzy
        ]
        pairs = [(left, right) for left, right in pairs if left and right and left != right]
        if len(pairs) >= 20:
            found[path.stem] = pairs
    return found


def plain(text: str) -> str:
    """DocBook without its tags, on one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).split())


def sides(chapter: Chapter, left_out: float, seed: int) -> tuple[list[str], list[int], list[str], list[int]]:
    """Sentences of both sides with the number of their paragraph; some paragraphs stand on one side only."""
    draw = random.Random(seed)
    lefts: list[str] = []
    rights: list[str] = []
    left_of: list[int] = []
    right_of: list[int] = []
    for number, (english, arabic) in enumerate(chapter):
        fate = draw.random()
        for text, sentences, owners, lost in (
            (english, lefts, left_of, fate < left_out / 2),
            (arabic, rights, right_of, left_out / 2 <= fate < left_out),
        ):
            if not lost:
                own = [segment.plain for segment in split(text) if segment.is_sentence]
                sentences += own
                owners += [number] * len(own)
    return lefts, left_of, rights, right_of


def measured(aligned: list[set[Bead]], made: list[tuple]) -> dict[str, float]:
    """See the head of the file."""
    good = found = 0
    in_good = in_all = 0
    for beads, (lefts, left_of, _, right_of) in zip(aligned, made, strict=True):
        right = [
            each for each in beads if len({left_of[i] for i in each[0]} | {right_of[j] for j in each[1]}) == 1
        ]
        good, found = good + len(right), found + len(beads)
        in_good += sum(len(lefts[i]) for each in right for i in each[0])
        both = set(right_of)
        in_all += sum(len(text) for text, owner in zip(lefts, left_of, strict=True) if owner in both)
    precision, recall = good / max(1, found), in_good / max(1, in_all)
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / max(1e-9, precision + recall),
    }


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--peer", default="", help="Python of an environment that has nltk")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--left_out", type=float, default=0.1)
    given = parser.parse_args()
    book = chapters(given.directory)
    runs = []
    for seed in range(given.seeds):
        made = [sides(chapter, given.left_out, seed * 1000 + at) for at, chapter in enumerate(book.values())]
        lefts, rights = [pl.Series(each[0]) for each in made], [pl.Series(each[2]) for each in made]
        run: dict = {"seed": seed, "documents": documents(lefts, rights, seed)}
        for name, coverage in (("lengths", no_coverage), ("lexicon", None)):
            started = time.process_time()
            aligned = as_sets(align_sentences(lefts, rights, coverage, Beads()))
            run[name] = measured(aligned, made) | {"cpu_s": round(time.process_time() - started, 2)}
        if given.peer:
            aligned, seconds = reference_beads(given.peer, lefts, rights, Beads().length_ratio)
            run["nltk by lengths"] = measured(aligned, made) | {"cpu_s": round(seconds, 2)}
        runs.append(run)
        print(json.dumps(run), file=sys.stderr)
    names = [name for name in runs[0] if name not in ("seed", "documents")]
    result = {
        "command": " ".join(["python", *sys.argv]),
        "chapters": len(book),
        "paragraphs": sum(map(len, book.values())),
        "left_out": given.left_out,
        "means": {
            name: {each: statistics.mean(run[name][each] for run in runs) for each in MEASURES}
            for name in names
        },
        "runs": runs,
    }
    record(result, given.output)


if __name__ == "__main__":
    main()
