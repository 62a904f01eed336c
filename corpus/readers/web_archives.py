"""WARC and WET archives of crawls: one page is one document."""

from collections.abc import Iterator
from typing import Any, NamedTuple, cast

import polars as pl
from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType

from corpus.errors import cause_of
from corpus.readers import blocks
from corpus.readers.blocks import Block, Fault, Parsed, file_fault, row_fault
from corpus.readers.fields import no_fields, to_documents
from corpus.readers.frames import frame_block, read_frame
from corpus.readers.inputs import InputFile
from corpus.readers.splitting import break_fault
from corpus.readers.streams import ByteStream
from corpus.sources import Source

_PAGES = WarcRecordType.response | WarcRecordType.conversion | WarcRecordType.resource
_HTML = {"text/html", "application/xhtml+xml"}
_RECORD_COLUMNS = {
    "row": pl.Int64(),
    "record": pl.String(),
    "url": pl.String(),
    "mime": pl.String(),
    "content": pl.Binary(),
}


class _Page(NamedTuple):
    """What a server answered, unpacked; `status` is None where no server was asked."""

    mime: str
    charset: str | None
    status: int | None
    content: bytes


def cut(file: InputFile, _source: Source, block_bytes: int) -> Iterator[Block]:
    """Cut an archive into pages (responses, conversions, resources) whose content is not looked at."""
    with ByteStream(file.path, encoding=None) as stream:
        first_row = row = 1
        size, faults, records = 0, list[Fault](), list[tuple[Any, ...]]()
        for found in _records(stream, file.path):
            record = found if isinstance(found, Fault) else _record(found, row, file.path)
            if isinstance(record, Fault) and record.row and record.rule == "truncated_file" and stream.broken:
                continue  # told once, of the file
            if isinstance(record, Fault):
                faults.append(record)
                row += record.row is not None
                continue
            records.append(record)
            row += 1
            size += len(record[-1])
            if size >= block_bytes:
                yield _block(file, first_row, row, records, faults, stream.position)
                first_row, size, faults, records = row, 0, [], []
        if row > first_row or faults:
            yield _block(file, first_row, row, records, faults, stream.position)


def parse(block: Block, source: Source) -> Parsed:
    """Unpack and decode each page, and take the main text of HTML by resiliparse; no text is a fault."""
    rows: list[tuple[Any, ...]] = []
    faults: list[Fault] = []
    for row, record, url, mime, raw in read_frame(block).iter_rows():  # HTML knows no columns
        try:
            page = _unpack(raw) if mime == "application/http" else _Page(mime, None, None, raw)
        except (OSError, ValueError) as error:
            reason = cause_of(error)
            faults.append(row_fault(block.path, row, "bad_record", f"{url}: {reason}", raw))
            continue
        problem = _problem(page, url)
        if problem:
            faults.append(row_fault(block.path, row, *problem, page.content))
        else:
            rows.append((row, _text(page), record, url, None, None))
    fields = pl.DataFrame(rows, schema=no_fields(source).schema, orient="row")
    return Parsed(to_documents(fields, source), faults)


def _records(stream: ByteStream, path: str) -> Iterator[Any]:
    """Records, their content not yet read; then the fault of a file that breaks off or is no archive."""
    archive = ArchiveIterator(
        cast("Any", stream), record_types=_PAGES, parse_http=False, stream_detect=False, strict_mode=False
    )
    try:
        yield from archive
    except OSError as error:
        if stream.failed is None and stream.broken is None:
            detail = f"{cause_of(error)}; pages before it are kept"
            yield file_fault(path, stream.offset, "broken_file", detail)
    if stream.failed is not None:
        raise stream.failed
    if stream.broken is not None:
        yield break_fault(stream, path)


def _record(record: Any, row: int, path: str) -> tuple[Any, ...] | Fault:
    length, url = record.content_length, record.headers.get("WARC-Target-URI")
    if length > blocks.MAX_RECORD_BYTES:
        return row_fault(
            path, row, "too_long", f"{length} bytes, more than {blocks.MAX_RECORD_BYTES}", url or ""
        )
    content = record.reader.read(length)
    if len(content) < length or "Content-Length" not in record.headers:
        return row_fault(path, row, "truncated_file", f"{len(content)} of {length} bytes are there", content)
    identity = (record.record_id or "").strip("<>").removeprefix("urn:uuid:")
    mime = (record.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
    return row, identity, url, mime, content


def _block(
    file: InputFile,
    first_row: int,
    row: int,
    records: list[tuple[Any, ...]],
    faults: list[Fault],
    position: int,
) -> Block:
    frame = pl.DataFrame(records, schema=_RECORD_COLUMNS, orient="row")
    return frame_block(file.path, file.format, first_row, row - first_row, frame, tuple(faults), position)


def _unpack(raw: bytes) -> _Page:
    record = WarcRecord()
    record.init_headers(WarcRecordType.response)
    record.set_bytes_content(raw)
    record.is_http = True
    record.parse_http(auto_decode="all", strict_mode=False)
    content = record.reader.read(blocks.MAX_RECORD_BYTES + 1)
    mime = (record.http_content_type or "").partition(";")[0].strip().lower()
    return _Page(mime, record.http_charset, record.http_headers.status_code, content)


def _problem(page: _Page, url: str | None) -> tuple[str, str] | None:
    if page.status is not None and not 200 <= page.status < 300:
        return "http_error", f"status {page.status} of {url}"
    if page.mime not in _HTML and page.mime != "text/plain":
        return "not_text", f"{url} is {page.mime or 'of no stated type'}"
    if len(page.content) > blocks.MAX_RECORD_BYTES:
        return "too_long", f"{url} holds more than {blocks.MAX_RECORD_BYTES} bytes once unpacked"
    return None


def _text(page: _Page) -> str:
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.encoding import bytes_to_str

    is_html = page.mime in _HTML
    charset = page.charset if is_html or page.charset else "utf-8"  # WET files are UTF-8 and do not say so
    try:
        text = bytes_to_str(page.content, charset or _detected(page.content, is_html))
    except LookupError:
        text = bytes_to_str(page.content, _detected(page.content, is_html))
    return extract_plain_text(text, preserve_formatting=True, main_content=True) if is_html else text


def _detected(content: bytes, is_html: bool) -> str:
    from resiliparse.parse.encoding import detect_encoding

    return detect_encoding(content, from_html_meta=is_html) or "utf-8"
