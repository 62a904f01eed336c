"""Tables beside the scores: significance, calibration, position bias, and how to get the numbers again."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.report.tables import Results
from corpus.card.markup import code, escape, isolated, table


def p_shown(found: Mapping[str, Any]) -> str:
    """McNemar's p of a comparison, or the bootstrap's where there is none; in bold below 0.05."""
    p = found["bootstrap"] if found["mcnemar"] is None else found["mcnemar"]
    shown = "&lt;0.001" if p < 0.001 else f"{p:.3f}"
    return f"<b>{shown}</b>" if p < 0.05 else shown


def paired_models(comparisons: Sequence[Mapping[str, Any]]) -> str:
    """What `compare_runs` found, under the first rule of each task; empty where there is nothing."""
    rows = [
        [
            escape(found["title"]), *(isolated(name) for name in found["models"]), f"{found['items']:,}",
            f"{100 * found['difference']:+.1f}", f"{100 * found['low']:+.1f} to {100 * found['high']:+.1f}",
            str(found["only_first"]), str(found["only_second"]), p_shown(found),
        ]
        for found in comparisons
        if found["first"]
    ]  # fmt: skip
    header = (
        "task",
        "first",
        "second",
        "items",
        "second less first",
        "95 %",
        "only first",
        "only second",
        "p",
    )
    return table("Difference in points", header, rows, numeric=range(3, 9)) if rows else ""


def confidence(runs: Sequence[Results]) -> str:
    """ECE and position bias of every task, under the rules that have them."""
    rows = []
    for results in runs:
        for score in results["scores"]:
            if "calibration" not in score:
                continue
            position = score["position"]
            rows.append([
                escape(score["title"]), isolated(results["model"]["name"]), escape(score["rule"]),
                f"{score['calibration']['ece']:.3f}", f"{position['distance']:.3f}",
                " ".join(f"{100 * share:.0f}" for share in position["chosen"][:6]),
                " ".join(f"{100 * share:.0f}" for share in position["right"][:6]),
            ])  # fmt: skip
    header = ("task", "model", "rule", "ECE", "position bias", "chosen at 1st, 2nd, … in %", "right there")
    return table("Calibration and position bias", header, rows, numeric=(3, 4, 5, 6))


def again(runs: Sequence[Results]) -> str:
    """Signatures, models and versions."""
    signatures = [
        [isolated(results["model"]["name"]), code(score["signature"])]
        for results in runs
        for score in results["scores"]
    ]
    models = [[isolated(results["model"]["name"]), code(results["model"]["digest"])] for results in runs]
    versions = [[escape(name), code(number)] for name, number in runs[0]["versions"].items()]
    beside = table("Models", ("model", "digest"), models) + table(
        "Versions", ("package", "version"), versions
    )
    return f'<div class="tables">{beside}</div>' + table("Signatures", ("model", "signature"), signatures)
