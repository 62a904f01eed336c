"""`python -m benchmarks.league --config FILE`: several models on the same tasks and texts, in one report."""

import sys

from benchmarks.league.settings import LeagueConfig
from corpus.command_line import run


def main(config: LeagueConfig) -> None:
    """Score, then say what came out and where to look."""
    from benchmarks.league.scoring import score
    from benchmarks.report.standings import as_text
    from benchmarks.report.writing import read_bits, read_run

    directories = score(config)
    runs = [read_run(directory) for directory in directories]
    lines = [
        as_text(runs, [read_bits(directory) for directory in directories]),
        f"open  {config.output_dir}/report.html    models beside one another, before and after, items to read",
        f"      {config.output_dir}/league.json    every figure with its signature (also .csv, .md)",
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    run(main, LeagueConfig, "benchmarks.league")
