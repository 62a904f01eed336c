"""`python -m alignment.mine --config FILE.yaml`: preference pairs from a model's own answers."""

import sys
from typing import Any

from alignment.mine_config import MineConfig
from corpus.command_line import run


def main(config: MineConfig) -> None:
    """Mine, then say what was made and where to look."""
    from alignment.mining.running import mine

    sys.stdout.write(summary(mine(config), config.output_dir))


def summary(manifest: dict[str, Any], output_dir: str) -> str:
    """Pairs by language, prompts that made none and why, and the paths worth opening."""
    result = manifest["result"]
    lines = [
        f"{result['pairs']:,} pairs from {result['prompts']:,} prompts and {result['answers']:,} answers"
    ]
    for language, row in result["by_language"].items():
        lines.append(
            f"{language:<12} {row['pairs']:,} pairs of {row['prompts']:,} prompts, mean reward {row['mean_reward']:.3f}"
        )
    if result["without_pair"]:
        named = ", ".join(f"{rule} {count:,}" for rule, count in result["without_pair"].items())
        lines.append(f"no pair      {named}")
    lines += [
        f"open         {output_dir}/pairs.jsonl      for alignment/dpo.py",
        f"             {output_dir}/answers.parquet  every answer with its reward",
        f"             {output_dir}/manifest.json    settings, versions, digests, counts",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    run(main, MineConfig, "alignment.mine")
