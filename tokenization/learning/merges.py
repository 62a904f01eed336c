"""What the learner gives back."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Symbols = npt.NDArray[np.int32]
Starts = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Merges:
    """Merges in the order in which an encoder has to prefer them: the first is the strongest.

    Merge j joins `left[j]` and `right[j]` into symbol `num_symbols + j`, so both are below that number: symbols of
    the base, or made by earlier merges.

    Attributes:
        num_symbols: Size of the base; the id of the first new symbol.
        left: int32[m].
        right: int32[m].
        weights: float64[m]; weight of the places where the merge was made, when it was learned.
    """

    num_symbols: int
    left: Symbols
    right: Symbols
    weights: Weights

    def __len__(self) -> int:
        return len(self.left)

    def first(self, number: int) -> "Merges":
        """The first so many of them, which are merges of the same base too."""
        return Merges(
            num_symbols=self.num_symbols,
            left=self.left[:number],
            right=self.right[:number],
            weights=self.weights[:number],
        )
