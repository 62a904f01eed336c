"""The items of benchmark files, whatever their format.

Rows are read one by one in Python: benchmarks have some ten thousand of them, in every shape.
"""

import csv
import io
import json
import lzma
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import fsspec
import polars as pl
import zstandard

from corpus.decontamination.settings import Decontamination
from corpus.errors import CorpusError, cause_of

_LONGEST_CELL = 64 << 20
"""Bytes; Python's own limit is below what passages and books take."""

_UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    RecursionError,
    csv.Error,
    zlib.error,
    lzma.LZMAError,
    zstandard.ZstdError,
    pl.exceptions.PolarsError,
)


class Item(NamedTuple):
    """One item: `label` is its file and row, as in "test/anatomy_test.csv row 12"; `fields` are its texts."""

    label: str
    fields: list[str]


def read_items(settings: Decontamination) -> Iterator[Item]:
    """All items of all benchmarks, in the order given and by name within a glob. Rows count from 1.

    Raises:
        CorpusError: A path names no file, or a file cannot be read or lacks all of `text_columns`.
    """
    for pattern in settings.benchmarks:
        files = fsspec.open_files(pattern, mode="rb", compression="infer")
        found = [file for file in files if file.fs.exists(file.path)]
        if not found:
            raise CorpusError(f"benchmark {pattern}: no such file: check benchmarks of decontamination")
        for file in sorted(found, key=lambda file: str(file.path)):
            label = "/".join(str(file.path).replace("\\", "/").split("/")[-3:])
            try:
                with file as stream:
                    rows = list(_rows(file.path, stream.read(), settings))
            except _UNREADABLE as error:
                reason = cause_of(error)
                raise CorpusError(
                    f"benchmark {file.path}: cannot be read ({reason}): repair or leave it out"
                ) from error
            if settings.text_columns and not any(rows):
                raise CorpusError(
                    f"benchmark {file.path}: none of text_columns {settings.text_columns} is in any row"
                )
            for number, fields in enumerate(rows, 1):
                yield Item(f"{label} row {number}", fields)


def _rows(path: str, content: bytes, settings: Decontamination) -> Iterator[list[str]]:
    suffix = _suffix(path)
    wanted = set(settings.text_columns)
    if suffix in ("csv", "tsv"):
        yield from _table_rows(content.decode("utf-8-sig"), "\t" if suffix == "tsv" else ",", settings)
    elif suffix in ("jsonl", "ndjson"):
        for number, line in enumerate(content.decode("utf-8-sig").split("\n"), 1):
            if line.strip():
                try:
                    record = json.loads(line)
                except ValueError as error:
                    raise ValueError(f"line {number}: {error}") from error
                yield list(_texts(record, wanted))
    elif suffix == "json":
        records = json.loads(content)
        for record in records if isinstance(records, list) else [records]:
            yield list(_texts(record, wanted))
    elif suffix == "parquet":
        for record in pl.read_parquet(io.BytesIO(content)).iter_rows(named=True):
            yield list(_texts(record, wanted))
    else:
        raise ValueError(f"format {suffix!r} is none of csv, tsv, jsonl, json, parquet")


def _suffix(path: str) -> str:
    name = str(path).rsplit("/", 1)[-1].lower()
    for packed in (".gz", ".zst", ".bz2", ".xz"):
        name = name.removesuffix(packed)
    return name.rsplit(".", 1)[-1]


def _table_rows(text: str, delimiter: str, settings: Decontamination) -> Iterator[list[str]]:
    csv.field_size_limit(_LONGEST_CELL)
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
    has_header = settings.header == "yes" or (
        settings.header == "auto" and bool(rows) and _could_be_names(rows[0])
    )
    if settings.text_columns and not has_header:
        raise ValueError("text_columns need a header, and the first row names no columns")
    columns = rows[0] if has_header else []
    for row in rows[1:] if has_header else rows:
        if settings.text_columns:
            yield [cell for name, cell in zip(columns, row, strict=False) if name in settings.text_columns]
        else:
            yield row


def _could_be_names(row: list[str]) -> bool:
    """Whether all cells are different identifiers. A row of single words would be too short an item."""
    return len(set(row)) == len(row) and all(cell.strip().isidentifier() for cell in row)


def _texts(value: Any, wanted: set[str]) -> Iterator[str]:
    """All strings of a record, however deep; of its own keys only those wanted."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            if not wanted or name in wanted:
                yield from _texts(inner, set())
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, set())
