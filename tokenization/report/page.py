"""The page as a whole: one file, its own style, script and data inside it, nothing loaded from elsewhere."""

import base64
import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from corpus.card import shell
from corpus.card.account import LANGUAGES
from corpus.card.figures import count, plural, size
from corpus.card.markup import escape
from tokenization.report.findings import Findings
from tokenization.report.inventory import as_data
from tokenization.report.league import league, slice_label
from tokenization.report.sections import (
    again,
    clitics,
    inspection,
    inventory,
    length_plots,
    parity,
    sizes,
    varieties,
    window,
)  # fmt: skip

_CLITICS = ", ".join(
    f"<bdi>{clitic}</bdi>"
    for clitic in (
        "\N{ARABIC LETTER WAW}",
        "\N{ARABIC LETTER BEH}",
        "\N{ARABIC LETTER LAM}",
        "\N{ARABIC LETTER HEH}\N{ARABIC LETTER ALEF}",
    )
)
SECTIONS: dict[str, tuple[str, str]] = {
    "league": (
        "League table",
        (
            "Every figure is of the text chosen here. Press a heading to sort; rest on it to read what it means. The "
            "small figures hold 95% of resamples of the documents: where two intervals overlap, do not rank the two."
        ),
    ),
    "varieties": (
        "By variety, genre and vocalization",
        "A tokenizer that knows one kind of Arabic may cut another into crumbs. Dots to the left are better.",
    ),
    "lengths": (
        "Word by word",
        (
            "A word is what stands between white space, taken as it stands after a space. On the left, how many pieces "
            "running words take; on the right, how that grows with the letters of the word."
        ),
    ),
    "sizes": (
        "What a larger vocabulary buys",
        "A larger vocabulary cuts less and costs more memory; the scale of sizes doubles from mark to mark.",
    ),
    "parity": (
        "What an Arabic reader pays",
        (
            "Pieces that the same sentences take in Arabic for every piece in English: at 2 the same text costs twice "
            "as much, below 1 it is the English reader who pays."
        ),
    ),
    "window": (
        "What a context window holds",
        "The more pieces a word takes, the fewer words a model sees at once, and the more a million words cost.",
    ),
    "words": (
        "Look at the words",
        (
            "Colors alternate from piece to piece; letters keep the shape they have in the word. A hatched letter is "
            "itself cut into bytes. The figure is the number of pieces. Search finds a word with or without its marks "
            "and spellings of alef, yeh and teh marbuta."
        ),
    ),
    "morphology": (
        "Do cuts respect clitics?",
        (
            f"Gold places are those where a clitic joins its host ({_CLITICS} and others; the article is not split "
            "off). A cut "
            "respects a place when a piece ends there; a piece that runs over it crosses it. Agreement follows the "
            "number of pieces, so compare tokenizers of like fertility."
        ),
    ),
    "pieces": (
        "Piece inventory",
        "The pieces seen most often in these texts. ▁ is a space; &lt;D98A&gt; are bytes that are no whole character.",
    ),
    "again": (
        "How to get these figures again",
        "The signature says what a figure depends on; fertility.csv has one beside every figure.",
    ),
}
"""Id of each section, its heading, and how to read it."""


def render(findings: Findings, settings: Mapping[str, Any]) -> str:
    """The whole HTML page; the same findings and settings give the same text."""
    contents = {
        "league": league(findings),
        "varieties": varieties(findings),
        "lengths": length_plots(findings),
        "sizes": sizes(findings),
        "parity": parity(findings),
        "window": window(findings),
        "words": inspection(findings),
        "morphology": clitics(findings),
        "pieces": inventory(findings),
        "again": again(findings, settings),
    }
    shown = {name: content for name, content in contents.items() if content}
    menu = "".join(f'<li><a href="#{name}">{SECTIONS[name][0]}</a></li>' for name in shown)
    body = "\n".join(_section(name, content) for name, content in shown.items())
    script = _file("report.js")
    title = _title(findings)
    return shell.html_page(
        "Fertility report",
        title,
        style=_file("report.css"),
        policy=_policy(script),
        header=f'{_tiles(findings)}\n<nav aria-label="Sections"><ol>{menu}</ol></nav>',
        main=body,
        footer="Made by Daad. Nothing is loaded from elsewhere; the words and pieces need scripts to be on.",
        scripts=f'<script type="application/json" id="data">{_data(findings)}</script>\n<script>{script}</script>\n',
    )


def _policy(script: str) -> str:
    """No font, image, address or script but this one, whatever a text or a tokenizer holds."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def _file(name: str) -> str:
    return files("tokenization.report").joinpath(name).read_text(encoding="utf-8")


def _data(findings: Findings) -> str:
    """JSON that cannot end the element it stands in."""
    content = as_data(findings.study, findings.words, findings.pieces)
    content["slices"] = [slice_label(each) for each in findings.study.slices]
    morphology = findings.morphology
    if morphology:
        content["clitics"] = [
            [gold.word, list(gold.borders), [" ".join(map(str, cuts[i])) for cuts in morphology.example_cuts]]
            for i, gold in enumerate(morphology.examples)
        ]
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _section(name: str, content: str) -> str:
    heading, how = SECTIONS[name]
    return (
        f'<section id="{name}" aria-labelledby="{name}-h"><h2 id="{name}-h">{heading}</h2>\n'
        f'<p class="how">{how}</p>\n{content}\n</section>'
    )


def _languages(findings: Findings) -> str:
    names = [
        LANGUAGES.get(each.language, each.language) for each in findings.study.slices if not each.dimension
    ]
    return " and ".join(names) if len(names) < 3 else f"{', '.join(names[:-1])} and {names[-1]}"


def _title(findings: Findings) -> str:
    number = len(findings.study.tokenizers)
    return f"How {plural(number, 'tokenizer')} cut{'s' if number == 1 else ''} {_languages(findings)}"


def _tiles(findings: Findings) -> str:
    study = findings.study
    main = study.main.name
    ranked = sorted(
        (estimate.value, tokenizer.name)
        for tokenizer in study.tokenizers
        if (estimate := findings.estimate(tokenizer.name, main, "fertility"))
    )
    language = LANGUAGES.get(study.main.language, study.main.language)
    tiles = [
        ("documents", count(study.documents.height), size(float(study.of_texts["bytes"].sum()))),
        ("words", count(float(study.of_texts["words"].sum())), f"{count(len(study.units.words))} different"),
        (f"fewest pieces, {language}", f"{ranked[0][0]:.2f}", f"per word: {ranked[0][1]}"),
        (f"most pieces, {language}", f"{ranked[-1][0]:.2f}", f"per word: {ranked[-1][1]}"),
    ]
    return shell.tiles((escape(name), figure, escape(note)) for name, figure, note in tiles)
