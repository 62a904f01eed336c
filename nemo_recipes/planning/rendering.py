"""A plan as text for a terminal; every figure stands with what is needed to get it again."""

from collections.abc import Iterator

from nemo_recipes.planning.compute import FLOPS_FORMULA
from nemo_recipes.planning.memory import Memory
from nemo_recipes.planning.plan import Plan

_WIDTH = 14
_SECONDS_A_DAY = 86_400


def render(plan: Plan) -> str:
    """The plan in lines; refusals last, one a line."""
    rows = [*_model(plan), *_budget(plan), *_layout(plan), *_memory(plan), *_cost(plan)]
    lines = [f"{name:<{_WIDTH}}{text}" for name, text in rows]
    lines += [f"{'cannot work':<{_WIDTH}}{reason}" for reason in plan.refusals]
    return "\n".join(lines)


def _model(plan: Plan) -> Iterator[tuple[str, str]]:
    shape, parts = plan.shape, plan.parameters
    heads = f"{shape.num_attention_heads} heads, {shape.key_value_heads} for keys and values"
    yield (
        "model",
        (
            f"{shape.num_hidden_layers} layers x {shape.hidden_size} wide, MLP {shape.intermediate_size}, {heads}, "
            f"{shape.vocab_size:,} rows"
        ),
    )
    head = f"{parts.head:,}" if parts.head else "0 (it is the embedding)"
    yield (
        "parameters",
        (
            f"{parts.total:,} = embedding {parts.embedding:,} + attention {parts.attention:,} + MLP {parts.mlp:,} "
            f"+ norms {parts.norms:,} + head {head}"
        ),
    )


def _budget(plan: Plan) -> Iterator[tuple[str, str]]:
    training = plan.config.training
    yield (
        "tokens",
        (
            f"{plan.tokens:,} = {plan.steps:,} steps x {training.global_batch:,} sequences x "
            f"{plan.config.data.sequence_length:,} (budget {training.token_budget:,}); "
            f"{plan.tokens / plan.parameters.total:.1f} for each parameter"
        ),
    )
    words = [
        f"{training.schedule} learning rate {training.learning_rate:g}",
        f"warm-up {training.warmup_steps:,}",
    ]
    if training.schedule == "wsd":
        words.append(f"decay {training.decay_steps:,}")
    if training.rows_first_steps:
        words.append(f"new rows only for the first {training.rows_first_steps:,} steps")
    if training.frozen_layers:
        words.append(f"{len(set(training.frozen_layers))} layers frozen")
    yield "training", ", ".join(words)


def _layout(plan: Plan) -> Iterator[tuple[str, str]]:
    layout, training = plan.config.layout, plan.config.training
    strategy = "fsdp2" if layout.is_sharded else "ddp" if layout.world_size > 1 else "one device"
    accumulation = (
        f", {plan.accumulation} micro-batches of {training.micro_batch} a step" if plan.accumulation else ""
    )
    context = f"context {layout.context} x " if layout.context > 1 else ""
    yield (
        "layout",
        (
            f"{layout.nodes} nodes x {layout.gpus_per_node} = {layout.world_size} devices: tensor {layout.tensor} x "
            f"pipeline {layout.pipeline} x {context}{layout.replicas} replicas ({layout.engine}, {strategy})"
            f"{accumulation}"
        ),
    )


def _memory(plan: Plan) -> Iterator[tuple[str, str]]:
    if plan.memory is None:
        return
    limit = plan.config.hardware.memory_gib
    whole = f" of {limit:g} GiB" if limit else ""
    recomputed = ", recomputed" if plan.config.training.gradient_checkpointing else ""
    yield (
        "memory",
        f"{_gib(plan.memory.total)} GiB{whole} on the fullest device = {_sum(plan.memory, recomputed)}",
    )


def _sum(memory: Memory, recomputed: str) -> str:
    return (
        f"weights {_gib(memory.weights)} + gradients {_gib(memory.gradients)} + AdamW {_gib(memory.optimizer)} "
        f"+ working copies {_gib(memory.copies)} + activations {_gib(memory.activations)}{recomputed} "
        f"+ logits {_gib(memory.logits)}"
    )


def _cost(plan: Plan) -> Iterator[tuple[str, str]]:
    hardware, energy, cost = plan.config.hardware, plan.config.watch.energy, plan.cost
    yield (
        "FLOPs",
        f"{plan.flops_per_token:.4g} a token ({FLOPS_FORMULA}), {plan.flops_per_token * plan.tokens:.4g} in all",
    )
    if cost.seconds is None or cost.device_hours is None or cost.kwh is None or cost.co2_kg is None:
        yield "time", "not planned: hardware.peak_teraflops is 0"
        return
    yield (
        "time",
        (
            f"{_duration(cost.seconds)} at an assumed MFU of {hardware.assumed_mfu:g} of {hardware.peak_teraflops:g} "
            f"TFLOP/s ({hardware.name}); {cost.device_hours:,.1f} device hours, "
            f"{cost.tokens_per_second:,.0f} tokens a second on each"
        ),
    )
    yield (
        "energy",
        (
            f"{cost.kwh:,.1f} kWh at an assumed {hardware.assumed_watts:g} W a device x PUE {energy.pue:g}; "
            f"{cost.co2_kg:,.1f} kg CO2e at {energy.grid_grams_per_kwh:g} g/kWh"
        ),
    )


def _gib(size: int) -> str:
    return f"{size / 2**30:.2f}"


def _duration(seconds: float) -> str:
    if seconds >= _SECONDS_A_DAY:
        return f"{seconds / _SECONDS_A_DAY:,.1f} days"
    return f"{seconds / 3600:.1f} hours" if seconds >= 3600 else f"{seconds:.1f} seconds"
