"""JSON Lines: one object on each line."""

import json
import re
from collections.abc import Iterator
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.json

from corpus.readers import blocks
from corpus.readers.blocks import Block, Fault, Parsed, row_fault
from corpus.readers.decoding import is_utf8
from corpus.readers.fields import (
    METADATA,
    as_text,
    check_columns,
    metadata_columns,
    no_fields,
    text_columns,
    to_documents,
    to_fields,
    wanted_columns,
)
from corpus.readers.inputs import InputFile
from corpus.readers.splitting import LINES, split_records
from corpus.readers.streams import ByteStream
from corpus.sources import Source

HEAD_BYTES = 1 << 20
"""So much of a file must show the columns that the user named."""

# Arrow takes Inf for a number, JSON and Python do not.
_BARE_INF = re.compile(rb"Inf[\s,}\]]")


def cut(file: InputFile, source: Source, block_bytes: int) -> Iterator[Block]:
    """Cut at the ends of lines.

    Raises:
        CorpusError: None of the records in the first MiB has a column that the source names.
    """
    with ByteStream(file.path, source.encoding) as stream:
        _check_head(stream.read(HEAD_BYTES), stream.ended, file.path, source)
    with ByteStream(file.path, source.encoding) as stream:
        yield from split_records(stream, LINES, file.path, file.format, block_bytes)


def parse(block: Block, source: Source) -> Parsed:
    """Parse a whole block at once; where that fails, line by line, with the same result for sound lines."""
    columns = _parse_columns(block.payload, block.num_rows, source)
    if columns is not None:
        rows = pl.int_range(block.first_row, block.first_row + block.num_rows, dtype=pl.Int64, eager=True)
        return Parsed(to_documents(to_fields(columns.with_columns(row=rows), source), source), [])
    return _parse_lines(block, source)


def _check_head(head: bytes, whole: bool, path: str, source: Source) -> None:
    lines = head.split(b"\n")
    present: set[str] = set()
    for line in lines if whole else lines[:-1]:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            present.update(record)
    if present:
        check_columns(source, path, present)


def _parse_columns(payload: bytes, num_rows: int, source: Source) -> pl.DataFrame | None:
    """The wanted columns of a block in which every record is sound and of the usual types, else None.

    Arrow refuses broken JSON, lone surrogates, columns named twice and values of another type.
    """
    if payload.endswith(b"\r\n"):
        payload = payload.replace(b"\r\n", b"\n")
    lines = payload.removesuffix(b"\n")
    # Arrow lets objects span lines and lines hold several: "}\n{" at every line end says one on each.
    one_object_each = lines.startswith(b"{") and lines.endswith(b"}") and lines.count(b"}\n{") == num_rows - 1
    if not one_object_each or (b"Inf" in payload and _BARE_INF.search(payload)) or not is_utf8(payload):
        return None
    try:
        first = json.loads(payload[: payload.find(b"\n")] if b"\n" in payload else payload)
    except (ValueError, RecursionError):
        return None
    metadata = set(metadata_columns(source).values()) - set(text_columns(source))
    types = {
        column: pa.int64() if column in metadata and type(first.get(column)) is int else pa.large_string()
        for column in wanted_columns(source)
    }
    try:
        table = pyarrow.json.read_json(
            pa.BufferReader(payload),
            pyarrow.json.ReadOptions(use_threads=False, block_size=len(payload) + 1),
            pyarrow.json.ParseOptions(
                explicit_schema=pa.schema(types.items()), unexpected_field_behavior="ignore"
            ),
        )
    except pa.ArrowInvalid:
        return None
    if len(table) != num_rows or any(table[column].null_count for column in text_columns(source)):
        return None
    columns = pl.DataFrame(pl.from_arrow(table))
    long = (columns[column].str.len_bytes().max() for column in text_columns(source))
    return columns if max(int(str(length)) for length in long) <= blocks.MAX_RECORD_BYTES else None


def _parse_lines(block: Block, source: Source) -> Parsed:
    """The slow way, for a block that holds something odd: each line is judged on its own."""
    rows: list[list[Any]] = []
    faults: list[Fault] = []
    lines = block.payload.removesuffix(b"\n").split(b"\n")
    for row, line in enumerate(lines, block.first_row):
        if not line.strip():
            continue
        try:
            rows.append([row, *_record_fields(line, source)])
        except _RecordError as error:
            faults.append(row_fault(block.path, row, error.args[0], error.args[1], line))
    schema = no_fields(source).schema
    return Parsed(to_documents(pl.DataFrame(rows, schema=schema, orient="row"), source), faults)


class _RecordError(Exception):
    """One record cannot be used: `rule`, `detail`."""


def _record_fields(line: bytes, source: Source) -> list[str | None]:
    """Sides and metadata of one line, in the order of a field frame."""
    try:
        record = json.loads(line.decode(), parse_int=_integer)
    except UnicodeDecodeError as error:
        raise _RecordError("invalid_utf8", f"byte {error.start} of the line is not UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise _RecordError("invalid_json", str(error) or type(error).__name__) from error
    if not isinstance(record, dict):
        raise _RecordError("bad_record", f"the line holds a {type(record).__name__}, not an object")
    texts = [_text(record, column) for column in text_columns(source)]
    roles = metadata_columns(source)
    metadata = [as_text(record.get(roles[role])) if role in roles else None for role in METADATA]
    for value in (*texts, *metadata):
        if value is not None and not value.isascii() and re.search("[\ud800-\udfff]", value):
            raise _RecordError("lone_surrogate", "half of a surrogate pair stands alone")
    return [*texts, *metadata]


def _text(record: dict[str, Any], column: str) -> str:
    value = record.get(column)
    if value is None:
        raise _RecordError("missing_column", f"{column!r} is missing or null")
    if not isinstance(value, str):
        raise _RecordError("not_text", f"{column!r} holds a {type(value).__name__}")
    return value


def _integer(digits: str) -> int | float:
    """An integer of any length: Python refuses to convert more than 4,300 digits, Arrow passes over them."""
    return int(digits) if len(digits) < 4300 else float(digits)
