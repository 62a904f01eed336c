"""Plain text by file, paragraph or line, and the <doc> files of wikiextractor."""

import html
import re
from collections.abc import Iterator

import polars as pl

from corpus.readers import blocks
from corpus.readers.blocks import Block, Fault, Parsed, row_fault
from corpus.readers.decoding import decode
from corpus.readers.fields import no_fields, to_documents
from corpus.readers.inputs import InputFile
from corpus.readers.splitting import DOC_END, DOCS, LINES, PARAGRAPH, PARAGRAPHS, break_fault, split_records
from corpus.readers.streams import ByteStream
from corpus.sources import Source

_DOC = re.compile(r"\s*<doc ([^\n]*)>\r?\n(.*)</doc>", re.DOTALL)
_ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')


def cut(file: InputFile, source: Source, block_bytes: int) -> Iterator[Block]:
    """Cut at the borders of documents; a whole file as one document is never cut."""
    with ByteStream(file.path, source.encoding) as stream:
        if file.format == "wikiextractor":
            yield from split_records(stream, DOCS, file.path, file.format, block_bytes)
        elif source.text_unit == "file":
            yield from _whole_file(stream, file)
        else:
            splitter = LINES if source.text_unit == "line" else PARAGRAPHS
            yield from split_records(stream, splitter, file.path, file.format, block_bytes)


def parse(block: Block, source: Source) -> Parsed:
    """One document for each file, paragraph or line; blank lines are none."""
    if source.text_unit == "file":
        records = [block.payload]
    elif source.text_unit == "paragraph":
        records = [match.group() for match in PARAGRAPH.finditer(block.payload)]
    else:
        records = block.payload.removesuffix(b"\n").split(b"\n")
    texts, faults = _decode(records, block)
    if source.text_unit == "line":
        texts = texts.filter(pl.col("side 0").str.strip_chars() != "")
    if source.text_unit != "file":
        texts = texts.with_columns(pl.col("side 0").str.strip_chars_end("\r"))
    return Parsed(to_documents(texts, source), faults)


def parse_docs(block: Block, source: Source) -> Parsed:
    """Documents of wikiextractor with the id and the address of their page, entities in these resolved."""
    records = [record + DOC_END for record in block.payload.split(DOC_END)]
    records[-1] = records[-1].removesuffix(DOC_END)
    if not records[-1].strip():
        records.pop()
    decoded, faults = _decode(records, block)
    rows: list[tuple[int, str, str | None, str | None, None, None]] = []
    for row, record in decoded.iter_rows():  # attributes come in any order: no expression takes them apart
        match = _DOC.fullmatch(record)
        if match is None:
            problem = "no <doc ...> before </doc>" if record.endswith("</doc>") else "<doc ...> is not closed"
            faults.append(row_fault(block.path, row, "bad_record", problem, record.lstrip()))
            continue
        attributes = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(match[1])}
        rows.append((row, match[2].strip("\r\n"), attributes.get("id"), attributes.get("url"), None, None))
    fields = pl.DataFrame(rows, schema=no_fields(source).schema, orient="row")
    return Parsed(to_documents(fields, source), faults)


def _whole_file(stream: ByteStream, file: InputFile) -> Iterator[Block]:
    limit = blocks.MAX_RECORD_BYTES
    text = stream.read(limit + 1)
    if len(text) > limit:
        detail = f"the file is one document of more than {limit} bytes: set text_unit to paragraph or line"
        fault = row_fault(file.path, 1, "too_long", detail, text)
        yield Block(path=file.path, format=file.format, first_row=1, num_rows=1, faults=(fault,))
    elif stream.broken is not None:
        fault = break_fault(stream, file.path, text)
        yield Block(path=file.path, format=file.format, first_row=1, num_rows=0, faults=(fault,))
    elif text:
        yield Block(path=file.path, format=file.format, first_row=1, num_rows=1, payload=text)


def _decode(records: list[bytes], block: Block) -> tuple[pl.DataFrame, list[Fault]]:
    """Rows and texts of the records that are UTF-8, and faults of the others."""
    texts = decode(records)
    rows = pl.int_range(block.first_row, block.first_row + len(records), dtype=pl.Int64, eager=True)
    faults = [
        row_fault(
            block.path, block.first_row + index, "invalid_utf8", "the text is not UTF-8", records[index]
        )
        for index in texts.is_null().arg_true().to_list()
    ]
    return pl.DataFrame({"row": rows, "side 0": texts}).drop_nulls("side 0"), faults
