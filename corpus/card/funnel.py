"""The flow of documents from stage to stage: a stream that narrows where documents go.

Each stage is one row of the page, so that its words stay readable on a phone; the rows' drawings stand without gaps
under one another and are stretched to their place, so they hold no text but their descriptions.
"""

from collections import Counter
from collections.abc import Sequence

from corpus.card.account import STAGES, StageTotals, language_name
from corpus.card.figures import count, percent
from corpus.card.markup import escape, isolated

_UNITS = 1000  # width of a drawing in its own units
_HEIGHT = 100


def funnel(stages: Sequence[StageTotals], languages: Sequence[str], unreadable: int) -> str:
    """An ordered list with one row for each stage; `unreadable` records never became documents."""
    whole = max((stage.documents_in for stage in stages), default=0)
    rows = [_row(stage, languages, whole, unreadable if i == 0 else 0) for i, stage in enumerate(stages)]
    if stages:
        rows.append(_last_row(stages[-1], languages, whole))
    return f'<ol class="funnel">\n{"".join(rows)}</ol>'


def language_classes(languages: Sequence[str]) -> dict[str, str]:
    """The CSS class that colors a language, by its rank; those left out share the last."""
    return {name: f"l{i}" for i, name in enumerate(languages)}


def shares(counts: Counter[str], languages: Sequence[str]) -> list[tuple[str, int]]:
    """Color class and number of documents of each ranked language, then of all others together."""
    classes = language_classes(languages)
    others = sum(number for name, number in counts.items() if name not in classes)
    return [(classes[name], counts[name]) for name in languages] + [("other", others)]


def _row(stage: StageTotals, languages: Sequence[str], whole: int, unreadable: int) -> str:
    lost = stage.documents_in - stage.documents_out
    facts = [f"<li><b>{count(number)}</b> {_reason(name)}</li>" for name, number in _largest(stage.dropped)]
    facts += [f"<li><b>{count(number)}</b> {_reason(name)}</li>" for name, number in _more(stage.dropped)]
    if unreadable:
        facts.append(f"<li><b>{count(unreadable)}</b> unreadable, in quarantine</li>")
    loss = (
        f'<b class="loss">\N{MINUS SIGN}{count(lost)}</b> ({percent(lost, stage.documents_in)})'
        if lost
        else ""
    )
    changed = sum(stage.changes.values())
    if changed:
        facts.append(f'<li class="quiet">{count(changed)} changes in the text</li>')
    if not lost and not changed and not unreadable:
        facts.append('<li class="quiet">nothing dropped</li>')
    return (
        f'<li><div class="stage"><b>{escape(stage.name)}</b> <span>{escape(STAGES.get(stage.name, ""))}</span></div>'
        f'<div class="stream">{_drawing(stage, languages, whole)}</div>'
        f'<div class="fate">{loss}<ul>{"".join(facts)}</ul></div></li>\n'
    )


def _last_row(stage: StageTotals, languages: Sequence[str], whole: int) -> str:
    parts = ", ".join(
        f"{count(number)} {isolated(language_name(name))}"
        for name, number in sorted(stage.languages_out.items(), key=lambda item: (-item[1], item[0]))[:4]
        if number
    )
    bars = _streams(stage.languages_out, stage.languages_out, languages, whole)
    return (
        '<li class="rest"><div class="stage"><b>stays</b> <span>documents in the shards</span></div>'
        f'<div class="stream">{_svg(bars, f"{count(stage.documents_out)} of {count(whole)} documents stay")}</div>'
        f'<div class="fate"><b>{count(stage.documents_out)}</b> ({percent(stage.documents_out, whole)})'
        f"<ul><li>{parts}</li></ul></div></li>\n"
    )


def _drawing(stage: StageTotals, languages: Sequence[str], whole: int) -> str:
    enters, leaves = (_scaled(n, whole) for n in (stage.documents_in, stage.documents_out))
    fallen = ""
    if enters > leaves:
        fallen = (
            f'<path class="lost" d="M{leaves:.1f},{_HEIGHT} C{leaves:.1f},{_HEIGHT / 2:.0f} {enters:.1f},'
            f'{_HEIGHT / 2:.0f} {enters:.1f},0 L{enters:.1f},{_HEIGHT} Z"/>'
        )
    text = (
        f"{stage.name}: {count(stage.documents_in)} documents come in, {count(stage.documents_out)} go on, "
        f"{count(stage.documents_in - stage.documents_out)} are dropped"
    )
    return _svg(fallen + _streams(stage.languages_in, stage.languages_out, languages, whole), text)


def _streams(before: Counter[str], after: Counter[str], languages: Sequence[str], whole: int) -> str:
    """One ribbon for each language, side by side, from its share above to its share below."""
    paths = []
    top = bottom = 0
    for (kind, above), (_, below) in zip(shares(before, languages), shares(after, languages), strict=True):
        a, b = _scaled(top, whole), _scaled(top + above, whole)
        c, d = _scaled(bottom, whole), _scaled(bottom + below, whole)
        top, bottom = top + above, bottom + below
        if above:
            middle = _HEIGHT // 2
            paths.append(
                f'<path class="{kind}" d="M{a:.1f},0 C{a:.1f},{middle} {c:.1f},{middle} {c:.1f},{_HEIGHT} '
                f'L{d:.1f},{_HEIGHT} C{d:.1f},{middle} {b:.1f},{middle} {b:.1f},0 Z"/>'
            )
    return "".join(paths)


def _svg(content: str, description: str) -> str:
    return (
        f'<svg viewBox="0 0 {_UNITS} {_HEIGHT}" preserveAspectRatio="none" role="img">'
        f"<title>{escape(description)}</title>{content}</svg>"
    )


def _scaled(number: int, whole: int) -> float:
    return _UNITS * number / whole if whole else 0.0


def _reason(name: str) -> str:
    return escape(name.replace("_", " "))


def _ranked(dropped: Counter[str]) -> list[tuple[str, int]]:
    return sorted(((k, n) for k, n in dropped.items() if n), key=lambda item: (-item[1], item[0]))


def _largest(dropped: Counter[str], most: int = 3) -> list[tuple[str, int]]:
    return _ranked(dropped)[:most]


def _more(dropped: Counter[str], most: int = 3) -> list[tuple[str, int]]:
    """What the other reasons come to together."""
    rest = _ranked(dropped)[most:]
    name = "for another reason" if len(rest) == 1 else f"for {len(rest)} other reasons"
    return [(name, sum(number for _, number in rest))] if rest else []
