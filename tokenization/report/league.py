"""The league table: a row for each tokenizer, a body for each slice, every figure with its interval."""

import math
from collections.abc import Sequence

from corpus.card.account import LANGUAGES
from corpus.card.figures import count, percent, plural
from corpus.card.markup import attribute, escape
from tokenization.measures.bootstrap import Estimate
from tokenization.measures.definitions import MEASURES, Better, Measure
from tokenization.measures.slices import Slice
from tokenization.report.figures import sign
from tokenization.report.findings import Findings

PARITY = Measure(
    name="parity", label="parity",
    meaning="Pieces of the Arabic side of parallel sentences for one of the English side: above 1 an Arabic reader "
    "pays more, below 1 an English one.",
)  # fmt: skip
_DIALECTS = {"": "not told apart", "arz": "Egyptian (arz)"}
_DIMENSIONS = {"dialect": "variety"}


def slice_label(chosen: Slice) -> str:
    """A slice as the page calls it."""
    language = LANGUAGES.get(chosen.language, chosen.language)
    if not chosen.dimension:
        return f"{language}, all"
    return f"{language}, {_DIMENSIONS.get(chosen.dimension, chosen.dimension)}: {value_label(chosen)}"


def value_label(chosen: Slice) -> str:
    """The value of a slice's label in words."""
    if chosen.dimension == "dialect":
        return _DIALECTS.get(chosen.value, LANGUAGES.get(chosen.value, chosen.value))
    return chosen.value or "none given"


def league(findings: Findings) -> str:
    """A choice of slices, and the table."""
    study = findings.study
    options = "".join(
        f'<option value="{i}"{" selected" if each is study.main else ""}>{escape(slice_label(each))}</option>'
        for i, each in enumerate(study.slices)
    )
    columns = _columns(findings)
    head = "".join(_heading(measure) for measure in columns)
    bodies = "".join(_body(findings, number, columns) for number in range(len(study.slices)))
    return (
        f'<div class="controls"><label>Text <select id="league-slice">{options}</select></label></div>'
        '<div class="scroll" role="region" tabindex="0" aria-label="League table"><table id="league-table">'
        "<caption>The best of each column is bold</caption>"
        '<thead><tr><th scope="col" aria-sort="none"><button type="button">tokenizer</button></th>'
        '<th scope="col" class="n" aria-sort="none"><button type="button">vocabulary</button></th>'
        f'{head}<th scope="col" aria-sort="none"><button type="button">round trip</button></th>'
        '<th scope="col" aria-sort="none"><button type="button">tashkeel</button></th></tr></thead>'
        f"{bodies}</table></div>{_definitions(columns)}"
    )


def figure(measure: Measure, value: float) -> str:
    """A figure in the form of its measure.

    >>> figure(MEASURES[0], 1.51949), figure(MEASURES[3], 0.12345)
    ('1.519', '12.3%')
    """
    if measure.form == "percent":
        return percent(value, 1) if value < 0.995 or value == 1 else f"{100 * value:.2f}%"
    return count(value) if measure.form == "count" else f"{value:.3f}"


def _columns(findings: Findings) -> list[Measure]:
    return [MEASURES[0], *([PARITY] if findings.study.parallel else []), *MEASURES[1:]]


def _heading(measure: Measure) -> str:
    return (
        f'<th scope="col" class="n" aria-sort="none"><button type="button" title="{attribute(measure.meaning)}">'
        f"{escape(measure.label)}</button></th>"
    )


def _body(findings: Findings, place: int, columns: Sequence[Measure]) -> str:
    study = findings.study
    chosen = study.slices[place]
    estimates = [
        [_estimate(findings, tokenizer.name, chosen, measure) for measure in columns]
        for tokenizer in study.tokenizers
    ]
    best = [_best([row[i] for row in estimates], measure.better) for i, measure in enumerate(columns)]
    order = sorted(range(len(estimates)), key=lambda n: _value(estimates[n][0]))
    rows = "".join(_line(findings, place, n, columns, estimates[n], best) for n in order)
    note = (
        f"{plural(len(chosen.rows), 'document')}, {count(study.of_texts['words'][chosen.rows].sum())} words"
    )
    hidden = "" if chosen is study.main else " hidden"
    last = f'<tr class="note"><td colspan="{len(columns) + 4}">{note}</td></tr>'
    return f'<tbody data-slice="{place}"{hidden}>{rows}{last}</tbody>'


