"""The page of judged answers, and its lines for the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.report.document import document
from corpus.card.figures import count
from corpus.card.markup import code, escape, isolated, table

SECTIONS = {
    "ratings": (
        "Ratings",
        (
            "Mean rating from 1 to 10, and its 95 % interval over questions. Judges differ in how strict they are: "
            "compare models under one judge."
        ),
    ),
    "pairs": (
        "Pairs",
        (
            "Each pair is shown in both orders; a verdict counts as won only where it holds in both. The win rate "
            "counts ties as half. Where it does not hold, a judge followed the place."
        ),
    ),
    "agreement": (
        "Agreement between judges",
        "Krippendorff's alpha (1 perfect, 0 chance) over all judges; Cohen's kappa of each two, weighted for ratings.",
    ),
    "judges": (
        "How judges kept to the form",
        "Verdicts that could not be read were asked for again, and then counted.",
    ),
    "cost": ("Requests and cost", "Of this run; answers kept from earlier ones cost nothing again."),
    "again": ("How to get these numbers again", "The same questions, models, judges and settings."),
}


def page(results: Mapping[str, Any]) -> str:
    """The whole HTML page."""
    contents = {
        "ratings": _ratings(results["summary"]["ratings"]),
        "pairs": _pairs(results["summary"]["pairs"]),
        "agreement": _agreement(results["summary"]["agreement"]),
        "judges": _judges(results["summary"]["judges"]),
        "cost": _cost(results["run"]),
        "again": table(
            "Signature and versions",
            ("what", "value"),
            [["signature", code(results["signature"])]]
            + [[escape(name), code(number)] for name, number in results["versions"].items()],
        ),
    }
    return document(
        "Benchmarks",
        "Judged answers",
        SECTIONS,
        contents,
        daad=results["versions"]["daad"],
        made_from="judged.json",
    )


def as_text(results: Mapping[str, Any]) -> str:
    """Ratings and pairs as aligned lines."""
    lines = [
        f"{row['judge']}: {row['model']:24} {row['mean']:5.2f} ({row['low']:.2f} to {row['high']:.2f}), "
        f"{row['answers']} answers"
        for row in results["summary"]["ratings"]
    ]
    lines += [
        f"{row['judge']}: {' against '.join(row['models'])}: {row['wins']} won, {row['ties']} tied, "
        f"{row['losses']} lost; "
        f"{100 * row['consistent']:.0f} % hold in both orders"
        for row in results["summary"]["pairs"]
    ]
    for row in results["summary"]["agreement"]:
        value = row["krippendorff"]["value"]
        lines.append(f"agreement, {row['mode']}: alpha {'n/a' if value is None else f'{value:.2f}'}")
    for row in results["summary"]["judges"]:
        lines.append(
            f"{row['judge']}: {row['judgments']} judgments, {row['asked_again']} asked again, "
            f"{row['unreadable']} never readable, {row['refused']} refused"
        )
    return "\n".join(lines)


def _ratings(rows: Sequence[Mapping[str, Any]]) -> str:
    turns = sorted({name for row in rows for name in row["by_turn"]})
    categories = list(dict.fromkeys(name for row in rows for name in row["by_category"]))
    header = ("judge", "model", "mean", "95 %", *(f"turn {name}" for name in turns), "answers")
    cells = [
        [
            isolated(row["judge"]), isolated(row["model"]), f"<b>{row['mean']:.2f}</b>",
            f"{row['low']:.2f} to {row['high']:.2f}", *_means(row["by_turn"], turns), count(row["answers"]),
        ]
        for row in rows
    ]  # fmt: skip
    shown = table("Mean rating", header, cells, numeric=range(2, len(header))) if rows else ""
    if categories:
        header = ("judge", "model", *map(escape, categories))
        cells = [
            [isolated(row["judge"]), isolated(row["model"]), *_means(row["by_category"], categories)]
            for row in rows
        ]
        shown += table("By category", header, cells, numeric=range(2, len(header)))
    return shown


def _means(found: Mapping[str, float], names: Sequence[str]) -> list[str]:
    return [f"{found[name]:.2f}" if name in found else "" for name in names]


def _pairs(rows: Sequence[Mapping[str, Any]]) -> str:
    header = (
        "judge",
        "model",
        "against",
        "won",
        "tied",
        "lost",
        "win rate",
        "95 %",
        "hold in both orders",
        "by place",
    )
    cells = [
        [
            isolated(row["judge"]), *(isolated(name) for name in row["models"]), count(row["wins"]), count(row["ties"]),
            count(row["losses"]), f"<b>{100 * row['win_rate']:.1f} %</b>",
            f"{100 * row['low']:.1f} to {100 * row['high']:.1f}", f"{100 * row['consistent']:.0f} %",
            f"{row['prefers_first']} first, {row['prefers_second']} second",
        ]
        for row in rows
    ]  # fmt: skip
    return table("Pairs", header, cells, numeric=range(3, len(header))) if rows else ""


def _agreement(rows: Sequence[Mapping[str, Any]]) -> str:
    cells = []
    for row in rows:
        whole = row["krippendorff"]
        interval = "" if whole["low"] is None else f"{whole['low']:.2f} to {whole['high']:.2f}"
        cells.append(
            [
                escape(row["mode"]),
                "all",
                f"alpha, {escape(whole['level'])}",
                _number(whole["value"]),
                interval,
                count(whole["units"]),
            ]
        )
        for two in row["cohen"]:
            names = " and ".join(isolated(name) for name in two["judges"])
            equal = "" if two["equal"] is None else f"{100 * two['equal']:.0f} % equal"
            cells.append(
                [escape(row["mode"]), names, "kappa", _number(two["kappa"]), equal, count(two["units"])]
            )
    header = ("mode", "judges", "measure", "value", "95 % or equal", "units")
    return table("Agreement", header, cells, numeric=(3, 5)) if rows else ""


def _number(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.3f}"


def _judges(rows: Sequence[Mapping[str, Any]]) -> str:
    names = ("judgments", "asked_again", "unreadable", "refused")
    cells = [[isolated(row["judge"]), *(count(row[name]) for name in names)] for row in rows]
    header = ("judge", *(name.replace("_", " ") for name in names))
    return table("Form", header, cells, numeric=range(1, 5))


def _cost(run: Mapping[str, Mapping[str, Any]]) -> str:
    names = (
        "answered",
        "from_cache",
        "refused",
        "retries",
        "prompt_tokens",
        "completion_tokens",
        "uncounted",
    )
    cells = [
        [isolated(name), *(count(ledger[column]) for column in names), f"{ledger['cost']:.4f}"]
        for name, ledger in run.items()
        if ledger
    ]
    header = ("endpoint", *(name.replace("_", " ") for name in names), "cost")
    return table("Requests", header, cells, numeric=range(1, len(header))) if cells else ""
