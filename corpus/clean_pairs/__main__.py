"""`python -m corpus.clean_pairs --config FILE.yaml`: parallel text in, pairs that translate each other out."""

import sys

from corpus.clean_pairs.settings import CleanPairs
from corpus.command_line import run


def main(settings: CleanPairs) -> None:
    """Clean, then say what was dropped and where to look."""
    from corpus.clean_pairs.cleaning import clean

    manifest = clean(settings)
    dropped = sorted(manifest["dropped_by_reason"].items(), key=lambda item: (-item[1], item[0]))
    lines = [
        f"{manifest['pairs_out']:,} of {manifest['pairs_in']:,} pairs stay",
        "dropped      " + (", ".join(f"{reason} {count:,}" for reason, count in dropped) or "none"),
        f"open         {settings.output_dir}/report.html  what was dropped, to look at",
        f"             {settings.output_dir}/shards/      the pairs, as a corpus",
        f"             {settings.output_dir}/dropped/     every dropped pair with its reason",
    ]
    if manifest["unreadable"]:
        lines.append(
            f"unreadable   {manifest['unreadable']:,} records, see {settings.output_dir}/quarantine.jsonl"
        )
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    run(main, CleanPairs, "corpus.clean_pairs")
