"""NEFTune: noise on the embeddings while a model is tuned (Jain et al. 2023, arXiv:2310.05914, algorithm 1).

The noise of a sequence follows from the seed and the number of the sequence alone, so that a run that was stopped, or
one on another number of devices, draws the same.
"""

import hashlib
from collections.abc import Sequence

import torch


def noise(
    positions_BS: torch.Tensor,  # noqa: N803
    numbers: Sequence[int],
    width: int,
    *,
    alpha: float,
    seed: int,
) -> torch.Tensor:
    """Noise [B, S, width], uniform between -m and m with m = alpha / sqrt(L width).

    L is the length of the conversation that a token is in; `positions_BS` starts again with each of them.
    """
    drawn = [
        torch.rand(
            (positions_BS.shape[1], width),
            generator=torch.Generator(positions_BS.device).manual_seed(seed_of(seed, number)),
            device=positions_BS.device,
        )
        for number in numbers
    ]
    lengths_BS = torch.stack([lengths_of(row) for row in positions_BS])  # noqa: N806
    most_BS = alpha / torch.sqrt(lengths_BS * width)  # noqa: N806
    return (2 * torch.stack(drawn) - 1) * most_BS[..., None]


def lengths_of(positions: torch.Tensor) -> torch.Tensor:
    """For each token the length of the run of rising positions that it is in, float32.

    >>> lengths_of(torch.tensor([0, 1, 2, 0, 1, 0])).tolist()
    [3.0, 3.0, 3.0, 2.0, 2.0, 1.0]
    """
    run = (positions == 0).cumsum(0)
    return torch.bincount(run)[run].float()


def seed_of(seed: int, number: int) -> int:
    """A seed for one sequence, far from those of its neighbors."""
    digest = hashlib.blake2b(f"neftune {seed} {number}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1
