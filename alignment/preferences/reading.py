"""From files of preferences to pairs and rejects."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import polars as pl

from alignment.conversations.json_lines import read_records
from alignment.conversations.languages import languages_of
from alignment.conversations.reading import MESSAGES, REJECTS
from alignment.errors import AlignmentError
from alignment.preferences.rules import judge
from alignment.preferences.schemas import pair_of, schema_of
from alignment.preferences.settings import PairSchema
from corpus.readers.inputs import InputFile, resolve
from corpus.sources import Source

COLUMNS = {
    "prompt": MESSAGES,
    "chosen": MESSAGES,
    "rejected": MESSAGES,
    "language": pl.String(),
    "source": pl.String(),
    "line": pl.Int64(),
}

_READ = COLUMNS | {"claim": pl.String()}


@dataclass(frozen=True)
class Preferences:
    """What was read.

    Attributes:
        frame: A row for each usable pair, in the order of the files: `prompt`, `chosen` and `rejected`, each a list of
            structs of `role` and `content`; `language` of the prompt (ar, en, other); `source`, the file's name;
            `line`, from 1.
        rejects: A row for each record that cannot be used: `source`, `line`, `rule`, `detail`. Line 0 stands for the
            file as a whole.
    """

    frame: pl.DataFrame
    rejects: pl.DataFrame


def read_preferences(
    path: str | list[str], *, schema: PairSchema = "auto", language: str = "", language_column: str = ""
) -> Preferences:
    """Read files, globs or directories of JSON Lines, plain or as .gz, .zst or .bz2.

    All records of a file must be of one schema: the one that `schema` names, else the first sound record's. `language`
    (ISO 639) is what all prompts are declared to be in, `language_column` a key of each record that says it; where
    neither does, it is identified by the text of the prompt.

    Raises:
        DaadError: Nothing there, or a file that cannot be opened.
    """
    paths = [path] if isinstance(path, str) else path
    source = Source(name="preferences", path=paths, text_columns={"text": "chosen"}, domain="")
    parts = [_of_file(file, schema, language_column) for file in resolve(source)]
    read = pl.concat([frame for frame, _ in parts])
    judged = pl.concat([read, judge(read)], how="horizontal")
    broken = judged.filter(pl.col("rule").is_not_null()).select(REJECTS.keys())
    sound = judged.filter(pl.col("rule").is_null())
    asked = sound.select(
        pl.col("prompt").list.eval(pl.element().struct.field("content")).list.join("\n").alias("text")
    )["text"]
    frame = sound.with_columns(languages_of(asked, sound["claim"].fill_null(language))).select(COLUMNS.keys())
    rejects = pl.concat([*(rejects for _, rejects in parts), broken])
    return Preferences(frame, rejects.sort("source", "line", maintain_order=True))


def _of_file(file: InputFile, schema: str, language_column: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Record by record, since the types of nested JSON may change from one to the next."""
    name = PurePosixPath(file.path).name
    if file.format != "jsonl":
        raise AlignmentError(
            f"{file.path}: preferences are read from JSON Lines: write prompt, chosen, rejected a line"
        )
    expected = "" if schema == "auto" else schema

    def row_of(record: dict[str, Any], line: int) -> tuple[object, ...]:
        nonlocal expected
        found = schema_of(record)
        pair = pair_of(record, found, expected or found)
        expected = found
        claim = record.get(language_column) if language_column else None
        return *pair, "", name, line, claim if isinstance(claim, str) else None

    rows, rejects = read_records(file.path, name, row_of)
    return (
        pl.DataFrame(rows, schema=_READ, orient="row"),
        pl.DataFrame(rejects, schema=REJECTS, orient="row"),
    )
