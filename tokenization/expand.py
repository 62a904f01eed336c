"""`python -m tokenization.expand --config FILE.yaml`: a base tokenizer and a corpus to an expanded, proven one."""

import sys
from typing import Any

from corpus.command_line import run
from tokenization.expand_config import ExpandConfig


def main(config: ExpandConfig) -> None:
    """Expand or train, then say what was made and where to look."""
    if config.scratch:
        from tokenization.expansion.scratch import train_from_scratch

        manifest = train_from_scratch(config)
    else:
        from tokenization.expansion.pipeline import expand

        manifest = expand(config)
    sys.stdout.write("\n".join(summary(manifest, config.output_dir)) + "\n")


def summary(manifest: dict[str, Any], output_dir: str) -> list[str]:
    """The result in a few lines, and the paths worth opening."""
    sizes = manifest["sizes"]
    parts = ", ".join(f"{sizes[name]:,} {name}" for name in ("base", "learned", "characters", "reserve"))
    lines = [f"{sizes['total']:,} pieces: {parts}"]
    lines += [f"held out     {row['slice']}: {_fertility(row)}" for row in manifest["fertility"]]
    lines.append(f"proofs       all {len(manifest['proofs'])} hold")
    if manifest["config"]["series"]:
        lines.append(
            "series       " + ", ".join(f"series/{number}" for number in manifest["config"]["series"])
        )
    opened = [
        ("", "the tokenizer, as AutoTokenizer reads it"),
        ("manifest.json", "every figure and digest"),
    ]
    if sizes["base"]:
        opened.insert(0, ("expansion.html", "the curve, the proofs, and pieces to look at"))
    paths = [(f"{output_dir}/{name}", what) for name, what in opened]
    width = max(len(path) for path, _ in paths)
    lines += [f"{'' if n else 'open':<13}{path:<{width}}  {what}" for n, (path, what) in enumerate(paths)]
    return lines


def _fertility(row: dict[str, Any]) -> str:
    now = f"{row['expanded']:.3f} pieces per word"
    if row["base"]:
        now = f"{row['base']:.3f} -> {now}, {row['base'] / row['expanded']:.3f} times fewer pieces"
    return f"{now} ({row['words']:,} words)"


if __name__ == "__main__":
    run(main, ExpandConfig, "tokenization.expand")
