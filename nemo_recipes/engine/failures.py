"""When the loss breaks: what counts as broken, and what is done."""

import math
from collections import deque
from collections.abc import Sequence
from typing import Literal

from nemo_recipes.errors import PretrainingError
from nemo_recipes.pretrain_config import Failure

WINDOW = 32
"""Losses whose mean a spike is measured against."""

Action = Literal["go_on", "skip", "roll_back"]


class LossGuard:
    """Judges each step by its loss and gradient norm, and remembers what it needs for that.

    Its state is plain numbers, goes into checkpoints, and is the same on all ranks.
    """

    def __init__(
        self, policy: Failure, recent: Sequence[float] = (), broken: Sequence[dict[str, object]] = ()
    ):
        self.policy = policy
        self.recent: deque[float] = deque(recent, maxlen=WINDOW)
        self.broken: list[dict[str, object]] = list(broken)

    def judge(self, step: int, loss: float, gradient_norm: float) -> Action:
        """What to do with a step whose gradients are there and whose update is not yet made.

        Raises:
            PretrainingError: The policy is to stop, or there were more failures than allowed.
        """
        kind, action = self._kind(loss, gradient_norm)
        if kind is None:
            self.recent.append(loss)
            return "go_on"
        self.broken.append({"step": step, "kind": kind, "loss": repr(loss), "action": action or "stop"})
        what = f"step {step}: {self._describe(kind, loss, gradient_norm)}"
        if action is None:
            raise PretrainingError(
                f"{what}; stopped, as failure.{kind} says: lower training.learning_rate, look at the data of this "
                "step, or set skip or roll_back; the last checkpoint is intact"
            )
        if len(self.broken) > self.policy.most:
            raise PretrainingError(f"{what}; that is more than failure.most {self.policy.most}: stopped")
        return action

    def _kind(self, loss: float, gradient_norm: float) -> tuple[str | None, Action | None]:
        if not (math.isfinite(loss) and math.isfinite(gradient_norm)):
            return "nan", _unless_stop(self.policy.nan)
        factor = self.policy.spike_factor
        full = len(self.recent) == WINDOW
        if factor and full and loss > factor * sum(self.recent) / WINDOW:
            return "spike", _unless_stop(self.policy.spike)
        return None, "go_on"

    def _describe(self, kind: str, loss: float, gradient_norm: float) -> str:
        if kind == "nan":
            return f"loss {loss:g} with gradient norm {gradient_norm:g} is no finite number"
        mean = sum(self.recent) / len(self.recent)
        return f"loss {loss:.4f} is above {self.policy.spike_factor:g} times the mean {mean:.4f} of {WINDOW} steps"


def _unless_stop(action: Literal["stop", "skip", "roll_back"]) -> Action | None:
    return None if action == "stop" else action
