"""What readers hand on: blocks of raw records, documents, and what could not be read."""

from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

MAX_RECORD_BYTES = 64 << 20
"""A record longer than this is skipped, so that one endless line cannot fill the memory."""

EXCERPT_CHARACTERS = 200


class Fault(NamedTuple):
    """One thing that could not be read: a line of the quarantine.

    `position` is "row N" where a record is at fault, "byte N" (of the decompressed file) where the file is.
    """

    path: str
    position: str
    rule: str
    detail: str
    excerpt: str

    @property
    def row(self) -> int | None:
        """Number of the record at fault, None where the file is."""
        unit, _, number = self.position.partition(" ")
        return int(number) if unit == "row" else None


@dataclass(frozen=True, kw_only=True)
class Block:
    """Some whole records of one file, not yet parsed; it can be pickled and parsed in any process.

    Attributes:
        path: File that the records come from.
        format: How the payload is written, as in `Source.format` but never "auto".
        first_row: Number of the first record in its file, from 1.
        num_rows: Count of records, faulty ones too.
        payload: Raw records: bytes of the file, or an Arrow IPC stream for formats that are not lines.
        faults: What was found at fault while cutting.
        position: Bytes of the file on disk that were read so far, for a progress bar.
    """

    path: str
    format: str
    first_row: int
    num_rows: int
    payload: bytes = b""
    faults: tuple[Fault, ...] = ()
    position: int = 0


class Parsed(NamedTuple):
    """Documents of one block (READ_COLUMNS) and all its faults, those of cutting too, both in file order."""

    documents: pl.DataFrame
    faults: list[Fault]


def row_fault(path: str, row: int, rule: str, detail: str, content: bytes | str = b"") -> Fault:
    """A fault of one record."""
    return Fault(path, f"row {row}", rule, detail, excerpt(content))


def file_fault(path: str, offset: int, rule: str, detail: str, content: bytes | str = b"") -> Fault:
    """A fault of a file, at a byte of its decompressed content."""
    return Fault(path, f"byte {offset}", rule, detail, excerpt(content))


def excerpt(content: bytes | str) -> str:
    r"""The beginning of a record as one printable line of at most 200 characters.

    >>> excerpt(b"ab\x00\xff\nc")
    'ab\ufffd\ufffd c'
    """
    text = content[: 4 * EXCERPT_CHARACTERS]
    if isinstance(text, bytes):
        text = text.decode(errors="replace")
    shown = (
        character if character.isprintable() else " " if character.isspace() else "\N{REPLACEMENT CHARACTER}"
        for character in text[:EXCERPT_CHARACTERS]
    )
    return "".join(shown)
