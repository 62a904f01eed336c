"""Whether a model is right as often as it is sure."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Bin:
    """Items whose confidence lies in one bin: how many, their mean confidence, and the share that is right."""

    items: int
    confidence: float
    accuracy: float


def reliability(confidence: Floats, credit: Floats, bins: int = 10) -> list[Bin]:
    """Bins of equal width over (0, 1], the lowest first; empty ones are left out."""
    place = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    found = [place == number for number in range(bins)]
    return [
        Bin(int(inside.sum()), float(confidence[inside].mean()), float(credit[inside].mean()))
        for inside in found
        if inside.any()
    ]


def expected_calibration_error(confidence: Floats, credit: Floats, bins: int = 10) -> float:
    """ECE (Guo et al. 2017): the mean gap between confidence and accuracy over bins, weighed by their items."""
    parts = reliability(confidence, credit, bins)
    return sum(part.items * abs(part.confidence - part.accuracy) for part in parts) / len(credit)
