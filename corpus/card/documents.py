"""What the card needs of the Parquet files: sums over light columns, and a few chosen texts.

Files are read one after the other, and the text column only where one of the chosen documents stands, so memory
is bounded by the light columns of one shard however large the corpus is.
"""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

import polars as pl

Document = dict[str, Any]
"""One row of a shard, its text cut to `TEXT_CHARACTERS`."""

TEXT_CHARACTERS = 4_000
"""Characters of a text that are read at most: enough for an excerpt and for comparing two copies."""

VOCALIZATION: dict[str, tuple[float, float]] = {
    "no tashkeel": (-1.0, 0.0),
    "some (up to 0.1 marks per letter)": (0.0, 0.1),
    "partly vocalized (up to 0.5)": (0.1, 0.5),
    "fully vocalized (more than 0.5)": (0.5, float("inf")),
}
"""Ranges (above, up to) of tashkeel marks per Arabic letter."""

_CONTENT_LABELS = ["source", "language", "domain", "kind", "dialect", "vocalization"]


def sum_contents(shards: Iterable[Path]) -> pl.DataFrame:
    """Documents, characters and words by source, language, domain, kind, dialect and vocalization."""
    labels = pl.coalesce(
        pl.when((pl.col("vocalized") > above) & (pl.col("vocalized") <= below)).then(pl.lit(name))
        for name, (above, below) in VOCALIZATION.items()
    )
    sums = [
        pl.scan_parquet(path)
        .with_columns(
            pl.col("domain", "dialect", "language").fill_null(""), vocalization=labels.fill_null("")
        )
        .group_by(_CONTENT_LABELS)
        .agg(documents=pl.len().cast(pl.Int64), characters=pl.sum("characters"), words=pl.sum("words"))
        .collect(engine="streaming")
        for path in shards
    ]
    totals = pl.concat([*sums, _NO_CONTENTS]).group_by(_CONTENT_LABELS).sum()
    return totals.sort(_CONTENT_LABELS)


_NO_CONTENTS = pl.DataFrame(
    schema=dict.fromkeys(_CONTENT_LABELS, pl.String)
    | dict.fromkeys(("documents", "characters", "words"), pl.Int64)
)


def choose_examples(
    files: Sequence[Path],
    sources: Collection[str],
    by: Sequence[str],
    most: int,
    groups: Sequence[tuple[str, ...]] | None = None,
) -> list[Document]:
    """At most `most` documents for each value of the columns `by`, spread over the given sources.

    With `groups`, only these values are looked for. The choice goes by the id read backwards: it is the same every
    time, and yet not the beginning of every file.
    """
    labels = [*by, "source"]
    order = pl.col("id").str.reverse()
    wanted = (
        pl.DataFrame(groups, schema=dict.fromkeys(by, pl.String), orient="row").lazy() if groups else None
    )
    found = [_NO_CANDIDATES.select(*labels, "id")]
    for path in files:
        rows = pl.scan_parquet(path).filter(pl.col("source").is_in(list(sources))).select(*labels, "id")
        if wanted is not None:
            rows = rows.join(wanted, on=by, how="semi")
        best = rows.group_by(labels).agg(pl.col("id").bottom_k_by(order, most))
        found.append(best.explode("id", empty_as_null=False, keep_nulls=False).collect())
    chosen = (
        pl.concat(found)
        .sort(*labels, order)
        .with_columns(rank=pl.int_range(pl.len()).over(labels))
        .sort(*by, "rank", "source")
        .group_by(by, maintain_order=True)
        .head(most)
    )
    texts = {_key(document, by): document for document in reversed(look_up(chosen["id"].to_list(), files))}
    return [texts[key] for key in chosen.select(*by, "id").rows() if key in texts]


def _key(document: Document, by: Sequence[str]) -> tuple[str, ...]:
    return tuple(document[name] for name in (*by, "id"))


_NO_CANDIDATES = pl.DataFrame(
    schema=dict.fromkeys(("id", "source", "language", "domain", "kind", "stage", "reason"), pl.String)
)


def look_up(ids: Collection[str], files: Iterable[Path]) -> list[Document]:
    """The documents and sides of pairs that have these ids, in the order of the files, their texts cut short."""
    wanted = pl.lit(pl.Series(sorted(set(ids)), dtype=pl.String).implode())
    found: list[Document] = []
    for path in files if ids else ():
        rows = (
            pl.scan_parquet(path, parallel="prefiltered")
            .filter(pl.col("id").is_in(wanted) | pl.col("pair").is_in(wanted))
            .with_columns(pl.col("text").str.slice(0, TEXT_CHARACTERS))
            .collect()
        )
        found += rows.to_dicts()
    return found


def contamination_findings(files: Iterable[Path], most: int) -> list[tuple[str, int]]:
    """Benchmark items found most often, each with the number of documents that were dropped for it.

    Only what names the item is taken from the detail (up to the count of n-grams), for the rest quotes the document.
    """
    item = pl.col("detail").str.extract(r"^(.*?):? \d+ of \d+ n-grams")
    found = [
        pl.scan_parquet(path)
        .filter(pl.col("stage") == "decontamination", item.is_not_null())
        .group_by(item.alias("item"))
        .agg(documents=pl.len().cast(pl.Int64))
        .collect()
        for path in files
    ]
    empty = pl.DataFrame(schema={"item": pl.String, "documents": pl.Int64})
    totals = pl.concat([empty, *found]).group_by("item").sum()
    return totals.sort(["documents", "item"], descending=[True, False]).head(most).rows()
