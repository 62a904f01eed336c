"""What a user can set of the machines and how the work is divided among them. Standard library only."""

import math
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How the work is divided among devices.

    A process drives one device. Devices = tensor x pipeline x context x data-parallel replicas; replicas see other
    sequences.

    Attributes:
        nodes: Machines.
        gpus_per_node: GPUs (or, on CPUs, processes) of each machine.
        engine: lightning shards with FSDP2 and divides tensors; automodel (NeMo AutoModel, on GPUs, in an environment
            of its own: requirements/automodel.txt) divides layers and sequences too.
        automodel: The environment of NeMo AutoModel, for that engine.
        strategy: ddp keeps a whole copy of the model in each replica; fsdp2 shards parameters, gradients and optimizer
            states; auto is fsdp2 where tensors are divided, else ddp.
        tensor: Devices that divide each matrix among them.
        pipeline: Devices that divide the layers among them; more than 1 needs the engine automodel.
        context: Devices that divide each sequence among them; more than 1 needs the engine automodel.
        data_sharding: Replicas over which fsdp2 shards; 0 for all of them. Fewer, which keep a copy in each group, need
            the engine automodel.
    """

    nodes: int = 1
    gpus_per_node: int = 1
    engine: Literal["lightning", "automodel"] = "lightning"
    automodel: str = ".venv-automodel"
    strategy: Literal["auto", "ddp", "fsdp2"] = "auto"
    tensor: int = 1
    pipeline: int = 1
    context: int = 1
    data_sharding: int = 0

    def __post_init__(self) -> None:
        for setting in ("nodes", "gpus_per_node", "tensor", "pipeline", "context"):
            if getattr(self, setting) < 1:
                raise ValueError(f"{setting} must be at least 1, got {getattr(self, setting)}")
        if self.data_sharding < 0:
            raise ValueError(f"data_sharding must be at least 0, got {self.data_sharding}")

    @property
    def world_size(self) -> int:
        """Devices in all."""
        return self.nodes * self.gpus_per_node

    @property
    def is_sharded(self) -> bool:
        """Whether fsdp2 is in force."""
        return self.strategy == "fsdp2" or (self.strategy == "auto" and self.tensor > 1)

    @property
    def replicas(self) -> int:
        """Data-parallel replicas; `planning` refuses layouts in which this is no whole number."""
        return self.world_size // (self.tensor * self.pipeline * self.context)


@dataclass(frozen=True, kw_only=True)
class Hardware:
    """What one device can do, for the plan and for the MFU that is logged.

    Attributes:
        device: gpu, cpu, or auto for a GPU where there is one.
        name: What the figures below belong to.
        peak_teraflops: Dense bf16 peak of one device in TFLOP/s; 989 is NVIDIA's figure for an H100 SXM. 0 where it is
            not known (a CPU): then no time is planned and no MFU is logged.
        memory_gib: Memory of one device in GiB; 0 leaves memory unchecked.
        assumed_mfu: Share of the peak that the model's FLOPs are assumed to reach; ALLaM reports a mean of about .42
            (Bari et al. 2024, arXiv:2407.15390).
        assumed_watts: Power that one device draws with its share of the machine, where none can be measured; 1,275 is
            an eighth of a DGX H100's 10.2 kW maximum.
    """

    device: Literal["auto", "gpu", "cpu"] = "auto"
    name: str = "H100 SXM 80 GB"
    peak_teraflops: float = 989.0
    memory_gib: float = 80.0
    assumed_mfu: float = 0.42
    assumed_watts: float = 1275.0

    def __post_init__(self) -> None:
        for setting in ("peak_teraflops", "memory_gib", "assumed_watts"):
            if not 0 <= getattr(self, setting) < math.inf:
                raise ValueError(f"{setting} must be a number of at least 0, got {getattr(self, setting)}")
        if not 0 < self.assumed_mfu <= 1:
            raise ValueError(f"assumed_mfu must be above 0 and at most 1, got {self.assumed_mfu}")


@dataclass(frozen=True, kw_only=True)
class Energy:
    """What turns device hours into kWh and kilograms of CO2.

    Attributes:
        grid_grams_per_kwh: CO2-equivalent of the electricity, g/kWh; 480 is the world's mean of 2023 (Ember, Global
            Electricity Review 2024; see docs/pretraining.md). Give your grid's.
        pue: Power usage effectiveness, the building's power by the machines'; 1.58 is the industry's mean of 2023
            (Uptime Institute, 23 November 2023; see docs/pretraining.md). Give your site's.
    """

    grid_grams_per_kwh: float = 480.0
    pue: float = 1.58

    def __post_init__(self) -> None:
        if not 0 <= self.grid_grams_per_kwh < math.inf:
            raise ValueError(
                f"grid_grams_per_kwh must be a number of at least 0, got {self.grid_grams_per_kwh}"
            )
        if not 1 <= self.pue < math.inf:
            raise ValueError(f"pue must be at least 1, got {self.pue}")
