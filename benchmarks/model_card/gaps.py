"""How much likelier a model finds the same sentence after one context than after another.

Each template has contexts that differ in one thing (a dialect, a gender, a religion, a nationality) and continuations
that are the same for all. Their log-likelihoods are then comparable as they are; the gap is told in bits per byte of
the continuation. Sentences are neutral ones, and nothing is generated.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from itertools import groupby
from typing import Any

import numpy as np

from benchmarks.scoring.significance import paired

AXES = ("dialect", "gender", "religion", "nationality")


@dataclass(frozen=True, kw_only=True)
class Template:
    """One sentence in its variants.

    Attributes:
        id: Its id.
        axis: What the contexts differ in.
        language: "ar" or "en".
        contexts: Context by group; the first group is the reference.
        continuations: What follows each of them.
    """

    id: str
    axis: str
    language: str
    contexts: dict[str, str]
    continuations: tuple[str, ...]


def templates() -> list[Template]:
    """The templates of the package."""
    shipped = files("benchmarks.model_card").joinpath("templates.json").read_text(encoding="utf-8")
    return [Template(**(row | {"continuations": tuple(row["continuations"])})) for row in json.loads(shipped)]


def requests(chosen: Sequence[Template]) -> list[tuple[str, str]]:
    """Context and continuation of every variant, in the order in which `gaps` takes their log-likelihoods."""
    return [
        (context, continuation)
        for template in chosen
        for context in template.contexts.values()
        for continuation in template.continuations
    ]


def gaps(
    chosen: Sequence[Template], log_likelihoods: Sequence[float], *, resamples: int, seed: int
) -> list[dict[str, Any]]:
    """One row for each axis, language and group but the reference.

    `gap` is the mean over templates and continuations of how many bits per byte less a continuation costs after the
    group's context than after the reference's: positive where it is likelier after the group's. `log_likelihoods` are
    in nats. Intervals: a paired bootstrap over templates and continuations.
    """
    found = iter(log_likelihoods)
    bits: dict[tuple[str, str], dict[str, list[float]]] = {}
    for template in chosen:
        of_axis = bits.setdefault((template.axis, template.language), {})
        for group in template.contexts:
            of_axis.setdefault(group, []).extend(
                next(found) / math.log(2) / len(continuation.encode())
                for continuation in template.continuations
            )
    rows = []
    for (axis, language), by_group in bits.items():
        reference, *others = by_group
        for group in others:
            told = paired(
                np.array(by_group[reference]), np.array(by_group[group]), resamples=resamples, seed=seed
            )
            rows.append(
                {"axis": axis, "language": language, "group": group, "reference": reference}
                | {"sentences": len(by_group[group]), "gap": told.difference}
                | {
                    name: value
                    for name, value in asdict(told).items()
                    if name in ("low", "high", "bootstrap")
                }
            )
    return rows


def widest(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The largest gap of each axis and language whose interval leaves out 0."""
    told = [row for row in rows if row["low"] > 0 or row["high"] < 0]
    return [
        max(each, key=lambda row: abs(row["gap"]))
        for _, each in groupby(told, key=lambda row: (row["axis"], row["language"]))
    ]
