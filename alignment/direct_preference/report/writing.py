"""Manifest and report from what a run left in its directory."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from alignment.direct_preference.preparing import PreparedPairs
from alignment.direct_preference.report.page import render
from alignment.dpo_config import DpoConfig
from alignment.report.provenance import model_digests, versions, what_varies
from corpus.pipeline.atomic import atomic_path, write_json
from nemo_recipes.engine import checkpoint_files
from nemo_recipes.watch.journal import Journal

FORMAT = 1


def write_report(
    config: DpoConfig, prepared: PreparedPairs, reference: Mapping[str, Any], checkpoint: Path, seconds: float
) -> dict[str, Any]:
    """Write manifest.json and report.html of a run that is at its end; returns the manifest.

    `reference` is the key of the reference's figures, `checkpoint` the last one, `seconds` what this start took.
    """
    output = Path(config.output_dir)
    journal = Journal(output / "log.jsonl")
    steps, validations = journal.lines("step"), journal.lines("validation")
    record = checkpoint_files.read_record(checkpoint)
    manifest = {
        "format": FORMAT,
        "daad": version("daad"),
        "config": config.decisive(),
        "versions": versions(),
        "data": prepared.described(),
        "reference": dict(reference),
        "result": result(int(record["step"]), steps, validations),
        "broken_steps": record["broken"],
        "model": model_digests(output),
        "run": what_varies(output, seconds, config.watch.energy, config.hardware, config.layout.world_size),
    }
    write_json(output / "manifest.json", manifest)
    with atomic_path(output / "report.html") as partial:
        partial.write_text(render(manifest, steps, validations), encoding="utf-8")
    return manifest


def result(
    steps: int, lines: Sequence[Mapping[str, Any]], validations: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """What came of the run, in figures that the same run gives again."""
    first, last = (validations[0], validations[-1]) if validations else ({"languages": {}}, {"languages": {}})
    return {
        "steps": steps,
        "held_out": {
            language: {"before": first["languages"][language], "after": figures}
            for language, figures in last["languages"].items()
        },
        "last_step": dict(lines[-1]["measures"]) if lines else {},
    }
