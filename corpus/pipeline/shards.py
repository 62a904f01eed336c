"""The last step: documents that stay become shards, those that fall become shards of dropped documents."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from corpus.build_config import BuildConfig
from corpus.pipeline.atomic import atomic_path, read_json, sha256_of, write_json
from corpus.pipeline.flow import Flow, add_counts
from corpus.pipeline.layout import PartFiles
from corpus.pipeline.passes import without_boilerplate
from corpus.pipeline.units import PassFiles, UnitTable, load
from corpus.schema import DROPPED_COLUMNS, SHARD_COLUMNS
from corpus.sources import Source
from corpus.text_measures import measure_texts

LENGTH_EDGES = (0, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)
"""Words at which the histogram of document lengths is cut."""


@dataclass(frozen=True)
class ShardTask:
    """What a worker needs to write one shard: consecutive parts of one source."""

    name: str
    source: Source
    config: BuildConfig
    parts: Sequence[PartFiles]
    starts: Sequence[int]  # number of each part's first unit, and at the end the number after the last
    files: PassFiles
    duplicates: Path
    renames: Path
    directory: Path  # finished files wait here until all are

    @property
    def summary(self) -> Path:
        """Says that the shard is written."""
        return self.directory / f"{self.name}.json"


@dataclass
class ShardSummary:
    """What a finished shard holds."""

    name: str
    source: str
    shard: dict[str, Any] | None = None
    dropped: dict[str, Any] | None = None
    counts: list[dict[str, Any]] = field(default_factory=list)
    changes: dict[str, dict[str, int]] = field(default_factory=dict)
    lengths: dict[str, list[int]] = field(default_factory=dict)


def plan_shards(
    table: UnitTable,
    sources: Sequence[Source],
    sizes: Sequence[int],
    config: BuildConfig,
    files: PassFiles,
    duplicates: Path,
    renames: Path,
) -> list[ShardTask]:
    """Put consecutive parts of a source together until their text reaches the shard size; `sizes` in bytes."""
    limit = config.shard_megabytes * 1_000_000
    tasks = []
    for source in sources:
        own = [number for number, name in enumerate(table.sources) if name == source.name]
        for shard_number, group in enumerate(_groups(own, sizes, limit)):
            starts = [int(table.starts[number]) for number in (*group, group[-1] + 1)]
            tasks.append(
                ShardTask(
                    name=f"{source.name}-{shard_number:05d}",
                    source=source,
                    config=config,
                    parts=[table.parts[number] for number in group],
                    starts=starts,
                    files=files,
                    duplicates=duplicates,
                    renames=renames,
                    directory=files.directory / "shards",
                )
            )
    return tasks


def write_shard(task: ShardTask) -> ShardSummary:
    """Write one shard and the shard of what was dropped from the same parts, unless they stand already.

    The summary is always the one that was read back: a resumed build must see it in the same order as the first did.
    """
    if not task.summary.exists():
        write_json(task.summary, asdict(_write(task)))
    return ShardSummary(**read_json(task.summary))


def _write(task: ShardTask) -> ShardSummary:
    summary = ShardSummary(task.name, task.source.name)
    counts: list[dict[str, Any]] = []
    with ExitStack() as stack:
        kept = _Writer(task.directory / "kept" / f"{task.name}.parquet", SHARD_COLUMNS, stack)
        dropped = _Writer(task.directory / "dropped" / f"{task.name}.parquet", DROPPED_COLUMNS, stack)
        for part, first, last in zip(task.parts, task.starts, task.starts[1:], strict=False):
            flow = _deduplicate(task, part, first, last)
            counts += flow.counts()
            _add_changes(summary.changes, flow.changes)
            kept.write(_finish(flow.documents, task.source))
            earlier = pl.read_parquet(part.dropped)
            for fallen in (earlier, flow.dropped):
                if fallen is not None and fallen.height:
                    dropped.write(_finish(fallen, task.source))
            _add_lengths(summary.lengths, kept.last)
    summary.shard = kept.describe()
    summary.dropped = dropped.describe()
    counted = {"source": task.source.name, "kind": task.source.kind}
    summary.counts = add_counts([counted | row for row in counts])
    return summary


def _deduplicate(task: ShardTask, part: PartFiles, first: int, last: int) -> Flow:
    """Apply what the passes decided to one part's documents, with the same account as the stages before."""
    documents = pl.read_parquet(part.documents)
    flow = Flow(_renamed(documents, task.renames, first, last))
    fallen = (
        pl.scan_parquet(task.duplicates)
        .filter(pl.col("unit").is_between(first, last - 1))
        .select(
            (pl.col("unit") - first).cast(pl.UInt32).alias("unit"),
            "stage",
            detail=pl.format("{} stays (similarity {})", "kept_id", pl.col("similarity").round(2)),
        )
        .collect()
    )
    flow.step("exact", verdicts=_verdicts(flow.documents, fallen, "exact", "exact_duplicate"))
    texts, lines = without_boilerplate(flow.documents, task.files.boilerplate, task.config)
    flow.step("boilerplate", texts=texts, changes={"lines_removed": lines})
    flow.step("near", verdicts=_verdicts(flow.documents, fallen, "near", "near_duplicate"))
    return flow


