"""What each run measured, as curves over the bytes that it saw and the FLOPs that it took."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.errors import ExperimentError
from nemo_recipes.watch.journal import Journal

LANGUAGES = ("ar", "en")
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Validations of one leg and seed, in their order; the first is the model as it came.

    Attributes:
        steps: Steps made.
        num_bytes: Bytes of text that were trained on.
        flops: FLOPs that were taken, validation not counted.
        bits: Bits per byte of each language.
        held_out: Bytes of the held-out text of each language.
    """

    leg: str
    seed: int
    steps: Floats
    num_bytes: Floats
    flops: Floats
    bits: Mapping[str, Floats]
    held_out: Mapping[str, int]


def read_curve(directory: Path, leg: str, seed: int, flops_per_token: int) -> Curve:
    """The curve of a run that is at its end.

    Raises:
        ExperimentError: Its log has no validation of a language.
    """
    journal = Journal(directory / "log.jsonl")
    steps, validations = journal.lines("step"), journal.lines("validation")
    missing = [name for name in LANGUAGES if not validations or name not in validations[-1]["languages"]]
    if missing:
        raise ExperimentError(
            f"{journal.path}: has no held-out text of {missing[0]!r}: give a corpus with more of it, or raise "
            "texts.validation_share"
        )
    seen = np.concatenate(([0.0], np.cumsum([bytes_of(line) for line in tokens_of_each(steps)])))
    tokens = np.concatenate(([0.0], [line["tokens"] for line in steps]))
    at = np.array([line["step"] for line in validations], np.int64)
    return Curve(
        leg=leg,
        seed=seed,
        steps=at.astype(np.float64),
        num_bytes=seen[at],
        flops=tokens[at] * flops_per_token,
        bits={
            name: np.array([line["languages"][name]["bits_per_byte"] for line in validations])
            for name in LANGUAGES
        },
        held_out={name: int(validations[-1]["languages"][name]["bytes"]) for name in LANGUAGES},
    )


def tokens_of_each(steps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Lines of the log with the tokens of each step alone, where the log counts them up."""
    before = [0, *(line["tokens"] for line in steps[:-1])]
    return [dict(line) | {"tokens": line["tokens"] - held} for line, held in zip(steps, before, strict=True)]


def bytes_of(line: Mapping[str, Any]) -> float:
    """Bytes of text of a step: its nats as bits, by its bits per byte.

    >>> round(bytes_of({"tokens": 100, "loss": 2 * math.log(2), "bits_per_byte": 0.5}))
    400
    """
    return float(line["tokens"] * line["loss"] / math.log(2) / line["bits_per_byte"])


def read_at(curve: Curve, axis: str, place: float, language: str) -> float:
    """Bits per byte where a curve has come to so many bytes (axis `num_bytes`) or FLOPs (`flops`).

    Between two validations it is drawn straight; a curve that ends before the place is read at its end.
    """
    return float(np.interp(place, getattr(curve, axis), curve.bits[language]))
