"""The sections of the page below the league table."""

import json
from collections.abc import Mapping
from typing import Any

from corpus.card.account import LANGUAGES
from corpus.card.figures import count, plural
from corpus.card.markup import attribute, code, escape, isolated, table
from tokenization.measures.bootstrap import Estimate
from tokenization.measures.slices import DIMENSIONS, Slice
from tokenization.measures.words import MOST_PIECES
from tokenization.report.figures import sign
from tokenization.report.findings import Findings
from tokenization.report.league import slice_label, value_label
from tokenization.report.morphology import respects
from tokenization.report.plots import bars, dots, growths, scatter, shares

_TITLES = {"dialect": "By variety", "genre": "By genre", "vocalization": "By tashkeel", "source": "By source"}
LEAST_WORDS = 500
"""A slice of fewer words is not drawn: its dot would say more of the few words than of the tokenizer."""


def varieties(findings: Findings) -> str:
    """One plot of fertility for each kind of label of the main language."""
    study = findings.study
    shown = []
    for dimension in DIMENSIONS:
        own = [
            each
            for each in study.slices
            if (each.language, each.dimension) == (study.main.language, dimension)
        ]
        drawn = [each for each in own if study.of_texts["words"][each.rows].sum() >= LEAST_WORDS]
        if len(drawn) > 1:
            title = f"{_TITLES[dimension]}, {LANGUAGES.get(study.main.language, study.main.language)}"
            shown.append(dots(title, _by_tokenizer(findings, drawn), [value_label(each) for each in drawn]))
    languages = [each for each in study.slices if not each.dimension]
    if len(languages) > 1:
        names = [LANGUAGES.get(each.language, each.language) for each in languages]
        shown.insert(0, dots("By language", _by_tokenizer(findings, languages), names))
    return f'<div class="figures">{"".join(shown)}</div>' if shown else ""


def length_plots(findings: Findings) -> str:
    """Distribution over words and growth with their length."""
    names = _names(findings)
    classes = [f"{n} piece{'s' if n > 1 else ''}" for n in range(1, MOST_PIECES)] + [f"{MOST_PIECES} or more"]
    ranked = [(names[i], findings.distributions[i]) for i in _ranked(findings)]
    language = slice_label(findings.study.main)
    return (
        f'<div class="figures">{shares(f"Pieces that words take, {language}", ranked, classes)}'
        f"{growths(f'Growth with word length, {language}', names, findings.growths)}</div>"
    )


def sizes(findings: Findings) -> str:
    """Fertility against vocabulary size, with the curves of expansions."""
    study = findings.study
    main = study.main.name
    points = [
        (tokenizer.name, float(tokenizer.size), one)
        for tokenizer in study.tokenizers
        if (one := findings.estimate(tokenizer.name, main, "fertility"))
    ]
    plot = scatter(
        f"Fertility and vocabulary size, {slice_label(study.main)}", points,
        ("pieces in the vocabulary", "pieces per word"), findings.curves, logarithmic=True,
    )  # fmt: skip
    note = "".join(
        f'<p class="quiet">The line is the curve of {isolated(curve.name)}, measured on its own sample.</p>'
        for curve in findings.curves
    )
    return f'<div class="figures">{plot}</div>{note}' if points else ""


def parity(findings: Findings) -> str:
    """Bars of parity, a plot for each parallel text."""
    shown = []
    for name, frame in findings.study.parallel.items():
        first, second = frame.columns
        of = f"{first}:{second}/parallel={name}"
        found = [(each, findings.estimate(each, of, "parity")) for each in _names(findings)]
        rows = sorted(((each, [one.value]) for each, one in found if one), key=lambda row: row[1][0])
        title = f"{LANGUAGES.get(first, first)} pieces for one {LANGUAGES.get(second, second)} piece, {name}"
        shown.append(bars(title, rows, [first], ".2f"))
    return f'<div class="figures">{"".join(shown)}</div>' if shown else ""


def window(findings: Findings) -> str:
    """Words in a context window and the cost of a million words."""
    config = findings.study.config
    languages = [each for each in findings.study.slices if not each.dimension][:2]
    series = [LANGUAGES.get(each.language, each.language) for each in languages]

    def rows(measure: str) -> list[tuple[str, list[float]]]:
        names = [_names(findings)[i] for i in _ranked(findings)]
        return [
            (name, [one.value for each in languages if (one := findings.estimate(name, each.name, measure))])
            for name in names
        ]

    return (
        f'<div class="figures">{bars(f"Words in {count(config.window)} pieces", rows("words_per_window"), series)}'
        + bars(
            f"Cost of a million words, at {config.price:g} {config.currency} per million pieces",
            rows("cost_per_million_words"), series, ".2f",
        )
        + "</div>"
    )  # fmt: skip


def inspection(findings: Findings) -> str:
    """Controls over the table of words, which the page's script fills."""
    options = "".join(
        f'<option value="{i}">{escape(slice_label(each))}</option>'
        for i, each in enumerate(findings.study.slices)
    )
    orders = {
        "listed": "as listed", "frequent": "most frequent", "split": "worst split", "differ": "most disputed",
        "long": "longest", "alphabet": "alphabetical",
    }  # fmt: skip
    ordered = "".join(f'<option value="{value}">{name}</option>' for value, name in orders.items())
    return (
        '<div class="controls" role="search">'
        '<label>Search <input type="search" id="word-search" dir="auto" autocomplete="off" spellcheck="false"></label>'
        f'<label>Words of <select id="word-slice"><option value="">all texts</option>{options}</select></label>'
        f'<label>Order <select id="word-order">{ordered}</select></label></div>'
        f"{_filled('word', 'Words under each tokenizer', 'stacked')}"
    )


