"""`python -m benchmarks.run --model DIR --tasks SUITE --output_dir DIR`: what a model is worth in both languages."""

import sys
from pathlib import Path

from benchmarks.run_config import RunConfig
from corpus.command_line import run


def main(config: RunConfig) -> None:
    """Score, then say what came out and where to look."""
    from benchmarks.evaluation import evaluate
    from benchmarks.report.tables import as_text
    from benchmarks.report.unanswered import refused_line
    from benchmarks.report.writing import check_names, read_run, write_reports

    output = Path(config.output_dir)
    check_names([config.model_name, *(read_run(path)["model"]["name"] for path in config.runs_beside)])
    results = evaluate(config)
    write_reports([output, *config.runs_beside])
    lines = [
        as_text(results),
        *filter(None, [refused_line(results["run"].get("endpoint", {}))]),
        f"open  {output}/report.html    scores, intervals, items to read",
        f"      {output}/results.json   every figure with its signature (also .csv, .md)",
        f"      {output}/items/         the response to every item",
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    run(main, RunConfig, "benchmarks.run")
