"""Whether a model prefers a place among the options."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class PositionBias:
    """How choices spread over the places of the options.

    Attributes:
        chosen: Share of the model's answers at each place.
        right: Share of the right answers at each place.
        recall: Share of the items with the right answer at this place that are answered right; None where none are.
        distance: Total variation distance of `chosen` and `right`: 0 for none, 1 for all on places never right.
        recall_deviation: Standard deviation of `recall` over places (RStd, Zheng et al. 2024, arXiv:2309.03882).
    """

    chosen: tuple[float, ...]
    right: tuple[float, ...]
    recall: tuple[float | None, ...]
    distance: float
    recall_deviation: float


def position_bias(decisions: Ints, answers: Ints) -> PositionBias:
    """Position bias of decisions against the right answers, both int64[items]."""
    places = int(max(decisions.max(), answers.max())) + 1
    chosen = np.bincount(decisions, minlength=places) / len(decisions)
    right = np.bincount(answers, minlength=places) / len(answers)
    recall = [
        float((decisions[answers == place] == place).mean()) if (answers == place).any() else None
        for place in range(places)
    ]
    known = [value for value in recall if value is not None]
    return PositionBias(
        chosen=tuple(map(float, chosen)),
        right=tuple(map(float, right)),
        recall=tuple(recall),
        distance=float(np.abs(chosen - right).sum() / 2),
        recall_deviation=float(np.std(known)),
    )
