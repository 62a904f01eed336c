"""The halves of reading: `cut` in the main process, `parse` in any worker; a module for each format."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from operator import attrgetter
from typing import Any

from corpus.errors import CorpusError
from corpus.readers.blocks import Block, Parsed, file_fault
from corpus.readers.fields import no_fields, to_documents
from corpus.readers.inputs import InputFile
from corpus.sources import Source

BLOCK_BYTES = 8 << 20

# Names, since these modules load pyarrow, numba, fastwarc, polib: only what a source needs is imported.
_CUT = {
    "jsonl": "jsonl.cut",
    "csv": "delimited.cut",
    "tsv": "delimited.cut",
    "text": "plain_text.cut",
    "wikiextractor": "plain_text.cut",
    "parquet": "tables.cut_parquet",
    "datasets": "tables.cut_dataset",
    "warc": "web_archives.cut",
    "tmx": "translation_memory.cut",
    "po": "catalogs.cut",
    "moses": "line_aligned.cut",
    "opus": "opus.cut",
}
_PARSE = {
    "jsonl": "jsonl.parse",
    "csv": "delimited.parse",
    "tsv": "delimited.parse",
    "text": "plain_text.parse",
    "wikiextractor": "plain_text.parse_docs",
    "parquet": "tables.parse",
    "datasets": "tables.parse",
    "warc": "web_archives.parse",
    "tmx": "frames.parse_fields",
    "po": "frames.parse_fields",
    "moses": "line_aligned.parse",
    "opus": "frames.parse_fields",
}


def cut(file: InputFile, source: Source, block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    """Cut a file into blocks of whole records, in order; memory holds a few blocks and one record at most.

    What is cut where depends on `block_bytes` (of decompressed content); the documents and faults do not.

    Raises:
        CorpusError: The file cannot be opened or read, or lacks a column that the source names.
    """
    empty = True
    try:
        for block in _function(_CUT, file.format)(file, source, block_bytes):
            empty = False
            yield block if block.position else replace(block, position=file.bytes)
    except OSError as error:
        raise CorpusError(
            f"{file.path}: reading failed ({error}): check the disk or the connection"
        ) from error
    if empty:
        fault = file_fault(file.path, 0, "empty_file", "the file holds no records")
        yield Block(path=file.path, format=file.format, first_row=1, num_rows=0, faults=(fault,))


def parse(block: Block, source: Source) -> Parsed:
    """Parse a block to documents (READ_COLUMNS) and faults, those of cutting too, in file order."""
    parsed = Parsed(to_documents(no_fields(source), source), [])
    if block.payload:
        parsed = _function(_PARSE, block.format)(block, source)
    faults = [*block.faults, *parsed.faults]
    last = block.first_row + block.num_rows
    return Parsed(
        parsed.documents, sorted(faults, key=lambda fault: last if fault.row is None else fault.row)
    )


def _function(table: dict[str, str], format_name: str) -> Callable[..., Any]:
    module, _, name = table[format_name].partition(".")
    return attrgetter(name)(import_module(f"corpus.readers.{module}"))  # type: ignore[no-any-return]
