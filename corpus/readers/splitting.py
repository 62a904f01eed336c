"""Streams of bytes cut at the borders of records, in bounded memory and without parsing."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from corpus.readers import blocks
from corpus.readers.blocks import Block, Fault, file_fault, row_fault
from corpus.readers.streams import ByteStream

# Lines that are not blank. It starts at a letter, so that a sea of white space is crossed in linear time.
PARAGRAPH = re.compile(rb"\S[^\n]*+(?:\n[^\S\n]*+\S[^\n]*+)*+")
DOC_END = b"</doc>"


class Span(NamedTuple):
    """Whole records at the start of some bytes: where the first and the last end, and how many there are."""

    first_end: int
    last_end: int
    num: int


class Splitter(NamedTuple):
    """How records of a format are told apart.

    Attributes:
        scan: From bytes that start at a record, and whether they are the file's last, to the whole records.
        skip_to: What ends a record that is too long to be looked at.
        quoted: Whether a record can hold line ends in quotes, so that a stray quote can swallow others.
    """

    scan: Callable[[bytes, bool], Span]
    skip_to: bytes = b"\n"
    quoted: bool = False


def scan_lines(data: bytes, final: bool) -> Span:
    r"""Lines; each blank one counts, so that rows are line numbers.

    >>> scan_lines(b"a\nbc\nd", False)
    Span(first_end=2, last_end=5, num=2)
    """
    count, last_end = data.count(b"\n"), data.rfind(b"\n") + 1
    if final and last_end < len(data):
        count, last_end = count + 1, len(data)
    first_end = data.find(b"\n") + 1 or last_end
    return Span(first_end, last_end, count)


def scan_paragraphs(data: bytes, final: bool) -> Span:
    """Runs of lines that are not blank; the last run may go on, so it is whole only at the file's end."""
    starts = [match.start() for match in PARAGRAPH.finditer(data)]
    if final or not starts:
        return Span(len(data) if len(starts) < 2 else starts[1], len(data), len(starts))
    if len(starts) == 1:
        return Span(0, 0, 0)
    return Span(starts[1], starts[-1], len(starts) - 1)


def scan_docs(data: bytes, final: bool) -> Span:
    """Records that end in </doc>, as wikiextractor writes them."""
    count, last_end = data.count(DOC_END), data.rfind(DOC_END) + len(DOC_END)
    if not count:
        last_end = 0
    if final:
        count, last_end = count + bool(data[last_end:].strip()), len(data)
    first = data.find(DOC_END)
    return Span(first + len(DOC_END) if first >= 0 else last_end, last_end, count)


LINES = Splitter(scan_lines)
PARAGRAPHS = Splitter(scan_paragraphs, skip_to=b"\n\n")
DOCS = Splitter(scan_docs, skip_to=DOC_END)


def split_records(
    stream: ByteStream, splitter: Splitter, path: str, format_name: str, block_bytes: int
) -> Iterator[Block]:
    """Cut a stream into blocks of about `block_bytes` at the borders of records.

    A record longer than MAX_RECORD_BYTES is skipped to its end; if its quote never closes, only the first
    line is lost. Each is a fault in a block of its own.
    """
    limit = blocks.MAX_RECORD_BYTES

    def block(row: int, num_rows: int, payload: bytes = b"", faults: tuple[Fault, ...] = ()) -> Block:
        return Block(
            path=path,
            format=format_name,
            first_row=row,
            num_rows=num_rows,
            payload=payload,
            faults=faults,
            position=stream.position,
        )

    row, data, read_on = 1, b"", True
    while True:
        if read_on:
            # reading as much as is pending keeps the work linear in the length of a record
            data += stream.read(min(max(block_bytes, len(data)), limit))
        read_on = True
        final = stream.ended and stream.broken is None
        span = splitter.scan(data, final)
        too_long = span.first_end > limit or (not span.num and len(data) > limit)
        never_closed = final and not span.num and span.last_end < len(data)
        if too_long or never_closed:
            fault, data = _skip(stream, data, splitter, path, row)
            yield block(row, 1, faults=(fault,))
            row, read_on = row + 1, False
            continue
        if span.num:
            yield block(row, span.num, payload=data[: span.last_end])
        row, data = row + span.num, data[span.last_end :]
        if stream.ended and not (final and data):
            break
    if stream.broken is not None:
        yield block(row, 0, faults=(break_fault(stream, path, data),))


def break_fault(stream: ByteStream, path: str, rest: bytes = b"") -> Fault:
    """The fault of a stream that broke off; `rest` is the beginning of the record that was lost."""
    rule, detail = stream.broken or ("broken_file", "the file breaks off")
    return file_fault(path, stream.offset, rule, f"{detail}; records before the break are kept", rest)


def _skip(stream: ByteStream, data: bytes, splitter: Splitter, path: str, row: int) -> tuple[Fault, bytes]:
    """Leave out the record that `data` starts with; returns its fault and the bytes behind it."""
    limit = blocks.MAX_RECORD_BYTES
    if splitter.quoted and (len(data) <= limit or b"\n" in data[:limit]):
        line, _, rest = data.partition(b"\n")
        return row_fault(path, row, "bad_record", "a quote is opened and never closed", line), rest
    start, offset = data[: min(limit, 4 * blocks.EXCERPT_CHARACTERS)], stream.offset - len(data)
    overlap = len(splitter.skip_to) - 1
    found, length = data.find(splitter.skip_to, max(0, limit - overlap)), 0
    while found < 0 and not stream.ended:
        tail = data[len(data) - overlap :]
        length += len(data) - len(tail)
        data = tail + stream.read(min(1 << 20, limit))
        found = data.find(splitter.skip_to)
    end = found + len(splitter.skip_to) if found >= 0 else len(data)
    detail = f"{length + end} bytes from byte {offset}, more than {limit}"
    return row_fault(path, row, "too_long", detail, start), data[end:]
