"""`python -m benchmarks.contamination --corpus DIR --runs SCORES --output_dir DIR`: items that stand in the corpus."""

import sys

from benchmarks.contamination.settings import ContaminationConfig
from corpus.command_line import run


def main(config: ContaminationConfig) -> None:
    """Check, then say what came out and where to look."""
    from benchmarks.contamination.checking import check
    from benchmarks.contamination.report import as_text

    results = check(config)
    lines = [
        as_text(results),
        f"open  {config.output_dir}/report.html    tasks, scores with and without, the worst items",
        f"      {config.output_dir}/items.csv      every item with its overlap (also .parquet)",
        f"      {config.output_dir}/results.json   every figure (also .md)",
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    run(main, ContaminationConfig, "benchmarks.contamination")
