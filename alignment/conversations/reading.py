"""From files of instructions to conversations and rejects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import polars as pl

from alignment.conversations.json_lines import read_records
from alignment.conversations.languages import languages_of
from alignment.conversations.rules import judge
from alignment.conversations.schemas import Message, messages_of, schema_of
from alignment.conversations.settings import Columns, Schema
from alignment.errors import AlignmentError
from corpus.readers.inputs import InputFile, resolve
from corpus.readers.reading import cut, parse
from corpus.sources import Source

MESSAGES = pl.List(pl.Struct({"role": pl.String(), "content": pl.String()}))
COLUMNS = {"messages": MESSAGES, "language": pl.String(), "source": pl.String(), "line": pl.Int64()}
REJECTS = {"source": pl.String(), "line": pl.Int64(), "rule": pl.String(), "detail": pl.String()}
_READ = {"messages": MESSAGES, "claim": pl.String(), "source": pl.String(), "line": pl.Int64()}


@dataclass(frozen=True)
class Conversations:
    """What was read.

    Attributes:
        frame: A row for each usable conversation, in the order of the files: `messages`, a list of structs of `role`
            (system, user, assistant, tool) and `content`; `language` (ar, en, other); `source`, the file's name;
            `line`, the number of its line in JSON Lines, of its record below the header in tables, from 1.
        rejects: A row for each record that cannot be used: `source`, `line`, `rule`, `detail`. Line 0 stands for the
            file as a whole.
    """

    frame: pl.DataFrame
    rejects: pl.DataFrame


def read_conversations(
    path: str | list[str],
    *,
    columns: Columns | None = None,
    schema: Schema = "auto",
    language: str = "",
    language_column: str = "",
    without: Mapping[str, Sequence[str]] | None = None,
) -> Conversations:
    """Read files, globs or directories of JSON Lines, CSV or TSV, plain or as .gz, .zst or .bz2.

    Without `columns` the files must be JSON Lines of one schema each: the one that `schema` names, else the first
    sound record's. `language` (ISO 639) is what all conversations are declared to be in, `language_column` a key of
    each record that says it; where neither does, it is identified by the text of all turns. Records of JSON Lines that
    have one of the values of `without` under its key are left out.

    Raises:
        DaadError: Nothing there, a file that cannot be opened, or a table without the named columns.
    """
    source = _source(path, columns, language_column)
    if (schema == "columns") != (columns is not None) and schema != "auto":
        raise AlignmentError(
            "schema columns needs columns, and columns no other schema: set the one or the other"
        )
    parts = [
        _of_table(file, source)
        if columns is not None
        else _of_json_lines(file, schema, language_column, without or {})
        for file in resolve(source)
    ]
    read = pl.concat([frame for frame, _ in parts])
    verdicts = judge(read)
    judged = pl.concat([read, verdicts], how="horizontal")
    broken = judged.filter(pl.col("rule").is_not_null()).select(REJECTS.keys())
    sound = judged.filter(pl.col("rule").is_null())
    texts = sound.select(
        pl.col("messages").list.eval(pl.element().struct.field("content")).list.join("\n").alias("text")
    )["text"]
    claims = sound["claim"].fill_null(language)
    frame = sound.with_columns(languages_of(texts, claims)).select(COLUMNS.keys())
    rejects = pl.concat([*(rejects for _, rejects in parts), broken])
    return Conversations(frame, rejects.sort("source", "line", maintain_order=True))


def files_of(path: str | list[str], columns: Columns | None) -> list[InputFile]:
    """The files that `read_conversations` reads, with stamps that change when their content does.

    Raises:
        DaadError: Nothing is there.
    """
    return resolve(_source(path, columns, ""))


def _source(path: str | list[str], columns: Columns | None, language_column: str) -> Source:
    named = columns.by_role() if columns is not None else {"user": "user", "assistant": "assistant"}
    return Source(
        name="instructions",
        path=path,
        text_columns=named,
        domain_column=language_column if columns is not None else "",
        domain="",
    )


def _of_table(file: InputFile, source: Source) -> tuple[pl.DataFrame, pl.DataFrame]:
    """By the corpus's readers: the turns of a record are its sides, in the place of languages."""
    name = PurePosixPath(file.path).name
    documents, rejects = [], []
    for block in cut(file, source):
        parsed = parse(block, source)
        documents.append(parsed.documents)
        rejects += [(name, fault.row or 0, fault.rule, fault.detail) for fault in parsed.faults]
    turns = pl.concat(documents).select(
        line="pair", claim="domain", message=pl.struct(role="language", content="text")
    )
    frame = turns.group_by("line", maintain_order=True).agg(
        pl.col("message").alias("messages"),
        pl.when(pl.col("claim").first() != "").then(pl.col("claim").first()).alias("claim"),
    )
    read = frame.with_columns(source=pl.lit(name)).select(
        pl.col(key).cast(kind) for key, kind in _READ.items()
    )
    return read, pl.DataFrame(rejects, schema=REJECTS, orient="row")


def _of_json_lines(
    file: InputFile, schema: str, language_column: str, without: Mapping[str, Sequence[str]]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Record by record, since the types of nested JSON may change from one to the next."""
    name = PurePosixPath(file.path).name
    if file.format != "jsonl":
        raise AlignmentError(
            f"{file.path}: a table needs a column map: set columns.user and columns.assistant to names in its header"
        )
    expected = "" if schema == "auto" else schema

    def row_of(record: dict[str, Any], line: int) -> tuple[list[Message], str | None, str, int, bool]:
        nonlocal expected
        found = schema_of(record, expected)
        messages = messages_of(record, found)
        expected = found
        claim = record.get(language_column) if language_column else None
        kept = all(record.get(key) not in values for key, values in without.items())
        return messages, claim if isinstance(claim, str) else None, name, line, kept

    rows, rejects = read_records(file.path, name, row_of)
    return (
        pl.DataFrame(rows, schema=_READ | {"kept": pl.Boolean()}, orient="row").filter("kept").drop("kept"),
        pl.DataFrame(rejects, schema=REJECTS, orient="row"),
    )
