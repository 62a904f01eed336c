"""Results as rows, and rows as CSV, Markdown and text."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.tasks.task import METRICS

Results = Mapping[str, Any]
"""What `results.json` of one run holds."""

COLUMNS = (
    "model", "suite", "task", "language", "rule", "metric", "first", "shots", "items", "micro", "low", "high", "macro",
    "macro_low", "macro_high", "chance", "ece", "position_distance", "faults", "signature",
)  # fmt: skip
"""Columns of `results.csv`."""


def rows(runs: Sequence[Results]) -> list[dict[str, Any]]:
    """One row for each model, task and rule."""
    found = []
    for results in runs:
        for score in results["scores"]:
            macro = score.get("macro") or {}
            found.append(
                {
                    name: score[name]
                    for name in ("suite", "task", "language", "rule", "first", "shots", "items")
                }
                | {
                    "model": results["model"]["name"],
                    "metric": METRICS[score["rule"]],
                    "micro": score["micro"]["value"],
                    "low": score["micro"]["low"],
                    "high": score["micro"]["high"],
                    "macro": macro.get("value"),
                    "macro_low": macro.get("low"),
                    "macro_high": macro.get("high"),
                    "chance": score["chance"],
                    "ece": score.get("calibration", {}).get("ece"),
                    "position_distance": score.get("position", {}).get("distance"),
                    "faults": len(score["faults"]),
                    "signature": score["signature"],
                }
            )
    return found


def as_csv(runs: Sequence[Results]) -> str:
    """All rows as CSV."""
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows(runs))
    return stream.getvalue()


def as_markdown(runs: Sequence[Results]) -> str:
    """Scores under every rule as one Markdown table, and the signatures below it."""
    lines = [
        "| model | task | lang | rule | shots | items | measure | % (95 %) | macro % | chance % |",
        "|---|---|---|---|--:|--:|---|--:|--:|--:|",
    ]
    for row in rows(runs):
        mark = "**" if row["first"] else ""
        macro = "" if row["macro"] is None else f"{100 * row['macro']:.1f}"
        lines.append(
            f"| {row['model']} | {row['task']} | {row['language']} | {row['rule']} | {row['shots']} "
            f"| {row['items']:,} | {row['metric']} | "
            f"{mark}{100 * row['micro']:.1f}{mark} ({100 * row['low']:.1f}–{100 * row['high']:.1f}) | {macro} | "
            f"{100 * row['chance']:.1f} |"
        )
    lines += ["", *(f"    {row['model']}  {row['signature']}" for row in rows(runs))]
    for results in runs:
        lines += [f"n/a: {row['task']} ({row['reason']})" for row in results["missing"]]
    return "\n".join(lines) + "\n"


def as_text(results: Results) -> str:
    """A few aligned lines for the terminal: scores by task and rule."""
    lines = [f"{'task':18} {'items':>6}  % by rule (95 % interval of the first; chance)"]
    for task in dict.fromkeys(score["task"] for score in results["scores"]):
        scores = sorted(
            (s for s in results["scores"] if s["task"] == task), key=lambda score: not score["first"]
        )
        first = scores[0]["micro"]
        by_rule = "  ".join(f"{score['rule']} {100 * score['micro']['value']:.1f}" for score in scores)
        interval = (
            f"({100 * first['low']:.1f} to {100 * first['high']:.1f}; chance {100 * scores[0]['chance']:.1f})"
        )
        lines.append(f"{task:18} {scores[0]['items']:>6,}  {by_rule}  {interval}")
        if scores[0]["faults"]:
            lines.append(
                f"{'':18} {len(scores[0]['faults'])} rows are no items, the first: {scores[0]['faults'][0]}"
            )
    lines += [f"{row['task']:18}    n/a  {row['reason']}" for row in results["missing"]]
    return "\n".join(lines)
