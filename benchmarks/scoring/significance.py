"""Whether two models differ on the same items."""

from dataclasses import dataclass
from math import comb

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Paired:
    """Two models on the same items.

    Attributes:
        difference: Mean credit of the second less that of the first.
        low: Lower end of its 95 % interval, from a bootstrap of items.
        high: Upper end.
        only_first: Items that only the first has right.
        only_second: Items that only the second has right.
        mcnemar: Two-sided p of McNemar's exact test on these; None where credits are not all 0 or 1.
        bootstrap: Two-sided p of the paired bootstrap: how often the resampled difference, shifted to a mean of 0, is
            at least as far from 0 as the one that was seen.
    """

    difference: float
    low: float
    high: float
    only_first: int
    only_second: int
    mcnemar: float | None
    bootstrap: float


def paired(first: Floats, second: Floats, *, resamples: int, seed: int) -> Paired:
    """Compare credits of the same items in the same order."""
    differences = second - first
    observed = float(differences.mean())
    draws = resampled_means(differences, resamples, np.random.default_rng(seed))
    low, high = np.percentile(draws, (2.5, 97.5))
    far = np.abs(draws - observed) >= abs(observed) - 1e-12
    binary = bool(np.isin(np.concatenate([first, second]), (0.0, 1.0)).all())
    only_first, only_second = int((differences < 0).sum()), int((differences > 0).sum())
    return Paired(
        difference=observed,
        low=float(low),
        high=float(high),
        only_first=only_first,
        only_second=only_second,
        mcnemar=mcnemar_exact(only_first, only_second) if binary else None,
        bootstrap=float((far.sum() + 1) / (resamples + 1)),
    )


def mcnemar_exact(only_first: int, only_second: int) -> float:
    """Two-sided p that discordant items split at least this unevenly when each side is as likely.

    >>> mcnemar_exact(0, 5), mcnemar_exact(3, 3)
    (0.0625, 1.0)
    """
    total, least = only_first + only_second, min(only_first, only_second)
    tail = sum(comb(total, number) for number in range(least + 1))
    return float(min(1.0, 2 * tail / 2**total))


def resampled_means(differences: Floats, resamples: int, rng: np.random.Generator) -> Floats:
    """Means of bootstrap samples; each distinct difference's count in a sample is multinomial."""
    values, counts = np.unique(differences, return_counts=True)
    drawn = rng.multinomial(len(differences), counts / len(differences), resamples)
    return np.asarray(drawn @ values / len(differences), dtype=np.float64)
