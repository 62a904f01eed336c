"""Stages 1 to 7: input files are cut into parts, and the parts that are not there yet are made."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from corpus import readers
from corpus.build_config import BuildConfig
from corpus.pipeline.atomic import read_json, write_json
from corpus.pipeline.clock import Clock
from corpus.pipeline.engine import Engine
from corpus.pipeline.layout import FORMAT, Layout, PartFiles, digest, versions
from corpus.pipeline.part import PartTask, make_part
from corpus.sources import Source


@dataclass(frozen=True)
class Cleaning:
    """What stages 1 to 7 need to know besides the input; `key` stands for all of it."""

    config: BuildConfig
    layout: Layout
    benchmarks: Path | None
    key: str


@dataclass(frozen=True)
class FinishedFile:
    """An input file all of whose parts are made."""

    source: Source
    parts: list[PartFiles]
    described: dict[str, Any]  # its entry under `inputs` in the manifest


def read_and_clean(
    files: list[tuple[Source, readers.InputFile]], cleaning: Cleaning, engine: Engine, clock: Clock
) -> list[FinishedFile]:
    """Stages 1 to 7, part by part; parts that stand already are not made again."""
    finished: list[FinishedFile] = []
    with clock.phase("read and clean", sum(file.bytes for _, file in files), "B", scale=True) as bar:
        if engine.takes_whole_files and not any(_limit(source, cleaning.config) for source, _ in files):
            shared = [
                FileShare(source, file, cleaning, reader, num_readers)
                for source, file in files
                for num_readers in [engine.readers_of(file.bytes)]
                for reader in range(num_readers)
            ]
            for share, file_done in zip(shared, engine.map(_clean_file, shared), strict=True):
                if share.is_last:
                    if share.num_readers > 1:
                        _mark_complete([file_done], 0)
                    finished.append(file_done)
                    bar.update(file_done.described["bytes"])
            return finished
        marked = 0
        for _ in engine.map(make_part, _tasks(files, cleaning, finished, bar)):
            marked = _mark_complete(finished, marked)
        _mark_complete(finished, marked)
        bar.update(bar.total - bar.n)
    return finished


@dataclass(frozen=True)
class FileShare:
    """The parts of one file that one of its readers makes: all, or every so-manieth."""

    source: Source
    file: readers.InputFile
    cleaning: Cleaning
    reader: int
    num_readers: int

    def has(self, part_number: int) -> bool:
        """Whether this reader makes the part."""
        return part_number % self.num_readers == self.reader

    @property
    def is_last(self) -> bool:
        """Whether the file is done when this reader and those before it are."""
        return self.reader == self.num_readers - 1


def _clean_file(share: FileShare) -> FinishedFile:
    """One reader's parts of a file, in a worker that can read it: it cuts all of it, so that blocks are the same."""
    tasks = _file_tasks(share.source, share.file, None, share.cleaning, lambda _: None, share)
    while True:
        try:
            make_part(next(tasks))
        except StopIteration as ended:
            finished: FinishedFile = ended.value
            if share.num_readers == 1:
                _mark_complete([finished], 0)
            return finished


def _limit(source: Source, config: BuildConfig) -> int | None:
    return min(filter(None, (source.max_documents, config.max_documents)), default=None)


def _mark_complete(finished: list[FinishedFile], marked: int) -> int:
    """Mark the files whose parts are all made, from number `marked` on, so that they are not even read again.

    Parts are made in order, so a file is complete when its last part is.
    """
    for file in finished[marked:]:
        if file.parts and not file.parts[-1].summary.exists():
            break
        if file.parts:
            write_json(file.parts[0].directory / "complete.json", file.described)
        marked += 1
    return marked


def _tasks(
    files: list[tuple[Source, readers.InputFile]],
    cleaning: Cleaning,
    finished: list[FinishedFile],
    bar: "tqdm[Any]",
) -> Iterator[PartTask]:
    """A task for every part that is not made yet; `finished` learns of each file as it ends."""
    left: dict[str, int | None] = {source.name: _limit(source, cleaning.config) for source, _ in files}
    for source, file in files:
        limit = left[source.name]
        if limit == 0:
            continue
        file_done = yield from _file_tasks(source, file, limit, cleaning, bar.update)
        finished.append(file_done)
        if limit is not None:
            left[source.name] = limit - file_done.described["records"]


def _file_tasks(
    source: Source,
    file: readers.InputFile,
    limit: int | None,
    cleaning: Cleaning,
    progress: Callable[[int], object],
    share: FileShare | None = None,
) -> Generator[PartTask, None, FinishedFile]:
    """A task for every part of a file, or of a share of it, that is not made yet; at the end, what the file is."""
    directory = cleaning.layout.parts(source.name, _file_key(source, file, limit, cleaning.key))
    done = directory / "complete.json"
    if done.exists():
        described = read_json(done)
        finished = FinishedFile(
            source, [PartFiles(directory, n) for n in range(described["parts"])], described
        )
        if all(part.is_whole() for part in finished.parts):
            progress(file.bytes)
            return finished
    parts: list[PartFiles] = []
    records = position = 0
    block_bytes = cleaning.config.block_megabytes * 1_000_000
    for block in readers.cut(file, source, block_bytes=block_bytes):
        if limit is not None and records >= limit:
            break
        count = block.num_rows if limit is None else min(block.num_rows, limit - records)
        records += count
        part = PartFiles(directory, len(parts))
        parts.append(part)
        if (share is None or share.has(part.number)) and not part.is_whole():
            part.summary.unlink(missing_ok=True)
            yield PartTask(cleaning.config, source, block, count, part, cleaning.benchmarks)
        progress(block.position - position)
        position = block.position
    described = {
        "source": source.name,
        "path": file.path,
        "bytes": file.bytes,
        "sha256": readers.checksum(file) if share is None or share.is_last else "",
        "parts": len(parts),
        "records": records,
    }
    return FinishedFile(source, parts, described)


def _file_key(source: Source, file: readers.InputFile, limit: int | None, cleaning_key: str) -> str:
    """Stands for all that the parts of a file depend on."""
    decisive = asdict(source)
    for name in ("path", "priority", "max_documents", "examples"):
        del decisive[name]
    return digest([FORMAT, versions(), cleaning_key, decisive, file.path, file.stamp, limit])
