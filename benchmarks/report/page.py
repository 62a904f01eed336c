"""The page as a whole: sections in order, each with a sentence on how to read it."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.report import league, quality, standings, unanswered
from benchmarks.report.document import document
from benchmarks.report.samples import AlsoChosen, Sample
from benchmarks.report.shown_items import shown
from benchmarks.report.tables import Results
from corpus.card.markup import escape

SECTIONS: dict[str, tuple[str, str]] = {
    "league": (
        "Scores by language",
        (
            "Percent under the first rule of each task, over all items: accuracy, unless another measure is named. "
            "The bar is the 95 % interval, the tick is chance. Harnesses differ in rules and shots: a score's "
            "signature, below, says what was done."
        ),
    ),
    "before": (
        "Before and after",
        (
            "Every model against the first: a second language must not cost the first one (forgetting). Means over the "
            "tasks that both scored in the same way, by measure, with a paired bootstrap interval over items; in bold "
            "where it leaves out 0. Bits per byte are of the same held-out texts; less is better."
        ),
    ),
    "suites": (
        "By suite",
        "Means over the tasks of a suite that all models have scored; accuracy and F1 are never averaged together.",
    ),
    "bits": (
        "Bits per byte of held-out text",
        (
            "How many bits a model needs for each byte of text that it was not trained on: a measure that does not "
            "hang on the tokenizer, nor on chance. Less is better; the best of a row is in bold. All columns are of "
            "the same texts; signatures, below, tell the windows."
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
    "subjects": ("By subject and country", "Percent under the first rule of each task."),
    "confidence": (
        "Calibration and position bias",
        (
            "ECE is the mean gap between how sure the model is and how often it is right. Position bias is how far its "
            "choices are spread over the places of the options otherwise than the right answers are (0 none, 1 all)."
        ),
    ),
    "unanswered": (
        "Written answers that say nothing",
        (
            "Empty texts, texts that name no option or number, options that there are not, answers that the judge gave "
            "no mark, and requests that the endpoint refused. All of them count as wrong."
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
    *,
    bits: standings.Bits = (),
    changed: standings.Changed = (),
    also_chosen: AlsoChosen | None = None,
    note: str = "",
) -> str:
    """The whole HTML page; the same results and samples give the same text.

    `bits` are `bits.json` of each run, `changed` is what `benchmarks.forgetting` found, `also_chosen` what each model
    answered to the samples, and `note` what must be said of the models.
    """
    names = [results["model"]["name"] for results in runs]
    title = (
        " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
        + " in Arabic and English"
    )
    contents = {
        "league": league.league(runs),
        "before": standings.before_and_after(runs, changed, bits),
        "suites": standings.suites(runs) if len(runs) > 1 else "",
        "bits": standings.bits_table(runs, bits),
        "rules": league.by_rule(runs),
        "paired": quality.paired_models(comparisons),
        "subjects": league.by_subject(runs),
        "confidence": quality.confidence(runs),
        "unanswered": unanswered.unanswered(runs),
        "items": shown(samples, also_chosen),
        "quoted": league.quoted(),
        "again": quality.again(runs) + (standings.bits_signatures(runs, bits) if bits else ""),
    }
    return document(
        "Benchmarks",
        title,
        SECTIONS,
        contents,
        daad=runs[0]["versions"]["daad"],
        made_from="results.json and items/",
        tiles=(f'<p class="how"><strong>{escape(note)}</strong></p>\n' if note else "") + league.tiles(runs),
    )
