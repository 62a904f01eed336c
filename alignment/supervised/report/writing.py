"""Manifest and report from what a run left in its directory."""

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from alignment.sft_config import SftConfig
from alignment.supervised.report.page import render
from corpus.pipeline.atomic import atomic_path, sha256_of, write_json
from nemo_recipes.engine import checkpoint_files
from nemo_recipes.planning.plan import Plan
from nemo_recipes.watch.energy import ledger
from nemo_recipes.watch.journal import Journal
from nemo_recipes.watch.report.writing import last_of_each_start

FORMAT = 1

_PACKAGES = (
    "lightning", "nemo-toolkit", "numpy", "peft", "polars", "safetensors", "tokenizers", "torch", "transformers",
)  # fmt: skip


def write_report(
    config: SftConfig, plan: Plan, data: Mapping[str, Any], checkpoint: Path, seconds: float
) -> dict[str, Any]:
    """Write manifest.json and report.html of a run that is at its end; returns the manifest.

    `data` describes what was read, `checkpoint` is the last one, `seconds` what this start took.
    """
    output = Path(config.output_dir)
    journal = Journal(output / "log.jsonl")
    steps, validations, samples = (journal.lines(kind) for kind in ("step", "validation", "samples"))
    record = checkpoint_files.read_record(checkpoint)
    readings = last_of_each_start(Journal(output / "energy.jsonl").lines("energy"))
    on_gpus = config.hardware.device != "cpu" and torch.cuda.is_available()
    written = [
        path
        for place in ("model", "adapter")
        for path in sorted((output / place).glob("*"))
        if path.is_file()
    ]
    manifest = {
        "format": FORMAT,
        "daad": version("daad"),
        "config": config.decisive(),
        "versions": {name: version(name) for name in _PACKAGES},
        "data": dict(data),
        "plan": plan.described(),
        "result": result(int(record["step"]), validations),
        "broken_steps": record["broken"],
        "model": {path.relative_to(output).as_posix(): sha256_of(path) for path in written},
        "run": {
            "seconds": round(seconds, 1),
            "starts": len(readings),
            "energy": ledger(readings, config.watch.energy, on_gpus=on_gpus),
            "device": torch.cuda.get_device_name() if on_gpus else platform.machine(),
            "devices": config.layout.world_size,
            "python": platform.python_version(),
        },
    }
    write_json(output / "manifest.json", manifest)
    with atomic_path(output / "report.html") as partial:
        partial.write_text(render(manifest, steps, validations, samples), encoding="utf-8")
    return manifest


def result(steps: int, validations: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What came of the run, in figures that the same run gives again."""
    first, last = (validations[0], validations[-1]) if validations else ({"languages": {}}, {"languages": {}})
    return {
        "steps": steps,
        "validation": {
            name: {"before": first["languages"][name], "after": figures}
            for name, figures in last["languages"].items()
        },
    }
