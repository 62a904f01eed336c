"""`python -m nemo_recipes.data --corpus DIR --tokenizer DIR --output_dir DIR`: shards as Megatron token files."""

import sys
from typing import Any

from corpus.command_line import run
from nemo_recipes.data.settings import Tokens


def main(settings: Tokens) -> None:
    """Encode, and say what was made."""
    from nemo_recipes.data.token_files import encode

    sys.stdout.write(summary(encode(settings), settings.output_dir))


def summary(manifest: dict[str, Any], output_dir: str) -> str:
    """Tokens by split and language, and what was left out of validation."""
    lines = []
    for split, languages in manifest["totals"].items():
        for language, sums in languages.items():
            per_token = sums["bytes"] / sums["tokens"] if sums["tokens"] else 0
            lines.append(
                f"{split:<11}{language:<4}{sums['documents']:>12,} documents {sums['tokens']:>16,} tokens"
                f"{per_token:>7.2f} bytes per token"
            )
    left_out = sum(part["validation"]["left_out_as_trained_on"] for part in manifest["parts"])
    if left_out:
        lines.append(f"{left_out:,} validation documents left out, since their text is trained on")
    lines.append(f"written to {output_dir} (encoder: {manifest['encoder']}, {manifest['dtype']})")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    run(main, Tokens, "nemo_recipes.data")
