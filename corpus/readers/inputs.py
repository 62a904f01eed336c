"""From what a source names to the files that are read."""

import hashlib
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from corpus.errors import CorpusError
from corpus.readers.streams import COMPRESSIONS
from corpus.sources import Source

FORMAT_OF_ENDING = {
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "parquet": "parquet",
    "csv": "csv",
    "tsv": "tsv",
    "txt": "text",
    "warc": "warc",
    "wet": "warc",
    "tmx": "tmx",
    "po": "po",
}
PARALLEL_FORMATS = {"tmx", "po", "moses", "opus"}
TABULAR_FORMATS = {"jsonl", "parquet", "csv", "tsv", "datasets"}
HUB = "hub:"

_SAVED_DATASET = ("state.json", "dataset_dict.json")
_HASH_BYTES = 1 << 20


@dataclass(frozen=True)
class InputFile:
    """One input to be read from start to end.

    Attributes:
        path: As the user gave it, or found by what the user gave.
        format: As in `Source.format`, but never "auto".
        bytes: Size on disk.
        stamp: Changes when the content does: size and time of change, or what the remote file system says.
        parts: The files it consists of: several for a dataset directory, the sides of a Moses corpus, and an OPUS
            alignment with the zips of its documents.
    """

    path: str
    format: str
    bytes: int
    stamp: str
    parts: tuple[str, ...] = ()


def resolve(source: Source) -> list[InputFile]:
    """Expand files, globs and directories to the files they name, each once, sorted within each given path.

    Raises:
        CorpusError: Nothing there, a name whose ending says no format, a file that cannot be opened, or a
            format that does not go with the source's other options.
    """
    _check(source)
    found: dict[str, InputFile] = {}
    for path in source.paths:
        for file in _resolve_path(path, source):
            found.setdefault(file.path, file)
    return list(found.values())


def checksum(file: InputFile) -> str:
    """SHA-256 (hex) of the raw bytes of an input's files in order; for a dataset of the hub, of its name."""
    digest = hashlib.sha256()
    if file.path.startswith(HUB):
        digest.update(file.stamp.encode())
    for part in file.parts or (() if file.path.startswith(HUB) else (file.path,)):
        with fsspec.open(part, "rb") as opened:
            while data := opened.read(_HASH_BYTES):
                digest.update(data)
    return digest.hexdigest()


def format_by_name(path: str) -> str | None:
    """The format that a file's name tells.

    >>> format_by_name("a/b.jsonl.gz"), format_by_name("AA/wiki_00.bz2"), format_by_name("notes.doc")
    ('jsonl', 'wikiextractor', None)
    """
    name = path.rsplit("/", 1)[-1].lower()
    for ending in COMPRESSIONS:
        name = name.removesuffix(ending)
    if re.fullmatch(r"wiki_\d+", name):
        return "wikiextractor"
    return FORMAT_OF_ENDING.get(name.rpartition(".")[2]) if "." in name else None


def _check(source: Source) -> None:
    where = f"source {source.name}"
    if source.kind == "parallel" and not source.text_columns:
        raise CorpusError(f"{where}: kind parallel needs text_columns, such as {{en: en, ar: ar}}")
    if source.format in PARALLEL_FORMATS and not source.text_columns:
        raise CorpusError(f"{where}: format {source.format} needs text_columns, e.g. {{en: en, ar: ar}}")
    if source.text_columns and source.format not in PARALLEL_FORMATS | TABULAR_FORMATS | {"auto"}:
        raise CorpusError(f"{where}: format {source.format} has no columns, so text_columns cannot be used")
    try:
        "".encode(source.encoding)
    except LookupError as error:
        raise CorpusError(f"{where}: encoding {source.encoding!r} is not known to Python") from error


def _check_file(path: str, format_name: str, source: Source) -> None:
    _check(replace(source, format=format_name))  # type: ignore[arg-type]
    if format_name == "po" and not set(source.text_columns.values()) <= {"msgid", "msgstr"}:
        raise CorpusError(
            f"source {source.name}: {path} is a PO catalog: text_columns must map the languages to msgid and "
            "msgstr, e.g. {en: msgid, ar: msgstr}"
        )


