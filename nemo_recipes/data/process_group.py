"""A process group where there is none: megatron-core's blends ask for their rank."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def process_group() -> Iterator[None]:
    """Lend a group of this one process, in memory, unless there is a group already; take it back at the end.

    It must go, or Lightning would take it for the group of a distributed run.
    """
    import torch.distributed as dist

    if dist.is_initialized():
        yield
        return
    store = dist.HashStore()  # type: ignore[attr-defined]  # exported by name only
    dist.init_process_group("gloo", store=store, rank=0, world_size=1)
    try:
        yield
    finally:
        dist.destroy_process_group()
