"""Files as rows: CSV with or without a header, TSV, JSONL, JSON and Parquet, packed or not.

Rows are read one by one in Python: benchmarks have some ten thousand of them, in every shape.
"""

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.errors import BenchmarkError
from corpus.errors import cause_of

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet")
"""Formats that are read, each also with .gz behind it."""

LARGEST_FILE = 512 << 20
"""Bytes, unpacked: a file that unpacks without end is refused."""

_SPLITS = {"test": "test", "dev": "dev", "validation": "dev", "valid": "dev", "val": "dev", "train": "train"}
_HEADERLESS = {("question", "A", "B", "C", "D", "answer"): "[A-D]", ("sent", "lang"): "[A-Z]{3}"}
"""Columns of files that come without a header (MMLU's form; MADAR's shared task), and how their last cell is told."""

_MADAR = re.compile(r"sentID\.BTEC\t|[^\t\n]*\t[A-Z]{3}\r?\n")
"""How a file of MADAR's begins: quotation marks stand there for themselves."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record: its values by column, where it stands, its split, and the subject that its file's name gives."""

    values: Mapping[str, Any]
    label: str
    split: str
    subject: str


def read_rows(path: Path) -> list[Row]:
    """All rows of a file, or of all files below a directory in the order of their names.

    A folder or file name that ends in test, dev, validation or train says the split; other rows are test rows.

    Raises:
        BenchmarkError: There is no such file, or one cannot be read.
    """
    files = sorted(file for file in path.rglob("*") if _suffix(file)) if path.is_dir() else [path]
    if not path.exists():
        raise BenchmarkError(f"{path}: no such file or directory: check the path after --data")
    if not files:
        raise BenchmarkError(f"{path}: holds no file of {', '.join(SUFFIXES)}: check the path after --data")
    return [row for file in files for row in _file_rows(file, file.relative_to(path.parent))]


def split_and_subject(name: str) -> tuple[str, str]:
    """Split and subject that a file's path tells.

    >>> split_and_subject("mmlu/dev/anatomy_dev.csv"), split_and_subject("arc_easy.jsonl.gz")
    (('dev', 'anatomy'), ('test', ''))
    """
    *folders, file = name.split("/")
    stem = file.split(".")[0]
    named = re.search(rf"(?:^|[_-])({'|'.join(_SPLITS)})(?:-\d+-of-\d+)?$", stem, re.IGNORECASE)
    if named:
        return _SPLITS[named[1].lower()], stem[: named.start()]
    for folder in reversed(folders):
        if folder.lower() in _SPLITS:
            return _SPLITS[folder.lower()], stem
    return "test", ""


def _suffix(file: Path) -> str:
    name = file.name.lower().removesuffix(".gz")
    return next((suffix for suffix in SUFFIXES if name.endswith(suffix) and file.is_file()), "")


def _file_rows(file: Path, shown: Path) -> Iterator[Row]:
    split, subject = split_and_subject(shown.as_posix())
    try:
        content = _content(file)
        for number, values in enumerate(_records(content, _suffix(file)), 1):
            yield Row(_object(values, number), f"{shown} row {number}", split, subject)
    except (
        EOFError,
        UnicodeError,
        ValueError,
        TypeError,
        RecursionError,
        csv.Error,
        gzip.BadGzipFile,
        zlib.error,
        pl.exceptions.PolarsError,
    ) as error:
        cause = cause_of(error)
        raise BenchmarkError(f"{file}: cannot be read ({cause}): repair or download it again") from error


def _object(values: Any, number: int) -> Mapping[str, Any]:
    if not isinstance(values, Mapping):
        raise TypeError(f"record {number} is a {type(values).__name__}, not an object")
    return values


def _content(file: Path) -> bytes:
    with (gzip.open if file.name.lower().endswith(".gz") else Path.open)(file, "rb") as opened:
        content: bytes = opened.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise ValueError(f"it holds more than {LARGEST_FILE >> 20} MiB, which no benchmark has")
    return content


def _records(content: bytes, suffix: str) -> Iterator[Mapping[str, Any]]:
    if suffix == ".parquet":
        yield from pl.read_parquet(io.BytesIO(content)).iter_rows(named=True)
    elif suffix in (".csv", ".tsv"):
        yield from _table(content.decode("utf-8-sig"), "\t" if suffix == ".tsv" else ",")
    elif suffix == ".json":
        records = json.loads(content.decode("utf-8-sig"))
        if isinstance(records, dict) and isinstance(records.get("data"), list):
            records = [flat for entry in records["data"] for flat in _flat(entry)]
        yield from records if isinstance(records, list) else [records]
    elif suffix:
        for number, line in enumerate(content.decode("utf-8-sig").split("\n"), 1):
            if line.strip():
                try:
                    yield json.loads(line)
                except ValueError as error:
                    raise ValueError(f"line {number}: {error}") from error
    else:
        raise ValueError(f"its name must end in one of {', '.join(SUFFIXES)}, or that and .gz")


def _flat(entry: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """One record for each question of a SQuAD entry (title, paragraphs, qas); any other entry as it is."""
    if "paragraphs" not in entry:
        yield entry
        return
    try:
        for paragraph in entry["paragraphs"]:
            for asked in paragraph["qas"]:
                texts = [answer["text"] for answer in asked["answers"]]
                known = {"id": asked.get("id"), "title": entry.get("title"), "context": paragraph["context"]}
                yield {**known, "question": asked["question"], "answers": {"text": texts}}
    except (AttributeError, KeyError) as error:
        raise ValueError(f"an entry with paragraphs is not SQuAD's: {error}") from error


def _is_headerless(row: Sequence[str], names: Sequence[str], last: str) -> bool:
    return len(row) == len(names) and re.fullmatch(last, row[-1].strip()) is not None


def _table(text: str, delimiter: str) -> Iterator[dict[str, str]]:
    plain = delimiter == "\t" and _MADAR.match(text)
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE if plain else csv.QUOTE_MINIMAL)
    rows = [row for row in reader if any(row)]
    if not rows:
        return
    header = next(
        (list(names) for names, last in _HEADERLESS.items() if _is_headerless(rows[0], names, last)), []
    )
    header = header or rows.pop(0)
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise ValueError(f"row {number} has {len(row)} cells, but {len(header)} are needed")
        yield dict(zip(header, row, strict=True))
