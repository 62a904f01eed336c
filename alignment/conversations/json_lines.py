"""JSON Lines whose records may have another form from one to the next."""

import json
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from alignment.conversations.schemas import UnusableRecordError
from corpus.readers.blocks import MAX_RECORD_BYTES
from corpus.readers.streams import ByteStream

Row = TypeVar("Row")


def lines_of(stream: ByteStream) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, with their numbers; of one without end only so much that `record_of` refuses it."""
    number, rest = 0, b""
    while not stream.ended or rest:
        # The rest of a line that is too long already is passed over, so that it cannot fill the memory.
        *whole, rest = (rest[: MAX_RECORD_BYTES + 1] + stream.read()).split(b"\n")
        if stream.ended and rest:
            whole, rest = [*whole, rest], b""
        for line in whole:
            number += 1
            if line.strip():
                yield number, line


def record_of(line: bytes) -> dict[str, Any]:
    """The object that a line holds.

    Raises:
        UnusableRecordError: It is too long, no UTF-8, no JSON, or no object.
    """
    if len(line) > MAX_RECORD_BYTES:
        raise UnusableRecordError("too_long", f"the line has more than {MAX_RECORD_BYTES} bytes")
    try:
        record = json.loads(line.decode())
    except UnicodeDecodeError as error:
        raise UnusableRecordError("invalid_utf8", f"byte {error.start} of the line is not UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise UnusableRecordError("invalid_json", str(error) or type(error).__name__) from error
    if not isinstance(record, dict):
        raise UnusableRecordError("bad_record", f"the line holds a {type(record).__name__}, not an object")
    return record


def read_records(
    path: str, name: str, row_of: Callable[[dict[str, Any], int], Row]
) -> tuple[list[Row], list[tuple[str, int, str, str]]]:
    """A row of each record that can be used, and a reject (source, line, rule, detail) of each that cannot.

    Args:
        path: The file.
        name: Its name in rejects.
        row_of: Makes a row of a record and its line number; it raises UnusableRecordError.
    """
    rows: list[Row] = []
    rejects: list[tuple[str, int, str, str]] = []
    with ByteStream(path) as stream:
        for line, text in lines_of(stream):
            try:
                rows.append(row_of(record_of(text), line))
            except UnusableRecordError as error:
                rejects.append((name, line, error.rule, error.detail))
        if stream.broken:
            rejects.append((name, 0, *stream.broken))
    if not rows and not rejects:
        rejects.append((name, 0, "empty_file", "the file holds no records"))
    return rows, rejects
