"""OPUS: sentence alignments in XCES, which point into one XML document for each language, in directories or zips."""

import zipfile
import zlib
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from pathlib import PurePosixPath
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import fsspec
import polars as pl
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring, iterparse

from corpus.errors import cause_of
from corpus.readers.blocks import Block, Fault, file_fault, row_fault
from corpus.readers.fields import no_fields
from corpus.readers.frames import frame_block
from corpus.readers.inputs import InputFile
from corpus.readers.splitting import break_fault
from corpus.readers.streams import PLAIN_PIECE_BYTES, ByteStream
from corpus.sources import Source

MAX_DOCUMENT_BYTES = 256 << 20
"""A document that unpacks to more is refused: the largest of OPUS have some ten million."""

_BROKEN_ARCHIVE = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError)
"""What zipfile raises for archives that are damaged, encrypted, or packed in a way that it does not know."""


class _DocumentError(Exception):
    """A document of an alignment is missing or cannot be read: `rule`, `detail`."""


def cut(file: InputFile, source: Source, block_bytes: int) -> Iterator[Block]:
    """Follow the links one after the other; those that leave a side empty are no pairs and are passed over.

    The languages are told by where the documents lie (en/books/a.xml), as OPUS names them; text_columns names these.
    """
    rows: list[list[Any]] = []
    faults: list[Fault] = []
    first_row, row, size = 1, 1, 0
    with ByteStream(file.path, encoding=None) as stream:
        try:
            for documents, link in _links(stream):
                try:
                    texts = _texts(file.path, documents, link, list(source.text_columns.values()))
                    if all(texts):
                        name = f"{PurePosixPath(documents[0]).with_suffix('')}:{row}"
                        rows.append([row, *texts, name, None, None, None])
                        size += sum(map(len, texts))
                except _DocumentError as error:
                    faults.append(row_fault(file.path, row, *error.args))
                row += 1
                if size >= block_bytes:
                    yield _block(file, source, first_row, row, rows, faults, stream.position)
                    first_row, size, faults, rows = row, 0, [], []
        except (ParseError, DefusedXmlException) as error:
            told = f"{cause_of(error)}; links before it are kept"
            faults.append(
                break_fault(stream, file.path)
                if stream.broken is not None
                else file_fault(file.path, stream.offset, "broken_file", told)
            )
        if row > first_row or faults:
            yield _block(file, source, first_row, row, rows, faults, stream.position)


def _links(stream: ByteStream) -> Iterator[tuple[tuple[str, str], str]]:
    """Documents and xtargets of each link."""
    documents = ("", "")
    for event, element in iterparse(stream, events=("start", "end")):
        if event == "start" and element.tag == "linkGrp":
            documents = (element.get("fromDoc") or "", element.get("toDoc") or "")
        elif event == "end" and element.tag == "link":
            yield documents, element.get("xtargets") or ";"
        elif event == "end" and element.tag == "linkGrp":
            element.clear()


def _texts(path: str, documents: tuple[str, str], link: str, codes: list[str]) -> list[str]:
    """The text of each language, in the order of the codes.

    Raises:
        _DocumentError: A document is missing, has another language, or lacks the sentence.
    """
    found = {}
    for document, ids in zip(documents, link.split(";"), strict=False):
        sentences = _sentences(path, document)
        missing = [each for each in ids.split() if each not in sentences]
        if missing:
            raise _DocumentError("missing_sentence", f"{document} has no sentence {missing[0]}")
        found[document.split("/")[0]] = " ".join(sentences[each] for each in ids.split())
    for code in codes:
        if code not in found:
            raise _DocumentError("missing_column", f"no document in {code}, but {' and '.join(documents)}")
    return [found[code] for code in codes]


@lru_cache(maxsize=4)
def _sentences(alignment: str, document: str) -> dict[str, str]:
    """Texts by id of the sentences of one document."""
    try:
        root = fromstring(_content(alignment, document))
    except (ParseError, DefusedXmlException) as error:
        raise _DocumentError("broken_file", f"{document}: {error}") from error
    return {each.get("id") or "": _text(each) for each in root.iter("s")}


def _text(sentence: Element) -> str:
    """Running text; tokens (w) are set apart by spaces."""
    tokens = [token.text or "" for token in sentence.iter("w")]
    return " ".join(tokens) if tokens else " ".join("".join(sentence.itertext()).split())


def _content(alignment: str, document: str) -> bytes:
    """A document beside the alignment, below xml/, or in the zip of its language.

    Raises:
        _DocumentError: It is nowhere there, named outside these places, cannot be unpacked, or unpacks without end.
    """
    if ".." in document.split("/"):
        raise _DocumentError("outside_document", f"{document!r} does not lie below the alignment's directory")
    file_system, location = fsspec.core.url_to_fs(alignment)
    base = location.rpartition("/")[0]
    plain = document.removesuffix(".gz")
    for place in ("", "xml/", "raw/", "../"):
        for name in (document, plain, f"{plain}.gz"):
            if file_system.isfile(f"{base}/{place}{name}"):
                with ByteStream(
                    file_system.unstrip_protocol(f"{base}/{place}{name}"), encoding=None
                ) as stream:
                    content = b"".join(
                        islice(iter(stream.read, b""), MAX_DOCUMENT_BYTES // PLAIN_PIECE_BYTES)
                    )
                    return _bounded(content, document, whole=not stream.read(1))
    packed = f"{base}/{document.split('/')[0]}.zip"
    if file_system.isfile(packed):
        try:
            with file_system.open(packed, "rb") as opened, zipfile.ZipFile(opened) as archive:
                for name in archive.namelist():
                    if name == plain or name.endswith(f"/{plain}"):
                        with archive.open(name) as member:
                            content = member.read(MAX_DOCUMENT_BYTES)
                            return _bounded(content, document, whole=not member.read(1))
        except _BROKEN_ARCHIVE as error:
            raise _DocumentError("broken_file", f"{packed}: {cause_of(error)}") from error
    raise _DocumentError("missing_document", f"{document} is neither beside the alignment nor in {packed}")


def _bounded(content: bytes, document: str, *, whole: bool) -> bytes:
    if not whole:
        raise _DocumentError("too_long", f"{document} unpacks to more than {MAX_DOCUMENT_BYTES >> 20} MiB")
    return content


def _block(
    file: InputFile,
    source: Source,
    first_row: int,
    row: int,
    rows: list[list[Any]],
    faults: list[Fault],
    position: int,
) -> Block:
    frame = pl.DataFrame(rows, schema=no_fields(source).schema, orient="row")
    return frame_block(file.path, file.format, first_row, row - first_row, frame, tuple(faults), position)
