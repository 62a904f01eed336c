"""Work that one process does for all."""

import itertools
import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar

import torch.distributed as dist

from corpus.errors import DaadError
from nemo_recipes.launch.command import EVERYWHERE

Result = TypeVar("Result")

_LOOK = 0.2
"""Seconds between looks."""

_numbers = itertools.count()


def agree(work: Callable[[], Result]) -> Result:
    """What the first process finds, on all of them, however long that takes. All call this equally often.

    Raises:
        DaadError: The first process's, on all of them.
        OSError: Likewise.
    """
    outcome: list[Any] = [None, None]
    # Broadcasts have the group's timeout, which work such as encoding a corpus may exceed: the others look for word of
    # its end first.
    store, done = dist.distributed_c10d._get_default_store(), f"agreed {next(_numbers)}"  # noqa: SLF001  no public name
    if dist.get_rank() == 0:
        try:
            outcome[0] = work()
        except (DaadError, OSError) as error:
            outcome[1] = error
        finally:
            store.set(done, "")
    while not store.check([done]):
        time.sleep(_LOOK)
    dist.broadcast_object_list(outcome)
    if outcome[1] is not None:
        outcome[1].add_note(EVERYWHERE)
        raise outcome[1]
    result: Result = outcome[0]
    return result


def say(message: str) -> None:
    """A line for whoever watches, from the first process alone."""
    if not dist.is_initialized() or dist.get_rank() == 0:
        print(message, file=sys.stderr)  # noqa: T201
