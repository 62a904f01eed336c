"""Gale and Church's aligner as nltk has it, in an environment of its own (`pip install nltk`), to compare with."""

import json
import subprocess
from collections.abc import Sequence

import polars as pl

PEER = r"""
import json, sys, time
from nltk.translate import gale_church
asked = json.load(sys.stdin)
class Parameters(gale_church.LanguageIndependent):
    AVERAGE_CHARACTERS = asked["ratio"]
started = time.process_time()
links = [[(int(i), int(j)) for i, j in gale_church.align_blocks(a, b, Parameters)] for a, b in asked["lengths"]]
json.dump({"links": links, "cpu_s": time.process_time() - started}, sys.stdout)
"""

Bead = tuple[tuple[int, ...], tuple[int, ...]]


def reference_beads(
    python: str, lefts: Sequence[pl.Series], rights: Sequence[pl.Series], ratio: float
) -> tuple[list[set[Bead]], float]:
    """Beads of each pair of documents as nltk's links make them, and its seconds of the processor."""
    lengths = [[side.str.len_chars().to_list() for side in both] for both in zip(lefts, rights, strict=True)]
    asked = json.dumps({"ratio": ratio, "lengths": lengths})
    told = subprocess.run([python, "-c", PEER], input=asked, capture_output=True, text=True, check=True)
    found = json.loads(told.stdout)
    return [beads_of(links) for links in found["links"]], found["cpu_s"]


def beads_of(links: Sequence[Sequence[int]]) -> set[Bead]:
    """Links that share a sentence make one bead.

    >>> sorted(beads_of([(0, 0), (1, 1), (1, 2)]))
    [((0,), (0,)), ((1,), (1, 2))]
    """
    beads: list[tuple[set[int], set[int]]] = []
    for left, right in sorted(map(tuple, links)):
        if beads and (left in beads[-1][0] or right in beads[-1][1]):
            beads[-1][0].add(left)
            beads[-1][1].add(right)
        else:
            beads.append(({left}, {right}))
    return {(tuple(sorted(lefts)), tuple(sorted(rights))) for lefts, rights in beads}
