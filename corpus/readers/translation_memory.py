"""TMX: translation units, each with a variant for every language."""

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import polars as pl
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from corpus.errors import cause_of
from corpus.readers import blocks
from corpus.readers.blocks import Block, Fault, file_fault, row_fault
from corpus.readers.fields import no_fields
from corpus.readers.frames import frame_block
from corpus.readers.inputs import InputFile
from corpus.readers.splitting import break_fault
from corpus.readers.streams import ByteStream
from corpus.sources import Source

_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_CODES = {"bpt", "ept", "it", "ph", "ut"}  # native formatting codes, TMX 1.4b, section 2.2


def cut(file: InputFile, source: Source, block_bytes: int) -> Iterator[Block]:
    """Read units one after the other; the pairs are parsed here, since XML cannot be cut without parsing."""
    with ByteStream(file.path, encoding=None) as stream:
        reader = _UnitReader(stream)
        first_row = row = 1
        size, faults, pairs = 0, list[Fault](), list[list[Any]]()
        try:
            for unit in reader.units():
                texts = _texts(unit, list(source.text_columns.values()))
                missing = [code for code, text in texts.items() if text is None]
                if missing:
                    faults.append(_missing(file.path, row, missing, texts))
                else:
                    pairs.append([row, *texts.values(), unit.get("tuid"), None, None, None])
                row += 1
                size += sum(len(text or "") for text in texts.values())
                if size >= block_bytes:
                    yield _block(file, source, first_row, row, pairs, faults, stream.position)
                    first_row, size, faults, pairs = row, 0, [], []
        except (ParseError, DefusedXmlException, _TooLongError) as error:
            if stream.offset or stream.broken is not None:
                faults.append(_break(stream, file.path, error))
        if row > first_row or faults:
            yield _block(file, source, first_row, row, pairs, faults, stream.position)


class _TooLongError(Exception):
    """A unit does not end within MAX_RECORD_BYTES."""


class _UnitReader:
    """Units of a stream; those that were read are forgotten."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._unit_offset = 0

    def read(self, size: int) -> bytes:
        """What the XML parser calls; it stops a unit that has no end."""
        if self._stream.offset - self._unit_offset > blocks.MAX_RECORD_BYTES:
            raise _TooLongError(
                f"a unit after byte {self._unit_offset} is longer than {blocks.MAX_RECORD_BYTES} bytes"
            )
        return self._stream.read(size)

    def units(self) -> Iterator[Element]:
        """Yield each <tu>."""
        parents: list[Element] = []
        for event, element in iterparse(self, events=("start", "end")):
            if event == "start":
                parents.append(element)
                continue
            parents.pop()
            if _name(element) == "tu":
                yield element
                self._unit_offset = self._stream.offset
                if parents:
                    parents[-1].clear()


def _texts(unit: Element, codes: list[str]) -> dict[str, str | None]:
    """Text of the first variant in each language: en takes en, en-US and EN_GB."""
    found: dict[str, str | None] = dict.fromkeys(codes)
    for variant in (child for child in unit if _name(child) == "tuv"):
        language = (variant.get(_XML_LANG) or variant.get("lang") or "").lower().replace("_", "-")
        segment = next((child for child in variant if _name(child) == "seg"), None)
        for code in codes:
            asked = code.lower().replace("_", "-")
            if found[code] is None and segment is not None and f"{language}-".startswith(f"{asked}-"):
                found[code] = _segment_text(segment)
    return found


def _segment_text(segment: Element) -> str:
    """Text of a segment without the formatting codes that stand in it."""
    inner = (
        ("" if _name(child) in _CODES else _segment_text(child)) + (child.tail or "") for child in segment
    )
    return (segment.text or "") + "".join(inner)


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _missing(path: str, row: int, missing: list[str], texts: dict[str, str | None]) -> Fault:
    there = next((text for text in texts.values() if text), "")
    return row_fault(path, row, "missing_column", f"no variant in {', '.join(missing)}", there)


def _break(stream: ByteStream, path: str, error: Exception) -> Fault:
    if stream.broken is not None:
        return break_fault(stream, path)
    rule = "too_long" if isinstance(error, _TooLongError) else "broken_file"
    return file_fault(path, stream.offset, rule, f"{cause_of(error)}; units before it are kept")


def _block(
    file: InputFile,
    source: Source,
    first_row: int,
    row: int,
    pairs: list[list[Any]],
    faults: list[Fault],
    position: int,
) -> Block:
    frame = pl.DataFrame(pairs, schema=no_fields(source).schema, orient="row")
    return frame_block(file.path, file.format, first_row, row - first_row, frame, tuple(faults), position)
