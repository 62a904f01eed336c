"""`python -m benchmarks.safety --model DIR --output_dir DIR`: listed words and refusals in both languages."""

import sys

from benchmarks.safety.settings import SafetyConfig
from corpus.command_line import run


def main(config: SafetyConfig) -> None:
    """Measure, then say what came out and where to look."""
    from benchmarks.safety.measuring import measure
    from benchmarks.safety.report import as_text

    results = measure(config)
    lines = [
        as_text(results),
        f"open  {config.output_dir}/report.html       rates, both languages side by side",
        f"      {config.output_dir}/results.json      every figure (also .md)",
        f"      {config.output_dir}/answers.parquet   every answer; may hold offensive text",
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    run(main, SafetyConfig, "benchmarks.safety")
