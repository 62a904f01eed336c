"""Written answers that say nothing, and requests that an endpoint refused: counted, as they count as wrong."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.report.tables import Results
from corpus.card.figures import count
from corpus.card.markup import escape, isolated, table
from corpus.endpoint.ledger import COUNTS

_KINDS = ("empty", "unreadable", "outside", "unmarked")


def unanswered(runs: Sequence[Results]) -> str:
    """A row for each task, model and rule that looks at written answers; empty where no text was asked for."""
    rows = []
    for results in runs:
        for score in results["scores"]:
            if "unanswered" not in score:
                continue
            found, refused = score["unanswered"], score.get("refused", {})
            told = f'<small class="about">{escape(refused["first"])}</small>' if refused else ""
            rows.append([
                escape(score["title"]), isolated(results["model"]["name"]), escape(score["rule"].replace("_", " ")),
                *("" if kind not in found else count(found[kind]) for kind in _KINDS),
                count(refused.get("items", 0)) + told, count(score["items"]),
            ])  # fmt: skip
    header = ("task", "model", "rule", *_KINDS, "refused", "items")
    return table("Written answers", header, rows, numeric=range(3, len(header))) if rows else ""


def requests(run: Mapping[str, Mapping[str, Any]]) -> str:
    """What each endpoint did with the requests of a run, and what it said of the first that it refused."""
    cells = [
        [
            isolated(name) + _refusal(ledger),
            *(count(ledger[column]) for column in COUNTS),
            f"{ledger['cost']:.4f}",
        ]
        for name, ledger in run.items()
        if ledger
    ]
    header = ("endpoint", *(name.replace("_", " ") for name in COUNTS), "cost")
    return table("Requests", header, cells, numeric=range(1, len(header))) if cells else ""


def refused_line(ledger: Mapping[str, Any]) -> str:
    """One line for the terminal; empty where nothing was refused."""
    if not ledger.get("refused"):
        return ""
    return f"{ledger['refused']:,} requests were refused; the first: {ledger['first_refusal']}"


def _refusal(ledger: Mapping[str, Any]) -> str:
    first = ledger.get("first_refusal", "")
    return f'<small class="about">refused: {escape(first)}</small>' if first else ""
