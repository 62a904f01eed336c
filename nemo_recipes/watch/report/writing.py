"""Manifest and report from what a run left in its directory."""

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from corpus.pipeline.atomic import atomic_path, sha256_of, write_json
from nemo_recipes.engine import checkpoint_files
from nemo_recipes.planning.plan import Plan
from nemo_recipes.pretrain_config import PretrainConfig
from nemo_recipes.watch.energy import ledger
from nemo_recipes.watch.journal import Journal
from nemo_recipes.watch.report.page import render

FORMAT = 1

_PACKAGES = (
    "lightning", "megatron-core", "nemo-toolkit", "numpy", "polars", "safetensors", "tokenizers", "torch",
    "transformers",
)  # fmt: skip


def write_report(
    config: PretrainConfig,
    plan: Plan,
    data: Sequence[Mapping[str, Any]],
    checkpoint: Path,
    base: Mapping[str, Any] | None,
    seconds: float,
) -> dict[str, Any]:
    """Write manifest.json and report.html of a run that is at its end; returns the manifest.

    `data` describes what was read with each vocabulary, `checkpoint` is the last one, `base` is what forgetting was
    measured against (None for the model as it came), `seconds` what this start took.
    """
    output = Path(config.output_dir)
    journal = Journal(output / "log.jsonl")
    steps, validations = journal.lines("step"), journal.lines("validation")
    record = checkpoint_files.read_record(checkpoint)
    readings = last_of_each_start(Journal(output / "energy.jsonl").lines("energy"))
    manifest = {
        "format": FORMAT,
        "daad": version("daad"),
        "config": config.decisive(),
        "versions": {name: version(name) for name in _PACKAGES},
        "data": list(data),
        "plan": plan.described(),
        "base": base,
        "result": result(plan, int(record["step"]), validations, base),
        "broken_steps": record["broken"],
        "exported": "ema" if config.checkpoint.export_ema else "weights",
        "model": {
            path.name: sha256_of(path) for path in sorted((output / "model").glob("*")) if path.is_file()
        },
        "run": {
            "seconds": round(seconds, 1),
            "starts": len(readings),
            "energy": ledger(
                readings,
                config.watch.energy,
                on_gpus=config.hardware.device != "cpu" and torch.cuda.is_available(),
            ),
            "device": torch.cuda.get_device_name() if torch.cuda.is_available() else _processor(),
            "devices": config.layout.world_size,
            "python": platform.python_version(),
        },
    }
    write_json(output / "manifest.json", manifest)
    with atomic_path(output / "report.html") as partial:
        partial.write_text(render(manifest, steps, validations), encoding="utf-8")
    return manifest


def result(
    plan: Plan, steps: int, validations: Sequence[Mapping[str, Any]], base: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What came of the run, in figures that the same run gives again."""
    first, last = (validations[0], validations[-1]) if validations else ({"languages": {}}, {"languages": {}})
    return {
        "steps": steps,
        "tokens": steps * plan.step_tokens,
        "bits_per_byte": {
            language: {
                "before": first["languages"][language]["bits_per_byte"],
                "after": score["bits_per_byte"],
            }
            | ({"base": base["languages"][language]["bits_per_byte"]} if base else {})
            for language, score in last["languages"].items()
        },
        "forgetting": last.get("forgetting"),
        "forgetting_of": last.get("forgetting_of"),
        "forgetting_against": last.get("forgetting_against"),
    }


def last_of_each_start(lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Readings grow while a process runs; the last one of each is its sum."""
    return list({line["start"]: line for line in lines}.values())


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