def clitics(findings: Findings) -> str:
    """Agreement with the gold words: a table, a plot at matched fertility, words to look at."""
    morphology = findings.morphology
    if morphology is None:
        return ""
    names = _names(findings)
    shown = [f"{_agreement(findings, 0)}{_agreement(findings, 1)}"]
    points = [(names[i], own[1].fertility.value, own[1].f1) for i, own in enumerate(morphology.agreements)]
    plot = scatter(
        "F1 against fertility, words that bear a clitic", points, ("pieces per word", "F1"), percent=True
    )
    good = [
        sum(respects(gold, cuts) for gold, cuts in zip(morphology.examples, own, strict=True))
        for own in morphology.example_cuts
    ]
    counted = ", ".join(f"{isolated(name)} {number}" for name, number in zip(names, good, strict=True))
    options = "".join(f'<option value="{i}">{escape(name)}</option>' for i, name in enumerate(names))
    return (
        f'{"".join(shown)}<div class="figures">{plot}</div>'
        f'<h3>Words that bear a clitic</h3><p class="quiet">The gold parts stand first. A word is marked '
        f'<span class="pass">✓</span> where every place is cut, <span class="fail">✗</span> where a piece crosses one. '
        f"Of the {plural(len(morphology.examples), 'word')} shown, all places are cut in: {counted}.</p>"
        '<div class="controls"><label>Show <select id="clitic-kind"><option value="">all words</option>'
        '<option value="respect">respected</option><option value="cross">crossed</option></select></label>'
        f'<label>by <select id="clitic-tokenizer">{options}</select></label></div>'
        f"{_filled('clitic', 'Clitic-bearing words under each tokenizer', 'stacked')}"
    )


def inventory(findings: Findings) -> str:
    """Controls over the table of pieces, which the page's script fills."""
    options = "".join(
        f'<option value="{i}">{escape(name)}</option>' for i, name in enumerate(_names(findings))
    )
    return (
        f'<div class="controls" role="search"><label>Tokenizer <select id="piece-tokenizer">{options}</select></label>'
        '<label>Search <input type="search" id="piece-search" dir="auto" autocomplete="off" spellcheck="false"></label>'
        '<label class="tick"><input type="checkbox" id="piece-arabic" checked> Arabic only</label></div>'
        f"{_filled('piece', 'Pieces by how often they are seen', '')}"
    )


def again(findings: Findings, settings: Mapping[str, Any]) -> str:
    """Signatures of the main slice, settings, versions."""
    study = findings.study
    place = study.slices.index(study.main)
    rows = [
        (
            isolated(tokenizer.name),
            escape(tokenizer.kind),
            "units" if study.cuts[i].independent else "whole documents",
            code(sign(study, i, study.digests[place], study.main.name)),
        )
        for i, tokenizer in enumerate(study.tokenizers)
    ]
    header = ("tokenizer", "read as", "encoded by", f"signature for {slice_label(study.main)}")
    shown = json.dumps(settings, ensure_ascii=False, indent=1, sort_keys=True)
    return (
        f"{table('Signatures', header, rows)}<details><summary>Settings and versions</summary>"
        f'<pre dir="ltr">{escape(shown)}</pre></details>'
    )


def _agreement(findings: Findings, which: int) -> str:
    morphology = findings.morphology
    assert morphology is not None
    first = morphology.agreements[0][which]
    kind = "Words that bear a clitic" if which else "All words"
    caption = f"{kind}: {count(first.words)} words, {count(first.places)} places where clitics join"
    rows = []
    for i in _ranked(findings):
        own = morphology.agreements[i][which]
        figures = [_share(one) for one in (own.precision, own.recall, own.f1)]
        rows.append((
            f'<span title="{attribute(morphology.signatures[i])}">{isolated(_names(findings)[i])}</span>',
            f"{own.fertility.value:.3f}", *figures,
        ))  # fmt: skip
    return table(caption, ("tokenizer", "fertility", "precision", "recall", "F1"), rows, numeric=(1, 2, 3, 4))


def _share(one: Estimate) -> str:
    if one.value != one.value:  # no cut at all, so there is no precision
        return "\N{EN DASH}"
    return f"{100 * one.value:.1f}%<small>{100 * one.low:.1f}\N{EN DASH}{100 * one.high:.1f}</small>"


def _filled(name: str, caption: str, kind: str) -> str:
    """A table and its pager, both filled by the script."""
    return (
        f'<p class="found" id="{name}-found" aria-live="polite"></p>'
        f'<div class="scroll" role="region" tabindex="0" aria-label="{caption}">'
        f'<table id="{name}-table" class="{kind}"><caption>{caption}</caption>'
        "<thead></thead><tbody></tbody></table></div>"
        f'<div class="pager"><button type="button" id="{name}-back">Back</button>'
        f'<span id="{name}-page"></span><button type="button" id="{name}-next">Next</button></div>'
    )


def _by_tokenizer(findings: Findings, slices: list[Slice]) -> list[tuple[str, list[Estimate | None]]]:
    names = [_names(findings)[i] for i in _ranked(findings)]
    return [(name, [findings.estimate(name, each.name, "fertility") for each in slices]) for name in names]


def _names(findings: Findings) -> list[str]:
    return [tokenizer.name for tokenizer in findings.study.tokenizers]


def _ranked(findings: Findings) -> list[int]:
    """Tokenizers by fertility on the main slice."""
    main = findings.study.main.name
    found = [findings.estimate(name, main, "fertility") for name in _names(findings)]
    return sorted(range(len(found)), key=lambda i: found[i].value if found[i] else float("inf"))  # type: ignore[union-attr]
