"""`python -m alignment.export --config FILE.yaml`: data and settings for NeMo-RL and NeMo-Aligner."""

import sys
from typing import Any

from alignment.exporting.settings import ExportConfig
from corpus.command_line import run

COMMANDS = {
    ("nemo_rl", "sft"): "uv run examples/run_sft.py --config {directory}/sft.yaml",
    ("nemo_rl", "dpo"): "uv run examples/run_dpo.py --config {directory}/dpo.yaml",
    ("nemo_aligner", "sft"): (
        "python examples/nlp/gpt/train_gpt_sft.py --config-path {directory} --config-name sft"
    ),
    ("nemo_aligner", "dpo"): (
        "python examples/nlp/gpt/train_gpt_dpo.py --config-path {directory} --config-name dpo"
    ),
}
"""What to type in a checkout of the project."""


def main(config: ExportConfig) -> None:
    """Write, then say what was written and what to type over there."""
    from alignment.exporting.writing import export

    sys.stdout.write(summary(export(config), config.output_dir))


def summary(manifest: dict[str, Any], output_dir: str) -> str:
    """A few lines for each target."""
    lines = []
    for row in manifest["counts"]:
        directory = f"{output_dir}/{row['target']}/{row['what']}"
        left = ", ".join(f"{rule} {number:,}" for rule, number in row["left_out"].items())
        lines += [
            f"{row['target']} {row['what']}: {row['train']:,} to train on, {row['validation']:,} to validate with"
            + (f"; left out: {left}" if left else ""),
            "  " + COMMANDS[row["target"], row["what"]].format(directory=directory),
        ]
    lines.append(f"open {output_dir}/left_out.jsonl for what was left out, with its lines")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    run(main, ExportConfig, "alignment.export")
