"""Settings that all tests share, and the endpoint that they ask instead of a real one."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# The first call of a kernel compiles it, so single examples have no deadline; examples are the same on every machine.
settings.register_profile("daad", deadline=None, derandomize=True)
settings.load_profile("daad")

sys.path.insert(0, str(Path(__file__).parent / "fakes"))


@pytest.fixture
def fake_endpoint():
    """A server of the OpenAI protocol with faults on order (see `fakes/fake_endpoint.py`)."""
    from fake_endpoint import FakeEndpoint

    with FakeEndpoint() as server:
        yield server


@pytest.fixture
def one_thread() -> Iterator[None]:
    """The same sums in the same order on every machine."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
