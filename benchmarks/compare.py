"""`python -m benchmarks.compare RUN_A RUN_B`: whether two models differ on the same items."""

import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.compare_config import CompareConfig
from benchmarks.errors import BenchmarkError
from corpus.command_line import run


def main(config: CompareConfig) -> None:
    """Compare, and print one line for each task."""
    from benchmarks.comparison import compare_runs
    from benchmarks.report.writing import read_run
    from corpus.pipeline.atomic import write_json

    first, second = ((Path(name), read_run(Path(name))) for name in (config.first, config.second))
    found = compare_runs(first, second, resamples=config.resamples, seed=config.seed)
    if not found:
        raise BenchmarkError(
            f"{config.first} and {config.second} have no items in common that were asked in the same way: "
            "score both with the same tasks, shots and prompt language"
        )
    lines = [
        f"{'task':18} {'rule':13} {'items':>6}  second less first, points (95 %)   only one right   p (McNemar)"
    ]
    for row in found:
        if row["first"] or config.all_rules:
            p = row["bootstrap"] if row["mcnemar"] is None else row["mcnemar"]
            interval = f"({100 * row['low']:+.1f} to {100 * row['high']:+.1f})"
            lines.append(
                f"{row['task']:18} {row['rule']:13} {row['items']:>6,}  {100 * row['difference']:+6.1f} {interval:26} "
                f"{row['only_first']:>6,} : {row['only_second']:<6,}  {p:.4f}"
            )
    sys.stdout.write("\n".join(lines) + "\n")
    if config.output:
        write_json(Path(config.output), found)


def with_names(arguments: Sequence[str]) -> list[str]:
    """The command line with names before two leading directories.

    >>> with_names(["a", "b", "--seed", "1"]), with_names(["--first", "a"])
    (['--first', 'a', '--second', 'b', '--seed', '1'], ['--first', 'a'])
    """
    if len(arguments) >= 2 and not any(each.startswith("-") for each in arguments[:2]):
        return ["--first", arguments[0], "--second", arguments[1], *arguments[2:]]
    return list(arguments)


if __name__ == "__main__":
    run(main, CompareConfig, "benchmarks.compare", with_names(sys.argv[1:]))
