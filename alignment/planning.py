"""Whether a run of tuning can work, said before anything is computed."""

from alignment.errors import AlignmentError
from alignment.tuning import Tuning
from nemo_recipes.errors import PretrainingError
from nemo_recipes.planning.plan import Plan, make_plan
from nemo_recipes.pretrain_config import PretrainConfig


def plan_of(training: Tuning, engine: PretrainConfig, steps: int, *, with_memory: bool) -> Plan:
    """What a run of so many steps takes; `engine` has its settings in the engine's words.

    The memory that is planned is that of pretraining; without `with_memory` a run is not refused for it.

    Raises:
        DaadError: It cannot work.
    """
    if engine.layout.engine != "lightning":
        raise AlignmentError(
            f"layout.engine {engine.layout.engine} is for pretraining alone: set layout.engine lightning"
        )
    used = training.warmup_steps + (training.decay_steps if training.schedule == "wsd" else 0)
    if used > steps:
        raise AlignmentError(
            f"training: the data makes {steps:,} steps, fewer than the {used:,} of warm-up and decay: lower "
            "warmup_steps or global_batch, or raise epochs or max_steps"
        )
    plan = make_plan(engine)
    refusals = [line for line in plan.refusals if with_memory or not line.startswith("memory")]
    if refusals:
        raise PretrainingError("this cannot work: " + "; ".join(refusals))
    return plan