def _resolve_path(path: str, source: Source) -> list[InputFile]:
    if path.startswith(HUB):
        if source.format not in {"auto", "datasets"}:
            raise CorpusError(f"source {source.name}: {path} is a dataset of the hub, set format to datasets")
        return [InputFile(path, "datasets", 0, f"{path}@{source.subset}/{source.split}")]
    try:
        file_system, location = fsspec.core.url_to_fs(path)
        if source.format == "moses":
            return [_moses(path, file_system, source)]
        if _is_dataset(file_system, location, source):
            return [_input(path, "datasets", file_system, _walk(file_system, location), path)]
        locations = _expand(file_system, location)
        if not locations:
            raise CorpusError(f"source {source.name}: {path} matches no file: check the path")
        return [_one_file(file_system, each, path, source) for each in locations]
    except (OSError, ValueError, ImportError) as error:
        raise CorpusError(f"source {source.name}: {path} cannot be read ({error}): check the path") from error


def _expand(file_system: Any, location: str) -> list[str]:
    if file_system.isfile(location):
        return [location]
    if file_system.isdir(location):
        return _walk(file_system, location)
    matches = file_system.glob(location) if re.search(r"[*?\[]", location) else []
    return sorted({file for each in matches for file in _expand(file_system, each)})


def _walk(file_system: Any, location: str) -> list[str]:
    """All files below a directory, but for hidden ones and marks such as _SUCCESS."""
    base = len(location.rstrip("/")) + 1
    visible = (file for file in file_system.find(location) if not re.search(r"(^|/)[._]", file[base:]))
    return sorted(visible)


def _is_dataset(file_system: Any, location: str, source: Source) -> bool:
    if source.format not in {"auto", "datasets"} or not file_system.isdir(location):
        return False
    saved = any(file_system.exists(f"{location.rstrip('/')}/{name}") for name in _SAVED_DATASET)
    return saved or source.format == "datasets"


def _one_file(file_system: Any, location: str, given: str, source: Source) -> InputFile:
    path = _as_given(file_system, location, given)
    format_name = source.format if source.format != "auto" else format_by_name(path)
    if format_name is None:
        known = ", ".join(f".{ending}" for ending in FORMAT_OF_ENDING)
        raise CorpusError(
            f"source {source.name}: the ending of {path} says no format: set format, or only name "
            f"files in {known} (also with {', '.join(COMPRESSIONS)})"
        )
    _check_file(path, format_name, source)
    if format_name == "opus":
        return _opus(path, file_system, location, given, source)
    return _input(path, format_name, file_system, [location], given)


def _opus(path: str, file_system: Any, location: str, given: str, source: Source) -> InputFile:
    """An alignment, which is read from start to end, and the zips that its texts are looked up in."""
    base = location.rpartition("/")[0]
    zips = [f"{base}/{code}.zip" for code in source.text_columns.values()]
    there = [each for each in zips if file_system.isfile(each)]
    whole = _input(path, "opus", file_system, [location, *there], given)
    return replace(whole, bytes=file_system.size(location) or 0)


def _moses(path: str, file_system: Any, source: Source) -> InputFile:
    _check_file(path, "moses", source)
    sides = []
    for name in source.text_columns.values():
        choices = [f"{path.rstrip('/')}/{name}", f"{path}{name}", f"{path}.{name}"]
        locations = [file_system._strip_protocol(choice) for choice in choices]  # noqa: SLF001
        side = next((location for location in locations if file_system.isfile(location)), None)
        if side is None:
            raise CorpusError(
                f"source {source.name}: found none of {', '.join(choices)}: check path and text_columns"
            )
        sides.append(side)
    return _input(path, "moses", file_system, sides, path)


def _input(path: str, format_name: str, file_system: Any, locations: list[str], given: str) -> InputFile:
    parts = tuple(_as_given(file_system, location, given) for location in locations)
    local = isinstance(file_system, LocalFileSystem)
    stamps, size = [], 0
    for location in locations:
        if local:
            with Path(location).open("rb"):  # one that cannot be opened is better known now than hours later
                facts = Path(location).stat()
            size += facts.st_size
            stamps.append(f"{facts.st_size}-{facts.st_mtime_ns}")
        else:
            size += file_system.size(location) or 0
            stamps.append(str(file_system.ukey(location)))
    stamp = stamps[0] if len(stamps) == 1 else hashlib.sha256("\n".join(stamps).encode()).hexdigest()
    return InputFile(path, format_name, size, stamp, parts)


def _as_given(file_system: Any, location: str, given: str) -> str:
    """A found file, named as the user names files: results must not depend on where a checkout lies."""
    if not isinstance(file_system, LocalFileSystem):
        return str(file_system.unstrip_protocol(location))
    return location if "://" in given or Path(given).is_absolute() else os.path.relpath(location)
