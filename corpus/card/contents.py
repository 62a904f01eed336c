"""What is in the corpus: tables by source, language, domain and kind, and distributions."""

from collections import Counter
from collections.abc import Sequence

import polars as pl

from corpus.card.account import GroupTotals, Manifest, group_totals, language_name
from corpus.card.documents import VOCALIZATION
from corpus.card.figures import count, percent, size
from corpus.card.funnel import language_classes
from corpus.card.histogram import histogram
from corpus.card.markup import isolated, table

RARE = 0.01
"""Languages below this share of a source's documents, of which none stay, are put together in one row."""


def by_source(manifest: Manifest, contents: pl.DataFrame) -> str:
    """One row for each source and language: what was read, what stays, and how large it is."""
    sizes: Counter[str] = Counter()
    for shard in manifest["shards"]:
        sizes[shard["source"]] += shard["bytes"]
    sums = _sums(contents, "source", "language")
    rows: list[list[str]] = []
    for source, languages in _languages_by_source(manifest).items():
        for number, (name, group) in enumerate(languages):
            _, characters, words = sums.get((source, name), (0, 0, 0))
            rows.append([
                isolated(source), isolated(language_name(name)), count(group.documents_in),
                count(group.documents_out), kept_bar(group.documents_out, group.documents_in), count(characters),
                count(words), "" if number else size(sizes[source]),
            ])  # fmt: skip
    header = ("source", "language", "read", "stay", "kept", "characters", "words", "file size")
    return table("Sources and their languages", header, rows, numeric=(2, 3, 5, 6, 7))


def _languages_by_source(manifest: Manifest) -> dict[str, list[tuple[str, GroupTotals]]]:
    """The languages of each source, the most frequent first; rare ones of which nothing stays come last, as one."""
    sources: dict[str, list[tuple[str, GroupTotals]]] = {}
    for (source, language), group in group_totals(manifest, "source", "language").items():
        sources.setdefault(source, []).append((language, group))
    for source, languages in sources.items():
        ranked = sorted(languages, key=lambda item: -item[1].documents_in)
        limit = RARE * sum(group.documents_in for _, group in languages)
        rare = [item for item in ranked if not item[1].documents_out and item[1].documents_in < limit]
        if len(rare) > 1:
            together = GroupTotals()
            for _, group in rare:
                together.documents_in += group.documents_in
                together.documents_dropped += group.documents_dropped
            ranked = [item for item in ranked if item not in rare]
            ranked.append((f"{len(rare)} other languages", together))
        sources[source] = ranked
    return sources


def by_label(manifest: Manifest, contents: pl.DataFrame, label: str) -> str:
    """One row for each domain or kind."""
    sums = _sums(contents, label)
    rows = []
    for (name,), group in group_totals(manifest, label).items():
        _, characters, words = sums.get((name,), (0, 0, 0))
        rows.append([
            isolated(name or "not given"), count(group.documents_in), count(group.documents_out),
            kept_bar(group.documents_out, group.documents_in), count(characters), count(words),
        ])  # fmt: skip
    header = (label, "read", "stay", "kept", "characters", "words")
    return table(f"By {label}", header, rows, numeric=(1, 2, 4, 5))


def lengths(manifest: Manifest, languages: Sequence[str]) -> str:
    """A histogram of words per document for each of the ranked languages."""
    figures = []
    for name, kind in language_classes(languages).items():
        rows = [row for row in manifest["lengths"] if row["language"] == name]
        documents = [sum(bins) for bins in zip(*(row["documents"] for row in rows), strict=True)]
        if any(documents):
            title = f"Length of the documents in {language_name(name)}"
            drawing = histogram(
                title, rows[0]["edges"], documents, color=f"var(--{kind})", name=f"lengths-{kind}"
            )
            caption = f"<figcaption>{isolated(language_name(name))}</figcaption>"
            figures.append(f"<figure>{caption}{drawing}</figure>")
    return f'<div class="figures">{"".join(figures)}</div>' if figures else "<p>No documents stay.</p>"


def dialects(contents: pl.DataFrame) -> str:
    """Languages, and varieties of Arabic where they were told apart."""
    whole = int(contents["documents"].sum())
    rows = [
        [isolated(language_name(language)), isolated(language_name(dialect)) if dialect else "not told apart",
         count(documents), percent(documents, whole), count(words)]
        for (language, dialect), (documents, _, words) in _sums(contents, "language", "dialect").items()
    ]  # fmt: skip
    header = ("language", "variety", "documents", "share", "words")
    return table("Languages and varieties", header, rows, numeric=(2, 3, 4))


def vocalization(contents: pl.DataFrame) -> str:
    """How many of the Arabic documents carry tashkeel."""
    arabic = contents.filter(pl.col("language") == "ar")
    sums = _sums(arabic, "vocalization")
    whole = int(arabic["documents"].sum())
    rows = [
        [name, count(documents), percent(documents, whole), count(words)]
        for name in VOCALIZATION
        for documents, _, words in [sums.get((name,), (0, 0, 0))]
    ]
    header = ("tashkeel", "documents", "share", "words")
    return table("Vocalization of the Arabic documents", header, rows, numeric=(1, 2, 3))


def kept_bar(part: int, whole: int) -> str:
    """A share as figure and small bar."""
    width = 100 * part / whole if whole else 0
    return (
        f'<span class="kept"><span class="bar" aria-hidden="true"><i style="width:{width:.1f}%"></i></span>'
        f"{percent(part, whole)}</span>"
    )


def _sums(contents: pl.DataFrame, *labels: str) -> dict[tuple[str, ...], tuple[int, int, int]]:
    """Documents, characters and words by labels, sorted by them."""
    totals = contents.group_by(labels).agg(pl.sum("documents", "characters", "words")).sort(labels)
    return {row[: len(labels)]: row[len(labels) :] for row in totals.iter_rows()}
