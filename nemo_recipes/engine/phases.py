"""Which parameters learn in which steps, and of which vocabulary: new rows first, then all; pieces bit by bit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from nemo_recipes.errors import PretrainingError
from nemo_recipes.pretrain_config import Training, VocabularyStage

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


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Steps in a row of one phase that read the tokens of one tokenizer.

    Attributes:
        phase: The phase that they belong to, whose schedule and optimizer go on from stretch to stretch.
        vocabulary: Number of the tokenizer in training.vocabulary_series; 0 where there is one tokenizer.
        first_step: Step at which it begins.
        end_step: Step before which it ends.
    """

    phase: Phase
    vocabulary: int
    first_step: int
    end_step: int


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


def stretches(parts: list[Phase], series: Sequence[VocabularyStage]) -> list[Stretch]:
    """The phases, cut where the vocabulary grows.

    Raises:
        PretrainingError: The series does not begin at step 0, or its steps do not rise.
    """
    begins = [stage.from_step for stage in series] or [0]
    if begins[0] != 0 or sorted(set(begins)) != begins:
        raise PretrainingError(
            f"training.vocabulary_series must begin at step 0 and rise in from_step, got {begins}"
        )
    ends = [*begins[1:], parts[-1].end_step]
    return [
        Stretch(
            phase=phase,
            vocabulary=number,
            first_step=max(begin, phase.first_step),
            end_step=min(end, phase.end_step),
        )
        for phase in parts
        for number, (begin, end) in enumerate(zip(begins, ends, strict=True))
        if max(begin, phase.first_step) < min(end, phase.end_step)
    ]


def stretch_at(parts: list[Stretch], step: int) -> Stretch:
    """The stretch that a step belongs to; the last one when all steps are done."""
    return next((stretch for stretch in parts if step < stretch.end_step), parts[-1])
