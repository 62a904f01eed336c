"""How a model is divided among devices: Lightning strategy, FSDP2 sharding, tensor-parallel plan."""

import os
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import nn

from nemo_recipes.errors import PretrainingError
from nemo_recipes.planning.settings import Layout
from nemo_recipes.pretrain_config import PretrainConfig

_TIMEOUT = timedelta(minutes=30)


def device_kind(config: PretrainConfig) -> str:
    """`cuda` or `cpu`.

    Raises:
        PretrainingError: A GPU is asked for and none is there.
    """
    if config.hardware.device == "gpu" and not torch.cuda.is_available():
        raise PretrainingError("hardware.device is gpu, but torch sees none: see docs/cuda.md, or set cpu or auto")
    return "cuda" if config.hardware.device != "cpu" and torch.cuda.is_available() else "cpu"


def join_processes(layout: Layout, kind: str) -> None:
    """Join the process group that torchrun started, or make one of this process alone.

    Raises:
        PretrainingError: The layout and the number of started processes do not agree.
    """
    started = int(os.environ.get("WORLD_SIZE", "1"))
    if started != layout.world_size:
        raise PretrainingError(
            f"layout asks for {layout.nodes} x {layout.gpus_per_node} processes, but {started} started: run "
            f"torchrun --nnodes {layout.nodes} --nproc_per_node {layout.gpus_per_node} nemo_recipes/pretrain.py ..."
        )
    if dist.is_initialized():
        return
    backend = "cpu:gloo,cuda:nccl" if kind == "cuda" else "gloo"
    if kind == "cuda":
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    if "WORLD_SIZE" in os.environ:
        dist.init_process_group(backend, timeout=_TIMEOUT)
    else:
        dist.init_process_group(backend, store=dist.HashStore(), rank=0, world_size=1, timeout=_TIMEOUT)


def is_sharded(layout: Layout) -> bool:
    """Whether FSDP2 (with or without tensor parallel) divides the model."""
    return layout.strategy == "fsdp2" or (layout.strategy == "auto" and layout.tensor > 1)


def strategy_of(layout: Layout) -> Any:
    """Lightning's strategy for a layout."""
    if is_sharded(layout):
        from lightning.pytorch.strategies import ModelParallelStrategy

        return ModelParallelStrategy(data_parallel_size=layout.replicas, tensor_parallel_size=layout.tensor)
    if layout.world_size == 1:
        return "auto"
    from lightning.pytorch.strategies import DDPStrategy

    return DDPStrategy(gradient_as_bucket_view=True)


def check_layout(config: PretrainConfig) -> None:
    """Refuse a layout that this engine cannot run.

    Raises:
        PretrainingError: Pipelining, parts that do not multiply up, or a batch that does not divide.
    """
    layout, training = config.layout, config.training
    if layout.engine != "lightning" or layout.pipeline > 1:
        raise PretrainingError(
            "layout: the lightning engine divides tensors and data, not layers; set pipeline 1 and engine lightning, "
            "or run the recipe with nemo-automodel"
        )
    if layout.world_size % layout.tensor:
        raise PretrainingError(
            f"layout.tensor must divide the {layout.world_size} devices, got {layout.tensor}"
        )
    if layout.strategy == "ddp" and layout.tensor > 1:
        raise PretrainingError("layout.strategy ddp keeps whole copies; set fsdp2 or auto for tensor above 1")
    at_once = layout.replicas * training.micro_batch
    if training.global_batch % at_once:
        raise PretrainingError(
            f"training.global_batch {training.global_batch} must be a multiple of micro_batch x replicas, {at_once}"
        )


def shard(model: Any, mesh: Any, config: PretrainConfig) -> None:
    """Divide a causal LM in place over a mesh of `data_parallel` and `tensor_parallel` ranks.

    Each layer is a unit of its own, so that one layer at a time is gathered. Computation is in bfloat16 if so set, and
    gradients are summed in float32; the shards themselves stay float32.

    Raises:
        PretrainingError: The heads cannot be divided among the tensor-parallel ranks.
    """
    from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

    if mesh["tensor_parallel"].size() > 1:
        _divide_tensors(model, mesh["tensor_parallel"])
    policy = MixedPrecisionPolicy()
    if config.training.precision == "bf16":
        policy = MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32)
    for layer in model.model.layers:
        fully_shard(layer, mesh=_data_mesh(mesh, config.layout), mp_policy=policy)
    fully_shard(model, mesh=_data_mesh(mesh, config.layout), mp_policy=policy)


def _data_mesh(mesh: Any, layout: Layout) -> Any:
    if layout.data_sharding in (0, layout.replicas):
        return mesh["data_parallel"]
    raise PretrainingError(
        f"layout.data_sharding must be 0 or the {layout.replicas} replicas with the lightning engine, "
        f"got {layout.data_sharding}"
    )


def _divide_tensors(model: Any, mesh: Any) -> None:
    from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module

    heads, parts = model.config.num_key_value_heads, mesh.size()
    if heads % parts or model.config.num_attention_heads % parts:
        raise PretrainingError(
            f"layout.tensor must divide the {model.config.num_attention_heads} heads and the {heads} key and value "
            f"heads, got {parts}"
        )
    plan: dict[str, Any] = {}
    for number in range(len(model.model.layers)):
        layer = f"model.layers.{number}"
        for name in ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "mlp.gate_proj", "mlp.up_proj"):
            plan[f"{layer}.{name}"] = ColwiseParallel()
        for name in ("self_attn.o_proj", "mlp.down_proj"):
            plan[f"{layer}.{name}"] = RowwiseParallel()
    parallelize_module(model, mesh, plan)


def sync_gradients(model: nn.Module, replica: nn.Module, last: bool) -> Any:
    """Context in which a micro batch is computed: gradients are summed over replicas only with the last of a step.

    `replica` is what the strategy made of the model: wrapped for DDP, or as it was.
    """
    from contextlib import nullcontext

    from torch.distributed.fsdp import FSDPModule
    from torch.nn.parallel import DistributedDataParallel

    if isinstance(model, FSDPModule):
        model.set_requires_gradient_sync(last)
    if isinstance(replica, DistributedDataParallel) and not last:
        return replica.no_sync()
    return nullcontext()
