"""`python -m benchmarks.translate --model DIR --data FILE --output_dir DIR`: translation both ways, scored."""

import sys
from typing import Any

from benchmarks.translate_config import TranslateConfig
from corpus.command_line import run


def main(config: TranslateConfig) -> None:
    """Translate and score, and print one line for each score."""
    from benchmarks.report.unanswered import refused_line
    from benchmarks.translating import translate

    results = translate(config)
    lines = [line for name, found in results["directions"].items() for line in _lines(name, found)]
    lines += filter(None, [refused_line(results["run"].get("endpoint", {}))])
    sys.stdout.write("\n".join([*lines, f"{config.output_dir}/translation.json holds every figure"]) + "\n")


def _lines(name: str, found: dict[str, Any]) -> list[str]:
    lines = [f"{name}: {found['rows']:,} rows, {found['empty']:,} without a translation"]
    for score in found["scores"]:
        value = "n/a" if score["value"] is None else f"{score['value']:.2f}"
        width = "" if score["plus_minus"] is None else f" ± {score['plus_minus']:.2f}"
        label = score["metric"] + (", normalized" if score["normalized"] else "")
        lines.append(f"  {label:20} {value:>7}{width:8} {score['signature']}")
    for row in found["compared"]:
        label = row["metric"] + (", normalized" if row["normalized"] else "")
        lines.append(
            f"  {label:20} {row['difference']:+7.2f} against {row['with']}, p {row['p']:.4f} (paired bootstrap)"
        )
    return lines


if __name__ == "__main__":
    run(main, TranslateConfig, "benchmarks.translate")
