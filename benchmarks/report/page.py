"""The page as a whole: sections in order, each with a sentence on how to read it."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from benchmarks.report import league, quality
from benchmarks.report.samples import Sample
from benchmarks.report.shown_items import shown
from benchmarks.report.tables import Results
from corpus.card.markup import escape, isolated

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

SECTIONS: dict[str, tuple[str, str]] = {
    "league": (
        "Scores by language",
        (
            "Accuracy in percent under the first rule of each task, over all items; the bar is the 95 % interval, the "
            "tick is chance. Harnesses differ in rules and shots: a score's signature, below, says what was done."
        ),
    ),
    "rules": (
        "Both rules, side by side",
        (
            "Letters: the answer letter that is likeliest after the lettered options. Continuation: the choice that is "
            "likeliest as text, whole, per character (Unicode) and per byte (UTF-8). A task's first rule is in bold; "
            "macro averages weigh subjects alike."
        ),
    ),
    "paired": (
        "Models on the same items",
        (
            "The same items under the same rule. McNemar's exact test looks at those that one model has right and the "
            "other wrong; p below 0.05 is in bold. Many tests at once find some by chance."
        ),
    ),
    "subjects": ("By subject and country", "Accuracy in percent under the first rule of each task."),
    "confidence": (
        "Calibration and position bias",
        (
            "ECE is the mean gap between how sure the model is and how often it is right. Position bias is how far its "
            "choices are spread over the places of the options otherwise than the right answers are (0 none, 1 all)."
        ),
    ),
    "items": (
        "Items to read",
        "One item answered right and one answered wrong where there are both, chosen by their ids and not by hand.",
    ),
    "quoted": (
        "Published scores, quoted",
        "Not measured here: from the ALLaM paper and its model cards, by their own prompts and rules.",
    ),
    "again": (
        "How to get these numbers again",
        "The same data, model, settings and versions give the same scores.",
    ),
}
"""Id of each section, its heading, and how to read it."""


def render(
    runs: Sequence[Results],
    samples: Mapping[str, Sequence[Sample]],
    comparisons: Sequence[Mapping[str, Any]] = (),
) -> str:
    """The whole HTML page; the same results and samples give the same text."""
    names = [results["model"]["name"] for results in runs]
    title = (
        " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
        + " in Arabic and English"
    )
    contents = {
        "league": league.league(runs),
        "rules": league.by_rule(runs),
        "paired": quality.paired_models(comparisons),
        "subjects": league.by_subject(runs),
        "confidence": quality.confidence(runs),
        "items": shown(samples),
        "quoted": league.quoted(),
        "again": quality.again(runs),
    }
    contents = {name: content for name, content in contents.items() if content}
    menu = "".join(f'<li><a href="#{name}">{SECTIONS[name][0]}</a></li>' for name in contents)
    body = "\n".join(_section(name, content) for name, content in contents.items())
    style = files("corpus.card").joinpath("card.css").read_text(encoding="utf-8")
    style += files("benchmarks.report").joinpath("report.css").read_text(encoding="utf-8")
    return (
        '<!DOCTYPE html>\n<html lang="en" dir="ltr">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f'<header><p class="kicker">Benchmarks</p><h1>{isolated(title)}</h1>\n{league.tiles(runs)}\n'
        f'<nav aria-label="Sections"><ol>{menu}</ol></nav></header>\n<main>\n{body}\n</main>\n'
        f"<footer><p>Made by Daad {escape(runs[0]['versions']['daad'])} from results.json and items/ beside this file. "
        "Nothing is loaded from elsewhere.</p></footer>\n</body>\n</html>\n"
    )


def _section(name: str, content: str) -> str:
    heading, how = SECTIONS[name]
    return (
        f'<section id="{name}" aria-labelledby="{name}-h"><h2 id="{name}-h">{heading}</h2>\n'
        f'<p class="how">{how}</p>\n{content}\n</section>'
    )
