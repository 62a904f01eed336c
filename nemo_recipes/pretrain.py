"""`python nemo_recipes/pretrain.py --config FILE.yaml`: from token files and a model to a pretrained model."""

import sys
from pathlib import Path

if __name__ == "__main__":
    # Started by its path, Python looks for modules in this directory first, where nothing may hide a library.
    here = str(Path(__file__).resolve().parent)
    sys.path[:] = [entry for entry in sys.path if entry != here]

from typing import Any

from nemo_recipes.launch.command import run as run_command
from nemo_recipes.launch.place import place
from nemo_recipes.pretrain_config import PretrainConfig


def main(config: PretrainConfig) -> int:
    """Plan, then train as far as the settings say, and tell what was made and where to look; returns the exit code."""
    from nemo_recipes.planning.plan import check, make_plan
    from nemo_recipes.planning.rendering import render

    plan = make_plan(config)
    if config.dry_run:
        sys.stdout.write(render(plan) + "\n")
    check(plan)
    if config.dry_run:
        return 0
    if config.export_only:
        from nemo_recipes.engine.run import export_newest

        sys.stdout.write(f"written to {export_newest(config)}\n")
        return 0
    if config.layout.engine == "automodel":
        from nemo_recipes.handover.running import run_automodel

        return run_automodel(config, place())
    from nemo_recipes.launch.processes import start_own

    if (code := start_own(Path(__file__), config.layout)) is not None:
        return code
    from nemo_recipes.engine.run import run

    manifest = run(config, plan)
    if place().rank == 0:
        sys.stdout.write(summary(manifest, config.output_dir))
    return 0


def summary(manifest: dict[str, Any], output_dir: str) -> str:
    """What must be said of the model, bits per byte before and after, energy, and the paths worth opening."""
    result, energy = manifest["result"], manifest["run"]["energy"]
    note = manifest["config"]["model"]["note"]
    lines = [f"note         {note}"] if note else []
    lines.append(f"trained on {result['tokens']:,} tokens in {result['steps']:,} steps")
    for language, bits in result["bits_per_byte"].items():
        base = f" (the base {bits['base']:.3f})" if "base" in bits else ""
        lines.append(f"{language:<12} {bits['before']:.3f} -> {bits['after']:.3f} bits per byte{base}")
    lines.append(f"energy       {energy['kwh']:.4g} kWh, {energy['co2_kg']:.4g} kg CO2 ({energy['kwh_is']})")
    if manifest["broken_steps"]:
        lines.append(f"broken       {len(manifest['broken_steps'])} steps, see manifest.json")
    lines += [
        f"open         {output_dir}/report.html    the curves",
        f"             {output_dir}/model/         the model, for transformers and vLLM",
        f"             {output_dir}/log.jsonl      every logged step and validation",
        f"             {output_dir}/manifest.json  settings, versions, digests, results",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    run_command(main, PretrainConfig, "nemo_recipes.pretrain")
