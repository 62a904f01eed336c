"""Tables of scores: models beside one another, by task, rule and subject."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.report.published import ALLAM
from benchmarks.report.tables import Results
from benchmarks.tasks.suites import SUITES, TASKS
from benchmarks.tasks.task import RULES
from corpus.card import shell
from corpus.card.account import language_name
from corpus.card.figures import count
from corpus.card.markup import attribute, code, escape, isolated, table

Score = Mapping[str, Any]

SUBJECTS_SHOWN = 60


def first_scores(results: Results) -> dict[str, Score]:
    """The score of each task under its first rule."""
    return {score["task"]: score for score in results["scores"] if score["first"]}


def mean_by_language(results: Results) -> dict[str, tuple[float, float, int]]:
    """Mean accuracy of the tasks of each language, mean chance, and number of tasks."""
    found: dict[str, list[Score]] = {}
    for score in first_scores(results).values():
        found.setdefault(score["language"], []).append(score)
    return {
        language: (
            sum(score["micro"]["value"] for score in scores) / len(scores),
            sum(score["chance"] for score in scores) / len(scores),
            len(scores),
        )
        for language, scores in sorted(found.items())
    }


def tiles(runs: Sequence[Results]) -> str:
    """The mean of each language for each model."""
    shown = []
    for results in runs:
        for language, (mean, chance, tasks) in mean_by_language(results).items():
            note = f"mean of {tasks} task{'s' if tasks > 1 else ''}; chance {100 * chance:.1f}"
            name = f"{isolated(results['model']['name'])}, {escape(language_name(language))}"
            shown.append((name, f"{100 * mean:.1f}", note))
    return shell.tiles(shown)


def league(runs: Sequence[Results]) -> str:
    """One table for each language, a row for each task and a column for each model."""
    shown = []
    for language in ("ar", "en"):
        names = [name for name, task in TASKS.items() if task.language == language]
        rows = [_row(runs, name) for name in names if any(name in first_scores(results) for results in runs)]
        if rows:
            header = ("task", *(isolated(results["model"]["name"]) for results in runs))
            rows.append(_means(runs, names))
            published = [
                _quoted(name) for name in names if any(name in first_scores(results) for results in runs)
            ]
            if any(published):
                header = (*header, f"{ALLAM[0].model}, quoted")
                rows = [[*row, cell] for row, cell in zip(rows, [*published, ""], strict=True)]
            shown.append(table(language_name(language), header, rows))
    return "".join(shown) + _missing(runs)


def _means(runs: Sequence[Results], names: Sequence[str]) -> list[str]:
    """The mean of each model over the tasks that all of them have scored: another set would be another measure."""
    common = [name for name in names if all(name in first_scores(results) for results in runs)]
    if not common:
        return ["no task is common to all", *("" for _ in runs)]
    totals = [sum(first_scores(results)[name]["micro"]["value"] for name in common) for results in runs]
    label = f"mean, tasks of all models ({len(common)})" if len(runs) > 1 else "mean of the tasks"
    return [label, *(f"<b>{100 * total / len(common):.1f}</b>" for total in totals)]


def _row(runs: Sequence[Results], name: str) -> list[str]:
    scores = [first_scores(results).get(name) for results in runs]
    known = next(score for score in scores if score)
    suites = ", ".join(suite for suite in SUITES if name in SUITES[suite].shots)
    about = f"{known['shots']}-shot, {known['rule'].replace('_', ' ')}{'; ' if suites else ''}{suites}"
    task = f'{escape(known["title"])}<small class="about">{escape(about)}</small>'
    return [task, *("n/a" if score is None else _value(score) for score in scores)]


def _quoted(name: str) -> str:
    """A published score of a task, marked as quoted; empty where there is none."""
    found = [row for row in ALLAM if row.task == name]
    return "".join(
        f'{row.value:g} <small class="about">not measured here; {row.setting}</small>' for row in found
    )


def _value(score: Score) -> str:
    micro = score["micro"]
    low, high, chance = (100 * value for value in (micro["low"], micro["high"], score["chance"]))
    drawn = (
        f'<span class="range" aria-hidden="true"><i style="left:{low:.1f}%;width:{max(high - low, 0.6):.1f}%"></i>'
        f'<b style="left:{chance:.1f}%"></b></span>'
    )
    return (
        f'<span class="score" title="{attribute(score["signature"])}"><strong>{100 * micro["value"]:.1f}</strong> '
        f"<small>{low:.1f} to {high:.1f}; {count(score['items'])} items</small>{drawn}</span>"
    )


def _missing(runs: Sequence[Results]) -> str:
    found = {row["task"]: row["reason"] for results in runs for row in results["missing"]}
    if not found:
        return ""
    items = "".join(f"<li>{code(task)} {escape(reason)}</li>" for task, reason in found.items())
    return (
        f"<details><summary>{len(found)} parts of the suites are n/a here</summary><ul>{items}</ul></details>"
    )


def by_rule(runs: Sequence[Results]) -> str:
    """Every score of every rule: a row for each task and model, a column for each rule."""
    rows = []
    used = {score["rule"] for results in runs for score in results["scores"]}
    rules = [rule for rule in RULES if rule in used]
    for task in TASKS.values():
        for results in runs:
            scores = {score["rule"]: score for score in results["scores"] if score["task"] == task.name}
            if scores:
                cells = [_by_rule(scores[rule]) if rule in scores else "" for rule in rules]
                chance = f"{100 * next(iter(scores.values()))['chance']:.1f}"
                rows.append([escape(task.title), isolated(results["model"]["name"]), *cells, chance])
    header = ("task", "model", *(rule.replace("_", " ") for rule in rules), "chance")
    return table(
        "Accuracy in percent, over items and (small) over subjects",
        header,
        rows,
        numeric=range(2, len(header)),
    )


def _by_rule(score: Score) -> str:
    value = f"{100 * score['micro']['value']:.1f}"
    macro = f" <small>{100 * score['macro']['value']:.1f}</small>" if "macro" in score else ""
    mark = attribute(score["signature"])
    return f'<span title="{mark}">{f"<b>{value}</b>" if score["first"] else value}{macro}</span>'


def by_subject(runs: Sequence[Results]) -> str:
    """Accuracy by subject, and by country where the data tells it."""
    shown = []
    for label, column in (("subjects", "subject"), ("countries", "country")):
        for task in TASKS.values():
            scores = [first_scores(results).get(task.name) for results in runs]
            found = [score[label] if score and label in score else {} for score in scores]
            names = sorted({name for each in found for name in each})
            if not names or (
                label == "countries" and all(s is None or s.get("subjects") == s.get(label) for s in scores)
            ):
                continue
            rows = [[isolated(name.replace("_", " ") or "not given"), *_cells(found, name)] for name in names]
            header = (column, *(isolated(results["model"]["name"]) for results in runs), "items")
            caption = f"{task.title}, by {column}"
            drawn = table(caption, header, rows, numeric=range(1, len(header)))
            shown.append(f"<details><summary>{escape(caption)}: {len(names)}</summary>{drawn}</details>")
    return "".join(shown)


def _cells(found: Sequence[Mapping[str, Any]], name: str) -> list[str]:
    values = [f"{100 * each[name]['value']:.1f}" if name in each else "n/a" for each in found]
    return [*values, count(max(each[name]["items"] for each in found if name in each))]


def quoted() -> str:
    """Published scores."""
    rows = [
        [
            escape(TASKS[row.task].title if row.task in TASKS else row.task),
            isolated(row.model),
            f"{row.value:g}",
            row.setting,
        ]
        for row in ALLAM
    ]
    return table("Quoted, not measured", ("benchmark", "model", "score", "setting"), rows, numeric=(2,))
