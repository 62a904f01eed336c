"""`python alignment/dpo.py --config FILE.yaml`: from an SFT model to one that prefers the better of two answers."""

import sys
from pathlib import Path

if __name__ == "__main__":
    # Started by its path, Python looks for modules in this directory first, where nothing may hide a library.
    here = str(Path(__file__).resolve().parent)
    sys.path[:] = [entry for entry in sys.path if entry != here]

from typing import Any

from alignment.dpo_config import DpoConfig
from nemo_recipes.launch.command import run as run_command
from nemo_recipes.launch.place import place


def main(config: DpoConfig) -> int:
    """Learn as far as the settings say, and tell what was made and where to look; returns the exit code."""
    from alignment.direct_preference.running import run
    from nemo_recipes.launch.processes import start_own

    if (code := start_own(Path(__file__), config.layout)) is not None:
        return code
    manifest = run(config)
    if place().rank == 0:
        sys.stdout.write(summary(manifest, config.output_dir))
    return 0


def summary(manifest: dict[str, Any], output_dir: str) -> str:
    """Accuracy and margin before and after, what was left out, and the paths worth opening."""
    result, data = manifest["result"], manifest["data"]
    lines = [
        f"learned from {data['training']:,} pairs in {result['steps']:,} steps ({data['validation']:,} held out)"
    ]
    for language, figures in result["held_out"].items():
        before, after = figures["before"], figures["after"]
        lines.append(
            f"{language:<12} accuracy {before['accuracy']:.3f} -> {after['accuracy']:.3f}, margin "
            f"{before['margin']:.3f} -> {after['margin']:.3f}, KL {after['kl']:.4f} nats per token"
        )
    if data["rejected_by_rule"]:
        named = ", ".join(f"{rule} {count:,}" for rule, count in data["rejected_by_rule"].items())
        lines.append(f"left out     {named}")
    if manifest["config"]["model"]["note"]:
        lines.append(f"note         {manifest['config']['model']['note']}")
    lines += [
        f"open         {output_dir}/report.html    the curves",
        f"             {output_dir}/model/         the model with its chat template, for transformers and vLLM",
        f"             {output_dir}/log.jsonl      every logged step and validation",
        f"             {output_dir}/rejects.jsonl  pairs that were left out, by line and rule",
        f"             {output_dir}/manifest.json  settings, versions, digests, results",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    run_command(main, DpoConfig, "alignment.dpo")