def _verdicts(documents: pl.DataFrame, fallen: pl.DataFrame, stage: str, reason: str) -> pl.DataFrame:
    return (
        documents.select("unit")
        .join(
            fallen.filter(pl.col("stage") == stage).select("unit", "detail", reason=pl.lit(reason)),
            on="unit",
            how="left",
            maintain_order="left",
        )
        .select("reason", "detail")
    )


def _renamed(documents: pl.DataFrame, renames: Path, first: int, last: int) -> pl.DataFrame:
    """Give the second and later units of the same id a suffix: `id~2`."""
    units, occurrence = load(renames)
    inside = slice(*np.searchsorted(units, [first, last]))
    if inside.start == inside.stop:
        return documents
    suffixes = pl.DataFrame(
        {
            "unit": pl.Series(units[inside] - first, dtype=pl.UInt32),
            "suffix": [f"~{number}" for number in occurrence[inside]],
        }
    )
    suffix = pl.col("suffix").fill_null("")
    plain = pl.col("pair").is_null()
    side = pl.col("id").str.strip_prefix(pl.col("pair"))
    return (
        documents.join(suffixes, on="unit", how="left", maintain_order="left")
        .with_columns(
            id=pl.when(plain).then(pl.col("id") + suffix).otherwise(pl.col("pair") + suffix + side),
            pair=pl.col("pair") + suffix,
        )
        .drop("suffix")
    )


def _finish(documents: pl.DataFrame, source: Source) -> pl.DataFrame:
    measures = measure_texts(documents["text"])
    return documents.with_columns(
        *measures.get_columns(), source=pl.lit(source.name), kind=pl.lit(source.kind)
    )


class _Writer:
    """A Parquet file written part by part; without any documents there is no file."""

    def __init__(self, path: Path, columns: dict[str, pl.DataType], stack: ExitStack) -> None:
        self._path = path
        self._columns = columns
        self._stack = stack
        self._writer: pq.ParquetWriter | None = None
        self._totals = {"documents": 0, "characters": 0, "words": 0}
        self.last = pl.DataFrame(schema=columns)

    def write(self, documents: pl.DataFrame) -> None:
        """Append documents as one row group."""
        columns = [
            pl.col(name).cast(kind) if name in documents.columns else pl.lit(None, kind).alias(name)
            for name, kind in self._columns.items()
        ]
        self.last = documents.select(columns)
        if self.last.height == 0:
            return
        table = self.last.to_arrow(compat_level=pl.CompatLevel.oldest())
        if self._writer is None:
            partial = self._stack.enter_context(atomic_path(self._path))
            self._writer = self._stack.enter_context(
                pq.ParquetWriter(partial, table.schema, compression="zstd", compression_level=3)
            )
        self._writer.write_table(table)
        self._totals["documents"] += self.last.height
        for name in ("characters", "words"):
            self._totals[name] += int(self.last[name].sum())

    def describe(self) -> dict[str, Any] | None:
        """Size and digest of the finished file; None where none was written."""
        if self._writer is None:
            return None
        size = {"bytes": self._path.stat().st_size, "sha256": sha256_of(self._path)}
        return {"path": self._path.name} | self._totals | size


def _groups(numbers: Sequence[int], sizes: Sequence[int], limit: int) -> Iterator[list[int]]:
    group: list[int] = []
    size = 0
    for number in numbers:
        if group and size + sizes[number] > limit:
            yield group
            group, size = [], 0
        group.append(number)
        size += sizes[number]
    if group:
        yield group


def _add_changes(total: dict[str, dict[str, int]], changes: dict[str, dict[str, int]]) -> None:
    for stage, counts in changes.items():
        sums = total.setdefault(stage, {})
        for name, count in counts.items():
            sums[name] = sums.get(name, 0) + count


def _add_lengths(total: dict[str, list[int]], documents: pl.DataFrame) -> None:
    """Count documents by words between LENGTH_EDGES, for each language."""
    for (language,), group in documents.group_by("language", maintain_order=True):
        edges = np.append(LENGTH_EDGES, np.iinfo(np.int64).max)
        histogram, _ = np.histogram(group["words"].to_numpy(), edges)
        before = total.get(str(language), [0] * len(LENGTH_EDGES))
        total[str(language)] = [a + int(b) for a, b in zip(before, histogram, strict=True)]
