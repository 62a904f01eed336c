"""Learning rate as a function of the step alone."""

import math

from nemo_recipes.engine.phases import Phase
from nemo_recipes.pretrain_config import Training


def learning_rate(step: int, phase: Phase, training: Training) -> float:
    """Learning rate of a step, counted from 0 over the whole run.

    Warm-up is linear and reaches the peak with its last step. `cosine` and `wsd` reach minimum_learning_rate with the
    last step of the phase. New rows alone learn at a constant rate after their warm-up.
    """
    peak, least = training.learning_rate, training.minimum_learning_rate
    done = step - phase.first_step + 1
    if phase.what == "new_rows":
        peak = training.rows_first_learning_rate or peak
    if done <= training.warmup_steps:
        return peak * done / training.warmup_steps
    if phase.what == "new_rows" or training.schedule == "constant":
        return peak
    if training.schedule == "cosine":
        length = max(phase.num_steps - training.warmup_steps, 1)
        share = min((done - training.warmup_steps) / length, 1.0)
        return least + (peak - least) * (1 + math.cos(math.pi * share)) / 2
    left = phase.num_steps - done
    share = min(left / training.decay_steps, 1.0)
    return least + (peak - least) * share
