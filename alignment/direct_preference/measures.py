"""What is watched beside the loss, for all pairs and each language: sums that add up over micro batches and ranks."""

from collections.abc import Sequence

import torch

from alignment.direct_preference.losses import Answers, rewards, token_divergence

SUMS = ("pairs", "loss", "chosen_reward", "rejected_reward", "right", "chosen_nats", "chosen_tokens", "rejected_nats",
        "rejected_tokens", "divergence")  # fmt: skip
"""Columns of a table of sums, one row for each language."""

ROUNDING = 1e-4
"""Rewards closer than this are equal: sums over hundreds of tokens, padded in one way or another, differ by so much."""


def sums_by_language(
    losses_B: torch.Tensor,  # noqa: N803
    chosen: Answers,
    rejected: Answers,
    divergences_B: torch.Tensor,  # noqa: N803
    languages_B: torch.Tensor,  # noqa: N803
    *,
    beta: float,
    num_languages: int,
) -> torch.Tensor:
    """Sums over the pairs of each language, float64[languages, SUMS].

    `divergences_B` sums `token_divergence` over both answers of each pair.
    """
    better, worse = rewards(chosen, beta), rewards(rejected, beta)
    apart = better - worse
    right = torch.where(apart.abs() > ROUNDING, (apart > 0).double(), 0.5)
    columns = torch.stack(
        [
            torch.ones_like(right),
            losses_B.detach().double(),
            better.double(),
            worse.double(),
            right,
            -chosen.policy_B.detach().double(),
            chosen.tokens_B.double(),
            -rejected.policy_B.detach().double(),
            rejected.tokens_B.double(),
            divergences_B.detach().double(),
        ],
        dim=1,
    )
    sums = torch.zeros(num_languages, len(SUMS), dtype=torch.float64, device=columns.device)
    return sums.index_add(0, languages_B, columns)


def divergences(
    policy_BS: torch.Tensor,  # noqa: N803
    reference_BS: torch.Tensor,  # noqa: N803
    counted_BS: torch.Tensor,  # noqa: N803
) -> torch.Tensor:
    """`token_divergence` summed over the counted tokens of each row."""
    return (token_divergence(policy_BS.detach(), reference_BS) * counted_BS).sum(dim=1)


def described(sums: Sequence[Sequence[float]], languages: Sequence[str]) -> dict[str, dict[str, float]]:
    """Figures for `all` and for each language that has pairs.

    `accuracy` is the share of pairs whose chosen answer has the higher reward; one half of a pair where they are equal.
    """
    rows = {"all": [sum(column) for column in zip(*sums, strict=True)]} | dict(
        zip(languages, sums, strict=True)
    )
    return {name: _figures(dict(zip(SUMS, row, strict=True))) for name, row in rows.items() if row[0]}


def _figures(sums: dict[str, float]) -> dict[str, float]:
    pairs = sums["pairs"]
    chosen, rejected = sums["chosen_reward"] / pairs, sums["rejected_reward"] / pairs
    return {
        "pairs": pairs,
        "loss": sums["loss"] / pairs,
        "accuracy": sums["right"] / pairs,
        "margin": chosen - rejected,
        "chosen_reward": chosen,
        "rejected_reward": rejected,
        "kl": sums["divergence"] / (sums["chosen_tokens"] + sums["rejected_tokens"]),
        "chosen_nats_per_token": sums["chosen_nats"] / sums["chosen_tokens"],
        "rejected_nats_per_token": sums["rejected_nats"] / sums["rejected_tokens"],
    }
