"""gettext PO catalogs: messages and their translations."""

import gettext
import re
from collections.abc import Iterator
from typing import Any

import polars as pl
import polib

from corpus.readers import blocks
from corpus.readers.blocks import Block, Fault, file_fault, row_fault
from corpus.readers.fields import no_fields
from corpus.readers.frames import frame_block
from corpus.readers.inputs import InputFile
from corpus.readers.splitting import break_fault
from corpus.readers.streams import ByteStream
from corpus.sources import Source

_CHARSET = re.compile(rb"charset=([\w.:-]+)")
_PLURAL = re.compile(r"plural\s*=\s*([^;]+)")
_ENTRY_BORDER = re.compile(r"\n[ \t\r]*\n")


def cut(file: InputFile, source: Source, _block_bytes: int) -> Iterator[Block]:
    """Parse a catalog, which is small, and pair each message with its translation.

    Each plural form that is filled makes a pair of its own: the form for one with `msgid`, the others with
    `msgid_plural`. Untranslated, fuzzy and obsolete messages are counted as faults.
    """
    limit = blocks.MAX_RECORD_BYTES
    with ByteStream(file.path, encoding=None) as stream:
        content = stream.read(limit + 1)
        if len(content) > limit:
            fault = file_fault(file.path, 0, "too_long", f"a catalog of more than {limit} bytes", content)
            yield Block(path=file.path, format=file.format, first_row=1, num_rows=0, faults=(fault,))
            return
        broken = break_fault(stream, file.path) if stream.broken is not None else None
    entries, one = _entries(_decoded(content, source.encoding))
    rows: list[list[Any]] = []
    faults: list[Fault] = []
    row = 1
    for entry in entries:
        if isinstance(entry, str):
            faults.append(row_fault(file.path, row, "bad_record", "not a PO entry", entry))
            row += 1
            continue
        for msgid, msgstr in _pairs(entry, one):
            problem = _problem(entry, msgid, msgstr)
            if problem:
                faults.append(row_fault(file.path, row, *problem, msgid.encode(errors="replace")))
            else:
                texts = {"msgid": msgid, "msgstr": msgstr}
                given = [texts[column] for column in source.text_columns.values()]
                rows.append([row, *given, entry.msgctxt, None, None, None])
            row += 1
    if broken is not None:
        faults.append(broken)
    if row > 1 or faults:
        frame = pl.DataFrame(rows, schema=no_fields(source).schema, orient="row")
        yield frame_block(file.path, file.format, 1, row - 1, frame, tuple(faults))


def _decoded(content: bytes, encoding: str) -> str:
    """Decode as the catalog's header says; bytes that are not of its encoding become lone surrogates."""
    stated = _CHARSET.search(content)
    name = stated[1].decode() if stated and stated[1] != b"CHARSET" else encoding
    try:
        return (
            content.removeprefix(b"\xef\xbb\xbf").decode(name, errors="surrogateescape").replace("\r\n", "\n")
        )
    except LookupError:
        return content.decode(encoding, errors="surrogateescape")


def _entries(text: str) -> tuple[list[polib.POEntry | str], int]:
    """Entries in their order, text where one cannot be parsed, and the index of the plural form for one."""
    try:
        catalog = polib.pofile(f"{text}\n")
    except (OSError, ValueError):
        catalog = None
    if catalog is not None:
        return list(catalog), _form_for_one(catalog.metadata.get("Plural-Forms", ""))
    header = _PLURAL.search(text)
    entries: list[polib.POEntry | str] = []
    for part in _ENTRY_BORDER.split(text):
        try:
            entries.extend(polib.pofile(f"{part}\n"))
        except (OSError, ValueError):
            entries.append(part)
    return entries, _form_for_one(header[0].partition("\\n")[0] if header else "")


def _form_for_one(plural_forms: str) -> int:
    """Index of the plural form that a count of one takes, 1 in Arabic and 0 in English."""
    expression = _PLURAL.search(plural_forms)
    if expression is None:
        return 0
    try:
        return int(gettext.c2py(expression[1].strip())(1))
    except ValueError:
        return 0


def _pairs(entry: polib.POEntry, one: int) -> list[tuple[str, str]]:
    if not entry.msgid_plural:
        return [(entry.msgid, entry.msgstr)]
    forms = sorted(entry.msgstr_plural.items())
    pairs = [(entry.msgid if index == one else entry.msgid_plural, form) for index, form in forms]
    return list(dict.fromkeys(pairs))


def _problem(entry: polib.POEntry, msgid: str, msgstr: str) -> tuple[str, str] | None:
    if entry.obsolete:
        return "obsolete", "the message is no longer in use"
    if entry.fuzzy:
        return "fuzzy", "the translation is marked as a guess"
    if not msgid.strip() or not msgstr.strip():
        return "untranslated", "the translation is empty"
    if re.search("[\ud800-\udfff]", msgid + msgstr + (entry.msgctxt or "")):
        return "invalid_utf8", "bytes that are not of the catalog's encoding"
    return None
