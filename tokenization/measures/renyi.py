"""Renyi efficiency: how evenly a tokenizer uses its pieces.

After Zouhar et al. (2023), "Tokenization and the Noiseless Channel". The Renyi entropy of order alpha of the pieces'
frequencies p is `H = log(sum p^alpha) / (1 - alpha)`; the efficiency is H over that of an even use of all pieces seen,
`log |seen|`, as in the authors' own tool.
"""

import numpy as np
from numpy.typing import NDArray


def efficiency(counts: NDArray[np.int64], alpha: float) -> float:
    """Renyi efficiency of pieces that were seen so often; NaN where fewer than two were.

    >>> efficiency(np.array([5, 5, 0]), 2.5), round(efficiency(np.array([3, 1]), 2.0), 4)
    (1.0, 0.6781)
    """
    seen = counts[counts > 0]
    if len(seen) < 2:
        return float("nan")
    power = np.sum((seen / seen.sum()) ** alpha)
    return float(np.log(power) / (1 - alpha) / np.log(len(seen)))


def influence(counts: NDArray[np.int64], alpha: float) -> NDArray[np.float64]:
    """Weight of each id, `n^(alpha - 1)`: summed over all pieces it is `sum n^alpha`.

    With it the power sum of a resample is known to first order from one figure per document.
    """
    weights = np.zeros(len(counts))
    seen = counts > 0
    weights[seen] = (counts[seen] / counts.sum()) ** (alpha - 1)
    return weights


def resampled_efficiency(
    weighted: NDArray[np.float64], pieces: NDArray[np.float64], counts: NDArray[np.int64], alpha: float
) -> NDArray[np.float64]:
    """Efficiency in each resample, linear in the frequencies, pieces seen held fixed.

    `weighted` and `pieces` are the resamples' sums of the influence and of pieces. With frequencies p of the sample and
    q of a resample, `sum q^alpha = sum p^alpha + alpha * sum p^(alpha - 1) (q - p)` to first order.
    """
    seen = counts[counts > 0]
    power = np.sum((seen / seen.sum()) ** alpha)
    resampled = (1 - alpha) * power + alpha * weighted / pieces
    with np.errstate(invalid="ignore"):
        return np.asarray(np.log(resampled) / (1 - alpha) / np.log(len(seen)), np.float64)
