"""Which parameters learn in which steps: new rows first, then all."""

from dataclasses import dataclass
from typing import Literal

from nemo_recipes.errors import PretrainingError
from nemo_recipes.pretrain_config import Training

What = Literal["new_rows", "all"]


@dataclass(frozen=True, kw_only=True)
class Phase:
    """Steps in a row in which the same parameters learn, with a schedule of their own.

    Attributes:
        what: Only the rows that an expanded tokenizer added, or all that is not frozen.
        first_step: Step at which it begins, counted from 0.
        end_step: Step before which it ends.
    """

    what: What
    first_step: int
    end_step: int

    @property
    def num_steps(self) -> int:
        """Steps of the phase."""
        return self.end_step - self.first_step


def num_steps(training: Training, sequence_length: int) -> int:
    """Optimizer steps that the token budget takes, rounded up."""
    return -(-training.token_budget // (training.global_batch * sequence_length))


def phases(training: Training, steps: int) -> list[Phase]:
    """The phases of a run, in order, without gaps.

    Raises:
        PretrainingError: The new rows would be all that ever learns.
    """
    first = training.rows_first_steps
    if first >= steps:
        raise PretrainingError(
            f"training.rows_first_steps must be below the {steps} steps that token_budget makes, got {first}"
        )
    rows = [Phase(what="new_rows", first_step=0, end_step=first)] if first else []
    return [*rows, Phase(what="all", first_step=first, end_step=steps)]


def phase_at(parts: list[Phase], step: int) -> Phase:
    """The phase that a step belongs to; the last one when all steps are done."""
    return next((phase for phase in parts if step < phase.end_step), parts[-1])