def _estimate(findings: Findings, tokenizer: str, chosen: Slice, measure: Measure) -> Estimate | None:
    if measure is not PARITY:
        return findings.estimate(tokenizer, chosen.name, measure.name)
    name, frame = next(iter(findings.study.parallel.items()))
    if chosen.dimension or chosen.language != frame.columns[0]:
        return None
    return findings.estimate(tokenizer, f"{frame.columns[0]}:{frame.columns[1]}/parallel={name}", "parity")


def _value(one: Estimate | None) -> float:
    return one.value if one else math.inf


def _best(column: Sequence[Estimate | None], better: Better) -> float | None:
    values = [one.value for one in column if one]
    if not better or len(values) < 2:
        return None
    return min(values) if better == "low" else max(values)


def _line(
    findings: Findings, place: int, number: int, columns: Sequence[Measure], estimates: Sequence[Estimate | None],
    best: Sequence[float | None],
) -> str:  # fmt: skip
    study = findings.study
    tokenizer = study.tokenizers[number]
    signed = sign(study, number, study.digests[place], study.slices[place].name)
    cells = "".join(
        _cell(measure, one, best[i]) for i, (measure, one) in enumerate(zip(columns, estimates, strict=True))
    )
    return (
        f'<tr><th scope="row" title="{attribute(signed)}"><span class="swatch t{number % 10}"></span>'
        f'<bdi>{escape(tokenizer.name)}</bdi></th><td class="n" data-v="{tokenizer.size}">{count(tokenizer.size)}</td>'
        f"{cells}{_round_trip(findings, number)}{_tashkeel(findings, number)}</tr>"
    )


def _cell(measure: Measure, one: Estimate | None, best: float | None) -> str:
    if one is None:
        return '<td class="n" data-v="">\N{EN DASH}</td>'
    value = figure(measure, one.value)
    bounds = [figure(measure, bound) for bound in (one.low, one.high) if not math.isnan(bound)]
    interval = "" if {*bounds} <= {value} else f"<small>{bounds[0]}\N{EN DASH}{bounds[1]}</small>"
    shown = f"<b>{value}</b>" if one.value == best else value
    return f'<td class="n" data-v="{one.value:.6g}">{shown}{interval}</td>'


def _round_trip(findings: Findings, number: int) -> str:
    trip = findings.study.trips[number]
    verdict = '<span class="pass">pass</span>' if trip.passed else '<span class="fail">fail</span>'
    detail = "" if trip.passed else f"; first: {trip.fault}"
    title = attribute(f"{trip.same} of {trip.texts} documents{detail}")
    return (
        f'<td data-v="{trip.same / trip.texts:.6g}" title="{title}">'
        f"{verdict}<small>{trip.same} of {trip.texts}</small></td>"
    )


def _tashkeel(findings: Findings, number: int) -> str:
    marks = findings.study.tashkeel[number]
    lost = marks.survived < marks.words
    verdict = (
        '<span class="pass">pass</span>'
        if marks.passed
        else f'<span class="fail">{"lost" if lost else "cut off"}</span>'
    )
    share = percent(marks.joined.value, 1)
    title = (
        f"{marks.survived} of {marks.words} words keep their marks; {share} of {marks.marks} marks are joined"
    )
    return (
        f'<td data-v="{marks.survived / marks.words + marks.joined.value:.6g}" title="{attribute(title)}">{verdict}'
        f"<small>{share} joined</small></td>"
    )


def _definitions(columns: Sequence[Measure]) -> str:
    items = "".join(f"<dt>{escape(each.label)}</dt><dd>{escape(each.meaning)}</dd>" for each in columns)
    return (
        "<details><summary>What the columns mean</summary><dl>"
        f"{items}<dt>round trip</dt><dd>Whether sampled documents come back from decoding as they were.</dd>"
        "<dt>tashkeel</dt><dd>A pass when all marks of the vocalized words that were tried come back from decoding "
        "and none is cut off its letter; <i>joined</i> is the share of marks in one piece with their letter.</dd></dl>"
        "</details>"
    )
