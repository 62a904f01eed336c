"""How a model is divided among devices: Lightning strategy, FSDP2 sharding, tensor-parallel plan."""

from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch._C._distributed_c10d import HashStore

from nemo_recipes.errors import PretrainingError
from nemo_recipes.launch.place import Place, place
from nemo_recipes.planning.settings import Layout
from nemo_recipes.pretrain_config import PretrainConfig

_TIMEOUT = timedelta(minutes=30)


def device_kind(config: PretrainConfig) -> str:
    """`cuda` or `cpu`.

    Raises:
        PretrainingError: A GPU is asked for and none is there.
    """
    if config.hardware.device == "gpu" and not torch.cuda.is_available():
        raise PretrainingError(
            "hardware.device is gpu, but torch sees none: see docs/cuda.md, or set cpu or auto"
        )
    return "cuda" if config.hardware.device != "cpu" and torch.cuda.is_available() else "cpu"


def join_processes(layout: Layout, kind: str) -> None:
    """Join the process group that torchrun or srun started, or make one of this process alone.

    Raises:
        PretrainingError: The layout and the number of started processes do not agree.
    """
    mine = place()
    if mine.processes != layout.world_size:
        raise PretrainingError(
            f"layout asks for {layout.nodes} x {layout.gpus_per_node} processes, but {mine.processes} started: run "
            f"torchrun --nnodes {layout.nodes} --nproc_per_node {layout.gpus_per_node} nemo_recipes/pretrain.py ..., "
            "or let srun start one task for each"
        )
    if dist.is_initialized():
        return
    backend = "cpu:gloo,cuda:nccl" if kind == "cuda" else "gloo"
    if kind == "cuda":
        torch.cuda.set_device(mine.local_rank)
    if mine.launcher:
        at = environment_of(mine)
        dist.init_process_group(
            backend,
            init_method=f"tcp://{at.main_address}:{at.main_port}" if mine.launcher == "srun" else "env://",
            rank=mine.rank,
            world_size=mine.processes,
            timeout=_TIMEOUT,
        )
    else:
        dist.init_process_group(
            backend,
            store=HashStore(),
            rank=0,
            world_size=1,
            timeout=_TIMEOUT,
        )


def environment_of(mine: Place) -> Any:
    """Lightning's account of what started this process: where the first one listens, and who is who."""
    from lightning.fabric.plugins.environments.lightning import LightningEnvironment
    from lightning.fabric.plugins.environments.slurm import SLURMEnvironment
    from lightning.fabric.plugins.environments.torchelastic import TorchElasticEnvironment

    if mine.launcher == "torchrun":
        return TorchElasticEnvironment()
    return SLURMEnvironment(auto_requeue=False) if mine.launcher == "srun" else LightningEnvironment()


def strategy_of(layout: Layout) -> Any:
    """Lightning's strategy for a layout."""
    if layout.is_sharded:
        from lightning.pytorch.strategies import ModelParallelStrategy

        return ModelParallelStrategy(data_parallel_size=layout.replicas, tensor_parallel_size=layout.tensor)
    if layout.world_size == 1:
        return "auto"
    from lightning.pytorch.strategies import DDPStrategy

    return DDPStrategy(gradient_as_bucket_view=True)


def shard(model: Any, mesh: Any, config: PretrainConfig) -> None:
    """Divide a causal LM in place over a mesh of `data_parallel` and `tensor_parallel` ranks.

    Each layer is a unit of its own, so that one layer at a time is gathered. Computation is in bfloat16 if so set, and
    gradients are summed in float32; the shards themselves stay float32.
    """
    from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

    if mesh["tensor_parallel"].size() > 1:
        _divide_tensors(model, mesh["tensor_parallel"])
    policy = MixedPrecisionPolicy()
    if config.training.precision == "bf16":
        policy = MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32)
    for layer in model.model.layers:
        fully_shard(layer, mesh=mesh["data_parallel"], mp_policy=policy)
    fully_shard(model, mesh=mesh["data_parallel"], mp_policy=policy)


def _divide_tensors(model: Any, mesh: Any) -> None:
    from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module

    plan: dict[str, Any] = {}
    for number in range(len(model.model.layers)):
        layer = f"model.layers.{number}"
        for name in (
            "self_attn.q_proj",
            "self_attn.k_proj",
            "self_attn.v_proj",
            "mlp.gate_proj",
            "mlp.up_proj",
        ):
            plan[f"{layer}.{name}"] = ColwiseParallel()
        for name in ("self_attn.o_proj", "mlp.down_proj"):
            plan[f"{layer}.{name}"] = RowwiseParallel()
    parallelize_module(model, mesh, plan)


def let_go(model: nn.Module) -> None:
    """After a forward pass that no backward pass follows: keep this rank's shards alone, as backward would leave it."""
    from torch.distributed.fsdp import FSDPModule

    if isinstance(model, FSDPModule):
        model.reshard()


def sync_gradients(model: nn.Module, replica: nn.Module | None, last: bool) -> Any:
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
