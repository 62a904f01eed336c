"""From the columns of a source to the columns that every reader yields."""

import json
from typing import Any

import polars as pl

from corpus.errors import CorpusError
from corpus.schema import READ_COLUMNS
from corpus.sources import Source

SIDE = "side "
"""Sides of a text are columns "side 0", "side 1", ... of a field frame; a plain document has one."""

METADATA = ("record", "url", "license", "domain")


def text_columns(source: Source) -> list[str]:
    """Columns that hold the sides of a text, in order."""
    return list(source.text_columns.values()) or [source.text_column]


def sides(source: Source) -> list[str]:
    """Names of the sides in a field frame."""
    return [f"{SIDE}{index}" for index in range(len(text_columns(source)))]


def metadata_columns(source: Source) -> dict[str, str]:
    """Column of each kind of metadata, where the source names one."""
    named = (source.id_column, source.url_column, source.license_column, source.domain_column)
    return {role: column for role, column in zip(METADATA, named, strict=True) if column}


def wanted_columns(source: Source) -> list[str]:
    """All columns that are read, each once: text first."""
    return list(dict.fromkeys([*text_columns(source), *metadata_columns(source).values()]))


def check_columns(source: Source, path: str, present: set[str]) -> None:
    """Refuse a file that has none of a column that was named by the user.

    Raises:
        CorpusError: With the columns that are there.
    """
    needed = [*text_columns(source), *([source.domain_column] if source.domain_column else [])]
    for column in needed:
        if column not in present:
            there = ", ".join(sorted(present)) or "none"
            raise CorpusError(
                f"{path}: source {source.name} has no column {column!r}; it has {there}: "
                "set text_column (or text_columns, domain_column) to one of these"
            )


def to_fields(columns: pl.DataFrame, source: Source) -> pl.DataFrame:
    """Name the columns of a table by what they are; metadata become text, null where there is none."""
    roles = metadata_columns(source)
    texts = [
        pl.col(column).alias(side) for side, column in zip(sides(source), text_columns(source), strict=True)
    ]
    metadata = [
        _column_as_text(columns[roles[role]]).alias(role)
        if roles.get(role) in columns.columns
        else pl.lit(None, pl.String).alias(role)
        for role in METADATA
    ]
    return columns.select("row", *texts, *metadata)


def as_text(value: Any) -> str | None:
    """A value of metadata as text: lists and objects as JSON, bytes decoded; null where they are no UTF-8."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return None
    return value if isinstance(value, str | None) else json.dumps(value, ensure_ascii=False, default=str)


def _column_as_text(column: pl.Series) -> pl.Series:
    if column.dtype.is_nested() or column.dtype == pl.Binary:
        return pl.Series(column.name, [as_text(value) for value in column.to_list()], pl.String)
    return column.cast(pl.String, strict=False)


def to_documents(fields: pl.DataFrame, source: Source) -> pl.DataFrame:
    """Documents (READ_COLUMNS), one for each side, of a frame of `row`, sides and what metadata there is."""
    present = fields.with_columns(
        pl.lit(None, pl.String).alias(role) for role in METADATA if role not in fields.columns
    )
    shared = present.select(
        "row",
        *sides(source),
        pl.when(pl.col("record") != "").then("record").alias("record"),
        _or_default("domain", source.domain),
        _or_default("url", source.url),
        _or_default("license", source.license),
        (pl.col("row") if source.text_columns else pl.lit(None)).cast(pl.Int64).alias("pair"),
    )
    languages = list(source.text_columns) or [source.language]
    each_side = [
        shared.with_columns(pl.col(side).alias("text"), pl.lit(language).alias("language"))
        for side, language in zip(sides(source), languages, strict=True)
    ]
    together = each_side[0] if len(each_side) == 1 else pl.concat(each_side).sort("row", maintain_order=True)
    return together.select(pl.col(name).cast(kind) for name, kind in READ_COLUMNS.items())


def no_fields(source: Source) -> pl.DataFrame:
    """A field frame without rows."""
    return pl.DataFrame(schema={"row": pl.Int64(), **dict.fromkeys([*sides(source), *METADATA], pl.String())})


def _or_default(role: str, default: str) -> pl.Expr:
    given = pl.col(role)
    return pl.when(given.is_null() | (given == "")).then(pl.lit(default)).otherwise(given).alias(role)
