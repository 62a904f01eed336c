"""What cannot work, said before a GPU is asked for: one line each, all at once."""

from collections.abc import Iterator

from nemo_recipes.planning.memory import USABLE, Memory
from nemo_recipes.pretrain_config import PretrainConfig, Shape


def layout_refusals(config: PretrainConfig, shape: Shape) -> list[str]:
    """Numbers that do not divide or fit one another; empty where the layout can be laid out."""
    return [*_devices(config), *_division(config, shape), *_batch(config)]


def training_refusals(config: PretrainConfig, shape: Shape, steps: int) -> list[str]:
    """Settings of training that the model or the number of steps does not allow."""
    training = config.training
    found = []
    if config.data.sequence_length > shape.max_position_embeddings:
        found.append(
            f"data.sequence_length {config.data.sequence_length} exceeds the {shape.max_position_embeddings} positions "
            "of the model"
        )
    rows_first, warmup = training.rows_first_steps, training.warmup_steps
    # Each phase has a warm-up of its own, and the last one the fall.
    used = rows_first + max(1, warmup + (training.decay_steps if training.schedule == "wsd" else 0))
    if used > steps:
        found.append(
            f"training.token_budget is {steps:,} steps, fewer than the {used:,} of rows first, warm-up and decay"
        )
    if rows_first and warmup > rows_first:
        found.append(
            f"training.warmup_steps {warmup:,} exceeds training.rows_first_steps {rows_first:,}, which begin with a "
            "warm-up of their own: lower it, or raise them"
        )
    beyond = [number for number in training.frozen_layers if not 0 <= number < shape.num_hidden_layers]
    if beyond:
        found.append(
            f"training.frozen_layers names layer {beyond[0]}, the model has 0 to {shape.num_hidden_layers - 1}"
        )
    return found


def memory_refusals(config: PretrainConfig, memory: Memory) -> list[str]:
    """That the fullest device would run out of memory, and what to do about it."""
    available = config.hardware.memory_gib * 2**30
    if not available or memory.total <= USABLE * available:
        return []
    remedies = []
    if not config.training.gradient_checkpointing:
        remedies.append("set training.gradient_checkpointing")
    if config.training.micro_batch > 1:
        remedies.append("lower training.micro_batch")
    if not config.layout.is_sharded and config.layout.world_size > 1:
        remedies.append("set layout.strategy to fsdp2")
    remedies.append("use more devices or raise layout.tensor")
    room = f"{USABLE:.0%} of {config.hardware.memory_gib:g} GiB"
    needed = f"{memory.total / 2**30:.1f} GiB"
    return [f"memory: the fullest device needs {needed}, more than {room}: {', '.join(remedies)}"]


def _devices(config: PretrainConfig) -> Iterator[str]:
    layout = config.layout
    at_once = layout.tensor * layout.pipeline * layout.context
    if layout.world_size % at_once:
        context = f" x context {layout.context}" if layout.context > 1 else ""
        yield (
            f"layout: {layout.nodes} nodes x {layout.gpus_per_node} devices = {layout.world_size} are no multiple of "
            f"tensor {layout.tensor} x pipeline {layout.pipeline}{context} = {at_once}"
        )
    elif layout.is_sharded and layout.data_sharding and layout.replicas % layout.data_sharding:
        yield f"layout.data_sharding {layout.data_sharding} must divide the {layout.replicas} replicas"
    if layout.tensor > layout.gpus_per_node:
        yield (
            f"layout.tensor {layout.tensor} exceeds the {layout.gpus_per_node} devices of a node: matrices cannot be "
            "divided over the network between nodes at any useful speed"
        )
    if layout.engine == "lightning":
        if layout.pipeline > 1:
            yield f"layout.pipeline {layout.pipeline} needs layout.engine automodel, or 1 with lightning"
        if layout.context > 1:
            yield f"layout.context {layout.context} needs layout.engine automodel, or 1 with lightning"
        if layout.data_sharding not in (0, layout.replicas):
            yield f"layout.data_sharding {layout.data_sharding} needs layout.engine automodel, or 0 with lightning"
    if config.data.sequence_length % (2 * layout.context) and layout.context > 1:
        yield (
            f"data.sequence_length {config.data.sequence_length} is no multiple of twice layout.context "
            f"{layout.context}: each device takes a piece from both ends of a sequence"
        )
    if layout.strategy == "ddp" and layout.tensor > 1:
        yield f"layout.strategy ddp keeps whole models, tensor {layout.tensor} divides them: set fsdp2 or auto"


def _division(config: PretrainConfig, shape: Shape) -> Iterator[str]:
    parts = config.layout.tensor
    sizes = {
        "num_attention_heads": shape.num_attention_heads,
        "num_key_value_heads": shape.key_value_heads,
        "hidden_size": shape.hidden_size,
        "intermediate_size": shape.intermediate_size,
        "vocab_size": shape.vocab_size,
    }
    for name, size in sizes.items():
        if size % parts:
            yield f"layout.tensor {parts} does not divide {name} {size}"
    if shape.num_hidden_layers % config.layout.pipeline:
        yield f"layout.pipeline {config.layout.pipeline} does not divide num_hidden_layers {shape.num_hidden_layers}"


def _batch(config: PretrainConfig) -> Iterator[str]:
    layout, training = config.layout, config.training
    if layout.world_size % (layout.tensor * layout.pipeline * layout.context):
        return  # said already, and without whole replicas there is nothing to divide by
    at_once = training.micro_batch * layout.replicas
    if training.global_batch % at_once:
        yield (
            f"training.global_batch {training.global_batch} is no multiple of micro_batch {training.micro_batch} x "
            f"{layout.replicas} replicas = {at_once}"
        )
    stages = layout.pipeline
    if stages > 1 and training.global_batch // at_once < stages:
        yield (
            f"training.global_batch gives {training.global_batch // at_once} micro-batches a step, fewer than the "
            f"{stages} stages of layout.pipeline: stages would stand idle"
        )
