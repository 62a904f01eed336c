"""The page as a whole: sections in order, each with a sentence on how to read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from corpus.card import clusters, contents, losses, provenance, summary
from corpus.card.account import Manifest, ranked_languages, stage_totals
from corpus.card.documents import Document
from corpus.card.funnel import funnel
from corpus.card.markup import escape
from corpus.card.shell import html_page


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What the card shows beside the manifest.

    Attributes:
        contents: Sums over the shards, as `sum_contents` gives them.
        kept: Examples of documents that stay.
        dropped: Examples of dropped documents.
        copies: Texts of shown clusters by id.
        similarity: Similarity of dropped copies to what stays, by id.
        findings: Benchmark items and how many documents each cost.
    """

    contents: pl.DataFrame
    kept: Sequence[Document]
    dropped: Sequence[Document]
    copies: Mapping[str, Document]
    similarity: Mapping[str, float]
    findings: Sequence[tuple[str, int]]


SECTIONS: dict[str, tuple[str, str]] = {
    "flow": (
        "From stage to stage",
        (
            "Read from top to bottom. The width of the stream is the number of documents, its colors are the languages "
            "above. The edge that falls away on the right is what a stage drops; its reasons stand beside it."
        ),
    ),
    "sources": (
        "Sources, languages, domains",
        (
            "Documents as read and as they stay; characters and words are of those that stay. Languages are those "
            "that were identified, so a source can have several. File size is that of a source's compressed shards."
        ),
    ),
    "lengths": (
        "How long the documents are",
        (
            "Each bar counts documents that stay by their words; the bins grow with the length, so that short and "
            "long documents can be seen together. Words are what stands between white space."
        ),
    ),
    "varieties": (
        "Varieties and vocalization",
        (
            "A variety is named only where it was told apart; Arabic without a name may be Standard Arabic or another "
            "dialect. Tashkeel is measured in marks per Arabic letter."
        ),
    ),
    "kept": (
        "What stays looks like this",
        "The beginning of a few documents, chosen by their ids and spread over the sources, not by hand.",
    ),
    "dropped": (
        "What was dropped, and why",
        (
            "A document is dropped for the first reason that holds. The examples are dropped texts: judge for yourself "
            "whether the rule was right. The line below a text gives the figure that decided. Personal data is masked "
            "here, but not in dropped/."
        ),
    ),
    "duplicates": (
        "Duplicates",
        (
            "Documents that are equal after folding (spelling variants, tashkeel and punctuation set aside), and those "
            "that share most of their word sequences. Marked words stand in only one of the two texts; equal passages "
            "are shortened."
        ),
    ),
    "contamination": (
        "Benchmark items in the text",
        "A benchmark whose items are in the text can no longer measure, so documents that hold one are dropped.",
    ),
    "changed": (
        "What was changed in the text",
        (
            "How often each kind of repair was made, how often each kind of personal data was masked, and how many "
            "lines repeated over many documents were removed."
        ),
    ),
    "quarantine": (
        "What could not be read",
        "Records that no reader could make sense of; quarantine/ says where each of them stands.",
    ),
    "files": (
        "Inputs and shards",
        "A digest tells whether a file is the one that was read or written here.",
    ),
    "again": (
        "How to make it again",
        "The same config, input and versions give the same corpus, on any machine and with any number of workers.",
    ),
}
"""Id of each section, its heading, and how to read it."""


def render(manifest: Manifest, evidence: Evidence) -> str:
    """The whole HTML page; the same manifest and evidence give the same text."""
    stages = stage_totals(manifest)
    languages = ranked_languages(stages)
    title = summary.headline(_kept_languages(languages, evidence), int(evidence.contents["documents"].sum()))
    contents_by_section = _account(manifest, evidence) | _losses(manifest, evidence) | _record(manifest)
    menu = "".join(f'<li><a href="#{name}">{heading}</a></li>' for name, (heading, _) in SECTIONS.items())
    body = "\n".join(_section(name, content) for name, content in contents_by_section.items())
    return html_page(
        "Data card",
        title,
        header=f"{summary.language_bar(stages, languages)}\n{summary.tiles(manifest, stages, evidence.contents)}\n"
        f'<nav aria-label="Sections"><ol>{menu}</ol></nav>',
        main=body,
        footer=f"Made by Daad {escape(manifest['daad'])} from manifest.json, shards/, dropped/ and clusters.parquet "
        "beside this file. Nothing is loaded from elsewhere.",
    )


def _kept_languages(languages: Sequence[str], evidence: Evidence) -> list[str]:
    kept = set(evidence.contents["language"].to_list())
    return [name for name in languages if name in kept]


def _section(name: str, content: str) -> str:
    heading, how = SECTIONS[name]
    return (
        f'<section id="{name}" aria-labelledby="{name}-h"><h2 id="{name}-h">{heading}</h2>\n'
        f'<p class="how">{how}</p>\n{content}\n</section>'
    )


def _account(manifest: Manifest, evidence: Evidence) -> dict[str, str]:
    stages = stage_totals(manifest)
    languages = ranked_languages(stages)
    found = evidence.contents
    return {
        "flow": funnel(stages, languages, manifest["quarantine"]["records"]),
        "sources": contents.by_source(manifest, found)
        + _beside(contents.by_label(manifest, found, "domain"), contents.by_label(manifest, found, "kind")),
        "lengths": contents.lengths(manifest, languages),
        "varieties": _beside(contents.dialects(found), contents.vocalization(found)),
        "kept": losses.kept_examples(evidence.kept),
    }


def _losses(manifest: Manifest, evidence: Evidence) -> dict[str, str]:
    stages = stage_totals(manifest)
    shown = clusters.shown_clusters(manifest)
    return {
        "dropped": losses.reasons(stages, evidence.dropped),
        "duplicates": clusters.figures(manifest)
        + clusters.clusters(shown, evidence.copies, evidence.similarity),
        "contamination": losses.contamination(evidence.findings, stages),
        "changed": _beside(
            losses.changes(stages, "normalize", "Normalization", "Normalization changed nothing."),
            losses.changes(stages, "privacy", "Personal data masked", "No personal data was found."),
            losses.changes(stages, "boilerplate", "Boilerplate", "No repeated lines were removed."),
        ),
        "quarantine": losses.quarantine(manifest["quarantine"]["by_rule"]),
    }


def _beside(*tables: str) -> str:
    """Small tables beside one another where the page is wide enough."""
    return f'<div class="tables">{"".join(tables)}</div>'


def _record(manifest: Manifest) -> dict[str, str]:
    return {
        "files": provenance.licenses(manifest) + provenance.inputs(manifest) + provenance.shards(manifest),
        "again": provenance.again(manifest) + provenance.versions(manifest),
    }
