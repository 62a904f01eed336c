"""With what a run was made, and what varies from one run to the next."""

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from alignment.adapters.export import ADAPTER_DIR
from corpus.pipeline.atomic import sha256_of
from nemo_recipes.planning.settings import Energy, Hardware
from nemo_recipes.watch.energy import ledger
from nemo_recipes.watch.journal import Journal
from nemo_recipes.watch.report.writing import last_of_each_start

_PACKAGES = (
    "lightning", "nemo-toolkit", "numpy", "peft", "polars", "safetensors", "tokenizers", "torch", "transformers",
)  # fmt: skip


def versions() -> dict[str, str]:
    """Versions of the packages that decide what a run computes."""
    return {name: version(name) for name in _PACKAGES}


def model_digests(output: Path) -> dict[str, str]:
    """SHA-256 of the files of the exported model, and of its adapters where there are any, by their paths."""
    written = [path for place in ("model", ADAPTER_DIR) for path in sorted((output / place).glob("*"))]
    return {path.relative_to(output).as_posix(): sha256_of(path) for path in written if path.is_file()}


def what_varies(
    output: Path, seconds: float, energy: Energy, hardware: Hardware, devices: int
) -> dict[str, Any]:
    """Time, energy of all starts of the run in a directory, and the machine; `seconds` is what this start took."""
    on_gpus = hardware.device != "cpu" and torch.cuda.is_available()
    readings = last_of_each_start(Journal(output / "energy.jsonl").lines("energy"))
    return {
        "seconds": round(seconds, 1),
        "starts": len(readings),
        "energy": ledger(readings, energy, on_gpus=on_gpus),
        "device": torch.cuda.get_device_name() if on_gpus else platform.machine(),
        "devices": devices,
        "python": platform.python_version(),
    }
