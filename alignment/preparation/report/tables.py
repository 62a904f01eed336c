"""Counts and lengths: what stays by source and language, what goes by rule, and how long turns are."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from corpus.card import shell
from corpus.card.account import language_name
from corpus.card.contents import kept_bar
from corpus.card.figures import count, percent
from corpus.card.histogram import histogram
from corpus.card.markup import escape, isolated, table
from corpus.text_measures import measure_texts

Manifest = Mapping[str, Any]

EDGES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
"""Words from which each bin of a histogram begins."""


def tiles(manifest: Manifest) -> str:
    """The figures that are asked for first."""
    read = sum(row["conversations"] for row in manifest["counts"])
    kept = sum(row["conversations"] for row in manifest["counts"] if not row["rule"])
    unreadable = sum(row["records"] for row in manifest["unreadable"])
    rules = Counter[str]()
    for row in manifest["counts"]:
        if row["rule"]:
            rules[row["rule"]] += row["conversations"]
    frequent = rules.most_common(1)
    shown = [
        ("conversations read", count(read), f"from {len(manifest['config']['sources'])} sources"),
        ("stay", count(kept), f"{percent(kept, read)} of those read"),
        ("go", count(read - kept), f"for {len(rules)} of {len(manifest['rules'])} rules"),
        ("most often for", escape(frequent[0][0].replace("_", " ")) if frequent else "–",
         f"{count(frequent[0][1])} times" if frequent else "nothing goes"),
        ("unreadable records", count(unreadable), "in unreadable.jsonl, with their lines"),
    ]  # fmt: skip
    return shell.tiles(shown)


def by_source(manifest: Manifest) -> str:
    """One row for each source and language."""
    read, kept = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for row in manifest["counts"]:
        read[row["source"], row["language"]] += row["conversations"]
        kept[row["source"], row["language"]] += row["conversations"] if not row["rule"] else 0
    rows = [
        [isolated(source), isolated(language_name(language)), count(number), count(kept[source, language]),
         kept_bar(kept[source, language], number)]
        for (source, language), number in sorted(read.items())
    ]  # fmt: skip
    return table(
        "Conversations by source and language", ("source", "language", "read", "stay", "kept"), rows, (2, 3)
    )


def by_rule(manifest: Manifest, judged: pl.DataFrame) -> str:
    """All rules that dropped something: how often they decided, and how often they were broken at all."""
    decided = Counter[str]()
    for row in manifest["counts"]:
        decided[row["rule"] or ""] += row["conversations"]
    del decided[""]
    broken = decided + Counter(
        judged["also"].drop_nulls().explode(empty_as_null=False, keep_nulls=False).to_list()
    )
    whole = judged.height
    rows = [
        [f"{isolated(rule.replace('_', ' '))}<small class=\"about\">{escape(manifest['rules'][rule])}</small>",
         count(number), percent(number, whole), count(broken[rule])]
        for rule, number in sorted(decided.items(), key=lambda item: (-item[1], item[0]))
    ]  # fmt: skip
    header = ("rule", "decided", "of all", "broken")
    return (
        table("Rules that dropped something", header, rows, (1, 2, 3))
        if rows
        else "<p>Nothing was dropped.</p>"
    )


def unreadable(manifest: Manifest) -> str:
    """Records that make no conversation, by rule."""
    rows = [
        [isolated(row["source"]), isolated(row["rule"].replace("_", " ")), count(row["records"])]
        for row in manifest["unreadable"]
    ]
    header = ("source", "rule", "records")
    return table("Unreadable records", header, rows, (2,)) if rows else "<p>Every record could be read.</p>"


def lengths(judged: pl.DataFrame, languages: Sequence[str]) -> str:
    """A histogram of words for the questions and the answers that stay, in each language."""
    kept = (
        judged.filter(pl.col("rule").is_null())
        .select("language", "messages")
        .explode("messages")
        .unnest("messages")
    )
    words = measure_texts(kept["content"])["words"]
    kept = kept.select("language", "role").with_columns(words=words)
    figures = []
    for place, language in enumerate(languages):
        for role, what in (("user", "questions"), ("assistant", "answers")):
            found = kept.filter(pl.col("language") == language, pl.col("role") == role)["words"].to_numpy()
            bins = np.histogram(np.maximum(found, 1), [*EDGES, np.inf])[0].tolist()
            if any(bins):
                title = f"Words of {what}, conversations in {language_name(language)}"
                drawing = histogram(title, EDGES, bins, f"var(--l{place % 4})", f"words-{place}-{role}")
                drawing = drawing.replace("words per document", f"words per {what[:-1]}")
                figures.append(f"<figure><figcaption>{isolated(title)}</figcaption>{drawing}</figure>")
    return f'<div class="figures">{"".join(figures)}</div>' if figures else "<p>Nothing stays.</p>"
