"""Models beside one another: means by suite, before and after, bits per byte; as HTML, JSON, CSV, Markdown and text."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.report.league import common_by_metric, first_scores, means
from benchmarks.report.published import ALLAM
from benchmarks.report.tables import Results, rows
from benchmarks.report.tables import as_markdown as scores_as_markdown
from benchmarks.tasks.suites import SUITES, TASKS
from corpus.card.account import language_name
from corpus.card.figures import count
from corpus.card.markup import code, escape, isolated, table

Bits = Sequence[Mapping[str, Any] | None]
"""`bits.json` of each run, in the order of the runs; None where a run has none."""

Changed = Sequence[Mapping[str, Any]]
"""What `benchmarks.forgetting.changes` found between the first run and each later one."""


def suite_means(runs: Sequence[Results]) -> list[dict[str, Any]]:
    """Means of each model over the tasks of a suite that all models scored, one for each measure (accuracy, F1, …)."""
    found = []
    for name, suite in SUITES.items():
        for metric, common in common_by_metric(runs, suite.shots).items():
            totals = {
                results["model"]["name"]: sum(
                    first_scores(results)[task]["micro"]["value"] for task in common
                )
                for results in runs
            }
            told = {"suite": name, "metric": metric, "tasks": len(common), "of": len(suite.shots)}
            found.append(told | {"means": {model: total / len(common) for model, total in totals.items()}})
    return found


def suites(runs: Sequence[Results]) -> str:
    """The means by suite."""
    told = [
        [
            f'{escape(row["suite"])}<small class="about">{_about(row)}</small>',
            *(f"{100 * mean:.1f}" for mean in row["means"].values()),
        ]
        for row in suite_means(runs)
    ]
    header = ("suite", *(isolated(results["model"]["name"]) for results in runs))
    return table("Means in percent", header, told, numeric=range(1, len(header))) if told else ""


def _about(row: Mapping[str, Any]) -> str:
    return f"{row['metric']}, {row['tasks']} of its {row['of']} tasks"


def of_same_texts(bits: Bits) -> list[Mapping[str, Any] | None]:
    """Those of the very texts that the first one is of; None for others, which say nothing beside it."""
    read = [_texts(measured) if measured else None for measured in bits]
    first = next(filter(None, read), None)
    return [measured if texts == first else None for measured, texts in zip(bits, read, strict=True)]


def _texts(measured: Mapping[str, Any]) -> tuple[str, str]:
    parts = dict(part.split(":", 1) for part in measured["signature"].split("|"))
    return parts["texts"], parts["data"]


def before_and_after(runs: Sequence[Results], changed: Changed, bits: Bits) -> str:
    """What each later model lost or gained against the first, in both languages; English first, as it can be lost."""
    bits = of_same_texts(bits)
    told = [
        [
            f'{escape(language_name(row["language"]))}<small class="about">{row["metric"]}</small>',
            isolated(row["models"][1]), f"{100 * row['before']:.1f}",
            f"{100 * row['after']:.1f}", _change(row), str(row["tasks"]), *_bits_change(row, runs, bits),
        ]
        for row in sorted(changed, key=lambda row: row["language"] != "en")
    ]  # fmt: skip
    header = (
        "language", "after", "before, %", "after, %", "change in points, 95 %", "tasks",
        "bits per byte before", "after",
    )  # fmt: skip
    caption = f"Against {runs[0]['model']['name']}"
    return table(caption, header, told, numeric=(2, 3, 4, 5, 6, 7)) if told else ""


def _change(row: Mapping[str, float]) -> str:
    clear = row["low"] > 0 or row["high"] < 0
    shown = f"{100 * row['difference']:+.1f}"
    interval = f"{100 * row['low']:+.1f} to {100 * row['high']:+.1f}"
    return f"{f'<b>{shown}</b>' if clear else shown} <small>{interval}</small>"


def _bits_change(row: Mapping[str, Any], runs: Sequence[Results], bits: Bits) -> list[str]:
    places = [number for number, results in enumerate(runs) if results["model"]["name"] in row["models"]]
    found = [_of_language(bits[number], row["language"]) for number in (places[0], places[-1])]
    return ["" if each is None else f"{each:.3f}" for each in found]


def _of_language(measured: Mapping[str, Any] | None, language: str) -> float | None:
    for group in measured["groups"] if measured else []:
        if group["group"] == "language" and group["language"] == language:
            return float(group["bits_per_byte"])
    return None


def bits_table(runs: Sequence[Results], bits: Bits) -> str:
    """Bits per byte of every group of held-out texts, a column for each model; the least of a row is in bold.

    A model that read other texts than the first is n/a, and a line says so.
    """
    named: dict[tuple[str, str, str], list[Mapping[str, Any] | None]] = {}
    same = of_same_texts(bits)
    for number, measured in enumerate(same):
        for group in measured["groups"] if measured else []:
            key = (group["language"], group["group"], group.get("name", ""))
            named.setdefault(key, [None] * len(bits))[number] = group
    told = []
    for (language, kind, name), groups in named.items():
        values = [group["bits_per_byte"] for group in groups if group]
        cells = ["n/a" if group is None else _bits(group, min(values)) for group in groups]
        label = "all texts" if kind == "all" else escape(language_name(language))
        about = f'<small class="about">{escape(kind)} {isolated(name)}</small>' if name else ""
        size = max(group["bytes"] for group in groups if group)
        told.append([f"{label}{about}", *cells, count(size)])
    header = ("held-out text", *(isolated(results["model"]["name"]) for results in runs), "bytes")
    if not told:
        return ""
    others = [
        isolated(results["model"]["name"])
        for results, measured, kept in zip(runs, bits, same, strict=True)
        if measured and not kept
    ]
    note = f'<p class="how">n/a, as measured on other texts: {", ".join(others)}.</p>' if others else ""
    return table("Bits per byte", header, told, numeric=range(1, len(header))) + note


def _bits(group: Mapping[str, Any], least: float) -> str:
    value = f"{group['bits_per_byte']:.3f}"
    shown = f"<b>{value}</b>" if group["bits_per_byte"] == least else value
    return f"{shown} <small>{group['low']:.3f} to {group['high']:.3f}</small>"


def bits_signatures(runs: Sequence[Results], bits: Bits) -> str:
    """What is needed to get bits per byte again."""
    told = [
        [isolated(results["model"]["name"]), code(measured["signature"])]
        for results, measured in zip(runs, bits, strict=True)
        if measured
    ]
    return table("Signatures of bits per byte", ("model", "signature"), told) if told else ""


def as_json(
    runs: Sequence[Results], bits: Bits, changed: Changed, comparisons: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """All figures, with what is quoted marked as quoted."""
    return {
        "models": [results["model"] for results in runs],
        "scores": rows(runs),
        "means": {
            results["model"]["name"]: {
                f"{language}, {metric}": {"mean": mean.value, "chance": mean.chance, "tasks": mean.tasks}
                for (language, metric), mean in means(results).items()
            }
            for results in runs
        },
        "suites": suite_means(runs),
        "bits_per_byte": [
            {"model": results["model"]["name"], **(measured or {"groups": None})}
            for results, measured in zip(runs, bits, strict=True)
        ],
        "changes": list(changed),
        "comparisons": list(comparisons),
        "quoted": [vars(row) | {"measured_here": False} for row in ALLAM],
    }


def bits_as_csv(runs: Sequence[Results], bits: Bits) -> str:
    """Bits per byte, one row for each model and group of texts."""
    stream = io.StringIO(newline="")
    columns = (
        "model",
        "language",
        "group",
        "name",
        "texts",
        "bytes",
        "bits_per_byte",
        "low",
        "high",
        "signature",
    )
    writer = csv.DictWriter(stream, columns, lineterminator="\n", extrasaction="ignore", restval="")
    writer.writeheader()
    for results, measured in zip(runs, bits, strict=True):
        for group in measured["groups"] if measured else []:
            told = {"model": results["model"]["name"], "signature": measured["signature"]}  # type: ignore[index]
            writer.writerow({**group, **told})
    return stream.getvalue()


def as_markdown(runs: Sequence[Results], bits: Bits, changed: Changed) -> str:
    """Scores, means by suite, changes, bits per byte and what is quoted."""
    names = [results["model"]["name"] for results in runs]
    lines = [scores_as_markdown(runs)]
    if found := suite_means(runs):
        lines += [f"| suite | {' | '.join(names)} |", "|---|" + "--:|" * len(names)]
        lines += [
            f"| {row['suite']}, {row['metric']} ({row['tasks']} of {row['of']} tasks) | "
            + " | ".join(f"{100 * mean:.1f}" for mean in row["means"].values())
            + " |"
            for row in found
        ]
    if changed:
        lines += [
            "",
            f"| language | after {names[0]} | before % | after % | change, points (95 %) |",
            "|---|---|--:|--:|--:|",
        ]
        lines += [
            f"| {row['language']}, {row['metric']} | {row['models'][1]} | {100 * row['before']:.1f} | "
            f"{100 * row['after']:.1f} | {100 * row['difference']:+.1f} "
            f"({100 * row['low']:+.1f} to {100 * row['high']:+.1f}) |"
            for row in changed
        ]
    for results, measured in zip(runs, bits, strict=True):
        if measured:
            told = ", ".join(
                f"{row['language'] or 'all'} {row.get('name', '')} {row['bits_per_byte']:.4f}".replace(
                    "  ", " "
                )
                for row in measured["groups"]
            )
            lines += ["", f"Bits per byte, {results['model']['name']}: {told} (`{measured['signature']}`)"]
    lines += [
        "",
        "Quoted, not measured here:",
        "",
        "| benchmark | model | score | setting |",
        "|---|---|--:|---|",
    ]
    lines += [
        f"| {TASKS[row.task].title if row.task in TASKS else row.task} | {row.model} | {row.value:g} | {row.setting} |"
        for row in ALLAM
    ]
    return "\n".join(lines) + "\n"


def as_text(runs: Sequence[Results], bits: Bits) -> str:
    """A few aligned lines for the terminal: means and bits per byte by language and model."""
    kinds = list(dict.fromkeys(kind for results in runs for kind in means(results)))
    languages = sorted({language for language, _ in kinds})
    header = "".join(f"  {f'{language} {metric}, %':>17} {'chance':>6}" for language, metric in kinds)
    header += "".join(f"  {f'{language} bits/byte':>12}" for language in languages)
    lines = [f"{'model':20}{header}"]
    for results, measured in zip(runs, of_same_texts(bits), strict=True):
        cells = ""
        for kind in kinds:
            mean = means(results).get(kind)
            cells += f"  {100 * mean.value:17.1f} {100 * mean.chance:6.1f}" if mean else " " * 26
        for language in languages:
            cost = _of_language(measured, language)
            cells += f"  {'' if cost is None else f'{cost:.3f}':>12}"
        lines.append(f"{results['model']['name']:20}{cells}")
    return "\n".join(lines)
