"""What went, and why: drop reasons with examples, unreadable records, benchmark items, and changes in the text."""

from collections.abc import Mapping, Sequence

from corpus.card.account import StageTotals, drop_reasons
from corpus.card.documents import Document
from corpus.card.excerpts import card_line, cut, excerpt
from corpus.card.figures import count, percent, plural
from corpus.card.markup import escape, isolated, table

REASONS_WITH_EXAMPLES = 12
DETAIL_CHARACTERS = 240


def reasons(stages: Sequence[StageTotals], examples: Sequence[Document]) -> str:
    """A table of all reasons, and the most frequent ones with dropped texts, so that a person can judge the judge."""
    ranked = drop_reasons(stages)
    if not ranked:
        return "<p>No document was dropped.</p>"
    dropped = sum(number for _, _, number in ranked)
    rows = [
        [isolated(reason.replace("_", " ")), isolated(stage), count(number), percent(number, dropped)]
        for stage, reason, number in ranked
    ]
    listing = table("All reasons", ("reason", "stage", "documents", "share of drops"), rows, numeric=(2, 3))
    chosen = _by_reason(examples)
    shown = [
        _reason(stage, reason, number, chosen.get((stage, reason), []))
        for stage, reason, number in ranked[:REASONS_WITH_EXAMPLES]
    ]
    return listing + "\n<h3>Examples</h3>\n" + "\n".join(shown)


def _by_reason(examples: Sequence[Document]) -> Mapping[tuple[str, str], list[Document]]:
    found: dict[tuple[str, str], list[Document]] = {}
    for example in examples:
        found.setdefault((example["stage"], example["reason"]), []).append(example)
    return found


def _reason(stage: str, reason: str, number: int, examples: Sequence[Document]) -> str:
    texts = "".join(
        f'<article class="example">{excerpt(document)}'
        f'<p class="source">{card_line(document)}</p>'
        f'<p class="detail">{isolated(cut(document["detail"] or "", DETAIL_CHARACTERS))}</p></article>'
        for document in examples
    )
    return (
        f'<section class="reason"><h4>{escape(reason.replace("_", " "))} '
        f"<small>{plural(number, 'document')}, stage {escape(stage)}</small></h4>"
        f'<div class="examples">{texts or "<p>Texts of these sources are not shown.</p>"}</div></section>'
    )


def kept_examples(examples: Sequence[Document]) -> str:
    """A few of the documents that stay."""
    if not examples:
        return "<p>Texts of these sources are not shown.</p>"
    return (
        '<div class="examples">'
        + "".join(
            f'<article class="example">{excerpt(document)}<p class="source">{card_line(document)}</p></article>'
            for document in examples
        )
        + "</div>"
    )


def changes(stages: Sequence[StageTotals], name: str, caption: str, none: str) -> str:
    """What one stage changed in the text, counted by kind; `none` where it changed nothing."""
    counted = {
        change: number
        for stage in stages
        if stage.name == name
        for change, number in stage.changes.items()
        if number
    }
    if not counted:
        return f"<p>{none}</p>"
    rows = [
        [isolated(change.replace("_", " ")), count(number)]
        for change, number in sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    ]
    return table(caption, ("what", "times"), rows, numeric=(1,))


def quarantine(by_rule: Mapping[str, int]) -> str:
    """Unreadable records by rule."""
    if not by_rule:
        return "<p>Every record could be read.</p>"
    rows = [
        [isolated(rule.replace("_", " ")), count(number)]
        for rule, number in sorted(by_rule.items(), key=lambda item: (-item[1], item[0]))
    ]
    return table("Unreadable records by rule", ("rule", "records"), rows, numeric=(1,))


def contamination(findings: Sequence[tuple[str, int]], stages: Sequence[StageTotals]) -> str:
    """Benchmark items that documents were dropped for."""
    stage = next((stage for stage in stages if stage.name == "decontamination"), None)
    dropped = sum(stage.dropped.values()) if stage else 0
    if not dropped:
        return "<p>No document holds an item of the benchmarks that were given, or none were given.</p>"
    rows = [[isolated(item), count(number)] for item, number in findings]
    listing = (
        table("Benchmark items found most often", ("item", "documents"), rows, numeric=(1,)) if rows else ""
    )
    return f"<p>{plural(dropped, 'document')} dropped.</p>{listing}"
