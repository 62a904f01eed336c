"""The tests of benchmarks import what they share by its name, as pytest's importlib mode asks for no packages."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of a random Llama."""
    from tiny_benchmarks import make_model

    return make_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Published files by task."""
    from planted_varieties import plant_varieties
    from tiny_benchmarks import plant

    return plant(tmp_path_factory.mktemp("data")) | plant_varieties(tmp_path_factory.mktemp("varieties"))
