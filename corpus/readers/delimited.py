"""CSV and TSV with a header, quoted as Python's csv module and spreadsheets do."""

import csv
from collections.abc import Iterator

import numba
import numpy as np
import numpy.typing as npt
import polars as pl

from corpus.errors import CorpusError
from corpus.readers import blocks
from corpus.readers.blocks import Block, Fault, Parsed, row_fault
from corpus.readers.decoding import decode
from corpus.readers.fields import check_columns, text_columns, to_documents, to_fields, wanted_columns
from corpus.readers.inputs import InputFile
from corpus.readers.splitting import Span, Splitter, split_records
from corpus.readers.streams import ByteStream
from corpus.sources import Source

HEADER_BYTES = 1 << 20

_QUOTE, _LINE_END = 34, 10
_FIELD_START, _IN_FIELD, _IN_QUOTES, _QUOTE_IN_QUOTES = 0, 1, 2, 3


def cut(file: InputFile, source: Source, block_bytes: int) -> Iterator[Block]:
    """Cut at line ends outside quotes; each block starts with the header.

    Raises:
        CorpusError: The header is not UTF-8, or lacks a column that the source names.
    """
    delimiter = _delimiter(file.format)
    with ByteStream(file.path, source.encoding) as stream:
        head = stream.read(HEADER_BYTES)
        header, begin = _header(head, delimiter)
    if not header and len(head) == HEADER_BYTES:
        raise CorpusError(f"{file.path}: the first megabyte is blank: start the file with names of columns")
    if header:
        _check_header(header, delimiter, file.path, source)
    splitter = Splitter(lambda data, final: _scan(data, final, delimiter), quoted=True)
    with ByteStream(file.path, source.encoding) as stream:
        stream.read(begin)
        for block in split_records(stream, splitter, file.path, file.format, block_bytes):
            payload = _with_line_end(header) + block.payload if block.payload else b""
            yield Block(**(vars(block) | {"payload": payload}))


def parse(block: Block, source: Source) -> Parsed:
    """Parse records with Python's csv module, which is compiled; a record of the wrong width is a fault."""
    csv.field_size_limit(blocks.MAX_RECORD_BYTES)
    delimiter = _delimiter(block.format)
    data = _with_line_end(block.payload)
    ends = record_ends(np.frombuffer(data, np.uint8), ord(delimiter)).tolist()
    slices = [data[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    records = decode(slices).to_list()
    header = next(csv.reader([records[0]], delimiter=delimiter))
    rows: list[tuple[int, list[str]]] = []
    faults: list[Fault] = []
    for row, record in enumerate(records[1:], block.first_row):  # faults have to be told apart by record
        values, problem = _values(record, delimiter, len(header))
        if problem:
            faults.append(row_fault(block.path, row, *problem, slices[row - block.first_row + 1]))
        elif values:
            rows.append((row, values))
    wanted = [column for column in wanted_columns(source) if column in header]
    table = {column: [values[header.index(column)] for _, values in rows] for column in wanted}
    frame = pl.DataFrame(
        {"row": [row for row, _ in rows], **table},
        schema={"row": pl.Int64(), **dict.fromkeys(wanted, pl.String())},
    )
    return Parsed(to_documents(to_fields(frame, source), source), faults)


@numba.njit(cache=True, nogil=True)
def record_ends(data: npt.NDArray[np.uint8], delimiter: int) -> npt.NDArray[np.int64]:
    """Offsets behind the line end of each record: the states of CPython's `Modules/_csv.c`, not strict.

    A quote opens only at the start of a field, so that one inside (5" pipe) is a letter like others.
    """
    ends = np.empty(max(16, len(data) // 64), np.int64)
    count, state = 0, _FIELD_START
    for i in range(len(data)):
        byte = data[i]
        if state == _IN_QUOTES:
            if byte == _QUOTE:
                state = _QUOTE_IN_QUOTES
        elif byte == _LINE_END:
            if count == len(ends):
                grown = np.empty(2 * count, np.int64)
                grown[:count] = ends
                ends = grown
            ends[count] = i + 1
            count += 1
            state = _FIELD_START
        elif byte == delimiter:
            state = _FIELD_START
        elif byte == _QUOTE and state != _IN_FIELD:
            state = _IN_QUOTES
        else:
            state = _IN_FIELD
    return ends[:count]


def _header(head: bytes, delimiter: str) -> tuple[bytes, int]:
    """The first record that is not blank, and where the next begins; nothing where all are blank."""
    ends = record_ends(np.frombuffer(head, np.uint8), ord(delimiter)).tolist()
    begin = 0
    for end in [*ends, len(head)]:
        if head[begin:end].strip():
            return head[begin:end], end
        begin = end
    return b"", begin


def _scan(data: bytes, final: bool, delimiter: str) -> Span:
    given = len(data)
    data = _with_line_end(data) if final else data
    ends = record_ends(np.frombuffer(data, np.uint8), ord(delimiter))
    if not len(ends):
        return Span(0, 0, 0)
    return Span(min(given, int(ends[0])), min(given, int(ends[-1])), len(ends))


def _values(record: str | None, delimiter: str, width: int) -> tuple[list[str], tuple[str, str] | None]:
    if record is None:
        return [], ("invalid_utf8", "the record is not UTF-8")
    try:
        values = next(csv.reader([record], delimiter=delimiter))
    except csv.Error as error:
        return [], ("bad_record", str(error))
    if values and len(values) != width:
        return [], ("bad_record", f"{len(values)} fields under a header of {width}")
    return values, None


def _check_header(header: bytes, delimiter: str, path: str, source: Source) -> None:
    try:
        names = next(csv.reader([header.decode()], delimiter=delimiter))
    except (UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(
            f"{path}: the header cannot be read ({error}): check the file, or set encoding"
        ) from error
    check_columns(source, path, set(names))
    twice = [name for name in text_columns(source) if names.count(name) > 1]
    if twice:
        raise CorpusError(f"{path}: the header names {twice[0]!r} twice: rename one of the columns")


def _with_line_end(data: bytes) -> bytes:
    return data if not data or data.endswith(b"\n") else data + b"\n"


def _delimiter(format_name: str) -> str:
    return "\t" if format_name == "tsv" else ","
