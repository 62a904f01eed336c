"""`python alignment/sft.py --config FILE.yaml`: from a pretrained model and conversations to a model that answers."""

import sys
from pathlib import Path

if __name__ == "__main__":
    # Started by its path, Python looks for modules in this directory first, where nothing may hide a library.
    here = str(Path(__file__).resolve().parent)
    sys.path[:] = [entry for entry in sys.path if entry != here]

from typing import Any

from alignment.sft_config import SftConfig
from nemo_recipes.launch.command import run as run_command
from nemo_recipes.launch.place import place


def main(config: SftConfig) -> int:
    """Train as far as the settings say, and tell what was made and where to look; returns the exit code."""
    from alignment.supervised.running import run
    from nemo_recipes.launch.processes import start_own

    if (code := start_own(Path(__file__), config.layout)) is not None:
        return code
    manifest = run(config)
    if place().rank == 0:
        sys.stdout.write(summary(manifest, config.output_dir))
    return 0


def summary(manifest: dict[str, Any], output_dir: str) -> str:
    """Loss on held-out answers before and after, what was left out, and the paths worth opening."""
    result, packing = manifest["result"], manifest["data"]["packing"]
    filled = f"{packing['sequences']:,} sequences {packing['filled']:.1%} filled"
    lines = [f"{packing['conversations']:,} conversations in {result['steps']:,} steps, {filled}"]
    for language, both in result["validation"].items():
        before, after = both["before"], both["after"]
        lines.append(
            f"{language:<12} loss {before['loss']:.3f} -> {after['loss']:.3f} nats per token, "
            f"{before['bits_per_byte']:.3f} -> {after['bits_per_byte']:.3f} bits per byte of held-out answers"
        )
    fates: dict[str, int] = {}
    for row in manifest["data"]["left_out"]:
        fates[row["fate"]] = fates.get(row["fate"], 0) + row["records"]
    if fates:
        lines.append("not as given " + ", ".join(f"{number:,} {fate}" for fate, number in fates.items()))
    if manifest["broken_steps"]:
        lines.append(f"broken       {len(manifest['broken_steps'])} steps, see manifest.json")
    if manifest["config"]["model"]["note"]:
        lines.append(f"note         {manifest['config']['model']['note']}")
    lines += [
        f"open         {output_dir}/report.html    curves and samples",
        f"             {output_dir}/model/         the model with its chat template, for transformers and vLLM",
        f"             {output_dir}/log.jsonl      every logged step, validation and sample",
        f"             {output_dir}/rejects.jsonl  conversations that were left out or cut, by line and rule",
        f"             {output_dir}/manifest.json  settings, versions, digests, results",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    run_command(main, SftConfig, "alignment.sft")
