"""`python -m corpus.build --config FILE.yaml`: from raw text to a documented corpus."""

import sys
from typing import Any

from corpus.build_config import BuildConfig
from corpus.command_line import run


def main(config: BuildConfig) -> None:
    """Build, then say what was made and where to look."""
    from corpus.pipeline.builder import build

    summarize(build(config), config.output_dir)


def summarize(manifest: dict[str, Any], output_dir: str) -> None:
    """Print the result in a few lines, and the paths worth opening."""
    counts = manifest["counts"]
    came = sum(row["documents_in"] for row in counts if row["stage"] == "read")
    documents = sum(shard["documents"] for shard in manifest["shards"])
    words = sum(shard["words"] for shard in manifest["shards"])
    lines = [f"{documents:,} of {came:,} documents stay ({words:,} words)"]
    languages: dict[str, int] = {}
    dropped: dict[str, int] = {}
    for row in counts:
        if row["stage"] == "near":
            languages[row["language"]] = languages.get(row["language"], 0) + row["documents_out"]
        for reason, count in row["dropped"].items():
            dropped[reason] = dropped.get(reason, 0) + count
    lines.append("by language  " + _listed(languages))
    if dropped:
        lines.append("dropped      " + _listed(dropped))
    if manifest["quarantine"]["records"]:
        lines.append("unreadable   " + _listed(manifest["quarantine"]["by_rule"]))
    lines += [
        f"open         {output_dir}/card.html      what is in the corpus, to look at",
        f"             {output_dir}/shards/        the documents",
        f"             {output_dir}/dropped/       what was dropped, and why",
        f"             {output_dir}/manifest.json  every count and digest",
    ]
    if manifest["quarantine"]["records"]:
        lines.append(f"             {output_dir}/quarantine/    what could not be read, and where it stands")
    sys.stdout.write("\n".join(lines) + "\n")


def _listed(counts: dict[str, int], most: int = 6) -> str:
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    listed = ", ".join(f"{name} {count:,}" for name, count in ranked[:most] if count)
    return listed + (f", and {len(ranked) - most} more" if len(ranked) > most else "")


if __name__ == "__main__":
    run(main, BuildConfig, "corpus.build")
