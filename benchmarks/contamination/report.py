"""What was found, as a page, as Markdown and as lines; texts of the corpus are never shown."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from benchmarks.contamination.verdicts import KINDS
from benchmarks.report.document import document
from corpus.card.figures import count, percent, plural
from corpus.card.markup import code, escape, isolated, table

Results = Mapping[str, Any]

ITEMS_SHOWN = 40

SECTIONS = {
    "tasks": (
        "Items that stand in the corpus",
        (
            "An item is contaminated where n-grams of its passage, question or choices stand in a document, or where a "
            "paragraph is a near-duplicate of its question. Both sides are folded: spelling, tashkeel and punctuation "
            "do not matter. Short items have no n-gram, so that nothing can be told of them."
        ),
    ),
    "scores": (
        "Scores with and without them",
        (
            "Percent under the first rule of each task, with a 95 % interval. Contaminated items may be "
            "easier or harder for other reasons too, so a gap alone proves nothing."
        ),
    ),
    "items": (
        "Contaminated items",
        "Those with the largest share of n-grams in the corpus, and the first document that was found.",
    ),
    "again": (
        "How to get these numbers again",
        "The same corpus, items and settings give the same verdicts.",
    ),
}
"""Id of each section, its heading, and how to read it."""


def render(results: Results, judged: pl.DataFrame) -> str:
    """The whole page."""
    contents = {
        "tasks": _tasks(results),
        "scores": _scores(results),
        "items": _items(judged),
        "again": table(
            "Signature",
            ("what", "value"),
            [["signature", code(results["signature"])], ["corpus", code(results["corpus"])]],
        ),
    }
    total = sum(row["items"] for row in results["tasks"])
    dirty = sum(row["contaminated"] for row in results["tasks"])
    title = f"Contaminated: {count(dirty)} of {plural(total, 'benchmark item')}"
    return document(
        "Contamination",
        title,
        SECTIONS,
        contents,
        daad=results["daad"],
        made_from="items.parquet and results.json",
    )


def _tasks(results: Results) -> str:
    rows = [
        [
            escape(row["task"]), count(row["items"]),
            _share(row["contaminated"], row["items"]),
            count(row["by_ngrams"]), count(row["by_similarity"]), count(row["half"]), count(row["most"]),
            count(row["short"]), ", ".join(f"{isolated(name)} {number}" for name, number in row["sources"].items()),
        ]
        for row in results["tasks"]
    ]  # fmt: skip
    header = (
        "task", "items", "contaminated", "by n-grams", "by MinHash", "half of n-grams", "80 % of n-grams",
        "too short to tell", "sources",
    )  # fmt: skip
    absent = [[escape(row["task"]), escape(row["reason"])] for row in results["missing"]]
    return table("Items", header, rows, numeric=range(1, 8)) + (
        table("Not looked for", ("task", "why"), absent) if absent else ""
    )


def _share(part: int, whole: int) -> str:
    return f"<strong>{count(part)}</strong> <small>{percent(part, whole)}</small>"


def _scores(results: Results) -> str:
    rows = [
        [
            escape(row["title"]), isolated(row["model"]),
            *(_part(row[name]) for name in ("all", "without", "only")), _gap(row),
        ]
        for row in results["scores"]
        if row["first"]
    ]  # fmt: skip
    header = ("task", "model", "all items", "without contaminated", "contaminated alone", "without less all")
    return table("Scores in percent", header, rows, numeric=range(2, 6)) if rows else ""


def _part(part: Mapping[str, float] | None) -> str:
    if part is None:
        return "no items"
    interval = f"{100 * part['low']:.1f} to {100 * part['high']:.1f}; {count(part['items'])}"
    return f"<strong>{100 * part['value']:.1f}</strong> <small>{interval}</small>"


def _gap(row: Mapping[str, Any]) -> str:
    return "" if row["without"] is None else f"{100 * (row['without']['value'] - row['all']['value']):+.1f}"


def _items(judged: pl.DataFrame) -> str:
    worst = judged.filter(verdict="contaminated").sort(
        ["share", "similarity", "task", "id"], descending=[True, True, False, False], nulls_last=True
    )
    rows = [
        [
            escape(row["task"]), code(row["id"]), f"{row['found']} of {row['ngrams']}" if row["ngrams"] else "has none",
            "" if row["similarity"] is None else f"{row['similarity']:.2f}", code(row["document"]),
            isolated(row["source"]),
        ]
        for row in worst.head(ITEMS_SHOWN).iter_rows(named=True)
    ]  # fmt: skip
    header = ("task", "item", "n-grams found", "MinHash similarity", "first document", "source")
    return table("The worst", header, rows, numeric=(2, 3)) if rows else "<p>None was found.</p>"


def as_markdown(results: Results) -> str:
    """Items by task, and scores with and without contaminated ones."""
    lines = ["| task | items | contaminated | too short to tell |", "|---|--:|--:|--:|"]
    lines += [
        f"| {row['task']} | {row['items']:,} | {row['contaminated']:,} | {row['short']:,} |"
        for row in results["tasks"]
    ]
    if results["missing"]:
        lines += ["", *(f"n/a: {row['task']} ({row['reason']})" for row in results["missing"])]
    if results["scores"]:
        lines += [
            "",
            "| task | model | rule | all % | without % | contaminated alone % |",
            "|---|---|---|--:|--:|--:|",
        ]
    for row in results["scores"]:
        parts = (row[name] for name in ("all", "without", "only"))
        shown = " | ".join(
            "n/a" if part is None else f"{100 * part['value']:.1f} ({part['items']:,})" for part in parts
        )
        lines.append(f"| {row['task']} | {row['model']} | {row['rule']} | {shown} |")
    return "\n".join(
        [*lines, "", f"    {results['signature']}", *(f"{name}: {what}" for name, what in KINDS.items()), ""]
    )


def as_text(results: Results) -> str:
    """A few aligned lines for the terminal."""
    lines = [f"{'task':18} {'items':>7} {'contaminated':>13} {'too short':>10}"]
    lines += [
        f"{row['task']:18} {row['items']:>7,} {row['contaminated']:>13,} {row['short']:>10,}"
        for row in results["tasks"]
    ]
    lines += [f"{row['task']:18}     n/a  {row['reason']}" for row in results["missing"]]
    for row in results["scores"]:
        if row["first"] and row["without"] is not None:
            lines.append(
                f"{row['task']:18} {row['model']}: {100 * row['all']['value']:.1f} % over all items, "
                f"{100 * row['without']['value']:.1f} % without contaminated ones"
            )
    return "\n".join(lines)
