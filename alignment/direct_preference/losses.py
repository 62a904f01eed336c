"""Losses of pairs from log-probabilities of their answers.

B pairs. All log-probabilities are sums over the tokens of an answer, in nats.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch.nn.functional import logsigmoid

Kind = Literal["sigmoid", "ipo"]

AT_START = math.log(2)
"""The sigmoid loss of any pair where the policy is the reference."""


@dataclass(frozen=True)
class Answers:
    """Answers of one side of B pairs.

    Attributes:
        policy_B: Log-probabilities under the model that learns.
        reference_B: Under the model that it started from; no gradient.
        tokens_B: How many tokens each answer has.
    """

    policy_B: torch.Tensor  # noqa: N815
    reference_B: torch.Tensor  # noqa: N815
    tokens_B: torch.Tensor  # noqa: N815

    @property
    def log_ratios_B(self) -> torch.Tensor:  # noqa: N802
        """Log of how much more probable the answers became."""
        return self.policy_B - self.reference_B


def pair_losses(
    chosen: Answers,
    rejected: Answers,
    *,
    beta: float,
    kind: Kind = "sigmoid",
    label_smoothing: float = 0.0,
    length_normalized: bool = False,
) -> torch.Tensor:
    """The loss of each pair, [B].

    With d the log-ratio of the chosen answer less that of the rejected one, each divided by its answer's tokens where
    `length_normalized`:

    - sigmoid: -log sigmoid(beta d) (Rafailov et al. 2023, 2305.18290, equation 7). `label_smoothing` e is the share of
      pairs that may be labeled the wrong way round: (1 - e) of the loss and e of that of the swapped pair (conservative
      DPO, Mitchell 2023).
    - ipo: (d - 1 / (2 beta))^2 (Azar et al. 2023, 2310.12036, equation 17); its d is of means over tokens always, as
      its authors have it.

    >>> one = Answers(torch.tensor([-3.0]), torch.tensor([-3.0]), torch.tensor([2]))
    >>> float(pair_losses(one, one, beta=0.1))
    0.6931471824645996
    """
    means = length_normalized or kind == "ipo"
    differences_B = _scores(chosen, means) - _scores(rejected, means)  # noqa: N806
    if kind == "ipo":
        return (differences_B - 1 / (2 * beta)).square()
    losses_B = -logsigmoid(beta * differences_B)  # noqa: N806
    if not label_smoothing:
        return losses_B
    return (1 - label_smoothing) * losses_B - label_smoothing * logsigmoid(-beta * differences_B)


def rewards(answers: Answers, beta: float) -> torch.Tensor:
    """The reward that the policy gives answers by implication, beta times the log-ratio, up to a term of the prompt."""
    return beta * answers.log_ratios_B.detach()


def token_divergence(policy: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
    """An estimate of KL(reference || policy) from each token, never below 0: r - 1 - log r (Schulman 2020, k3).

    `policy` and `reference` are log-probabilities of the same tokens. Its mean is unbiased where the reference itself
    drew the tokens, as in mined pairs; on text from elsewhere it tells how far the two are apart on that text.
    """
    log_ratios = policy - reference
    return log_ratios.exp() - 1 - log_ratios


def _scores(answers: Answers, means: bool) -> torch.Tensor:
    return answers.log_ratios_B / answers.tokens_B.clamp(min=1) if means else answers.log_ratios_B
