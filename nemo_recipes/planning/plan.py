"""All that a run takes, from its settings alone."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from nemo_recipes.errors import PretrainingError
from nemo_recipes.planning.compute import Cost, cost, flops_per_token
from nemo_recipes.planning.memory import Memory, memory
from nemo_recipes.planning.parameters import Parameters, count
from nemo_recipes.planning.refusals import layout_refusals, memory_refusals, training_refusals
from nemo_recipes.planning.shapes import shape_of
from nemo_recipes.pretrain_config import PretrainConfig, Shape


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run takes.

    Attributes:
        config: The settings it was made from.
        shape: Shape of the model.
        parameters: Parameters by part.
        steps: Optimizer steps.
        tokens: Tokens of all steps; the budget rounded up to whole steps.
        step_tokens: Tokens of one step.
        accumulation: Micro-batches of one replica in a step; 0 where the batch cannot be divided.
        flops_per_token: FLOPs of a token, forward and backward.
        memory: Bytes on the fullest device; None where the layout cannot be laid out.
        cost: Time and energy.
        refusals: Why it cannot work, one line each; empty where it can.
    """

    config: PretrainConfig
    shape: Shape
    parameters: Parameters
    steps: int
    tokens: int
    step_tokens: int
    accumulation: int
    flops_per_token: int
    memory: Memory | None
    cost: Cost
    refusals: tuple[str, ...]

    def described(self) -> dict[str, Any]:
        """Plain data for the manifest; the settings are there already."""
        content = asdict(self)
        del content["config"]
        return content | {"total_flops": self.tokens * self.flops_per_token}


def make_plan(config: PretrainConfig) -> Plan:
    """Plan a run; a layout that cannot work is in the plan's refusals.

    Raises:
        PretrainingError: The shape of the model is not known.
    """
    shape = shape_of(config.model)
    training, layout = config.training, config.layout
    step_tokens = training.global_batch * config.data.sequence_length
    steps = math.ceil(training.token_budget / step_tokens)
    tokens = steps * step_tokens
    flops = flops_per_token(shape, config.data.sequence_length)
    refusals = layout_refusals(config, shape)
    held = None if refusals else memory(shape, training, layout, config.data.sequence_length)
    refusals += training_refusals(config, shape, steps)
    refusals += memory_refusals(config, held) if held else []
    at_once = training.micro_batch * layout.replicas
    return Plan(
        config=config,
        shape=shape,
        parameters=count(shape),
        steps=steps,
        tokens=tokens,
        step_tokens=step_tokens,
        accumulation=training.global_batch // at_once
        if at_once and not training.global_batch % at_once
        else 0,
        flops_per_token=flops,
        memory=held,
        cost=cost(tokens, flops, layout.world_size, config.hardware, config.watch.energy),
        refusals=tuple(refusals),
    )


def check(plan: Plan) -> None:
    """Refuse a plan that cannot work, with all its reasons.

    Raises:
        PretrainingError: There are any.
    """
    if plan.refusals:
        raise PretrainingError("this cannot work: " + "; ".join(plan.refusals))
