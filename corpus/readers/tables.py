"""Parquet files and Hugging Face datasets: tables that come in batches."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import polars as pl
import pyarrow as pa
import pyarrow.parquet

from corpus.errors import CorpusError, cause_of
from corpus.readers import blocks
from corpus.readers.blocks import Block, Parsed, file_fault, row_fault
from corpus.readers.fields import check_columns, sides, text_columns, to_documents, to_fields, wanted_columns
from corpus.readers.frames import frame_block, read_frame
from corpus.readers.inputs import HUB, InputFile
from corpus.readers.streams import WatchedFile
from corpus.sources import Source

ROWS_AT_ONCE = 512
"""Rows of a dataset that are taken together: few enough for long books."""


def cut_parquet(file: InputFile, source: Source, block_bytes: int) -> Iterator[Block]:
    """Cut a Parquet file into batches of about `block_bytes` of the wanted columns.

    Raises:
        CorpusError: A column that the source names is missing or holds no text.
    """
    with fsspec.open(file.path, "rb") as opened:
        if not file.bytes:
            return
        row, watched = 1, WatchedFile(opened)
        try:
            table = pyarrow.parquet.ParquetFile(watched)
            _check_schema(table.schema_arrow, file.path, source)
            columns = [name for name in wanted_columns(source) if name in table.schema_arrow.names]
            for batch in table.iter_batches(
                _batch_rows(table.metadata, columns, block_bytes), columns=columns
            ):
                yield _table_block(pa.Table.from_batches([batch]), file, row)
                row += len(batch)
        except (pa.ArrowException, OSError) as error:
            if watched.failed is not None:
                raise watched.failed from error
            detail = f"{cause_of(error)}; records before the break are kept"
            fault = file_fault(file.path, 0, "broken_file", detail)
            yield Block(path=file.path, format=file.format, first_row=row, num_rows=0, faults=(fault,))


def cut_dataset(file: InputFile, source: Source, block_bytes: int) -> Iterator[Block]:
    """Cut one split of a Hugging Face dataset into batches of about `block_bytes`.

    Raises:
        CorpusError: The dataset cannot be loaded, or lacks a column that the source names.
    """
    row, pending, pending_bytes = 1, list[pa.Table](), 0
    for table in _batches(_load(file.path, source), file.path, source):
        if row == 1 and not pending:
            _check_schema(table.schema, file.path, source)
        wanted = table.select([name for name in wanted_columns(source) if name in table.column_names])
        pending.append(wanted)
        pending_bytes += wanted.nbytes
        if pending_bytes >= block_bytes:
            together = pa.concat_tables(pending)
            yield _table_block(together, file, row)
            row, pending, pending_bytes = row + len(together), [], 0
    if pending:
        yield _table_block(pa.concat_tables(pending), file, row)


def parse(block: Block, source: Source) -> Parsed:
    """Documents of a batch; a null text is a fault, as is one that is too long."""
    fields = to_fields(read_frame(block), source)
    texts = [pl.col(side) for side in sides(source)]
    missing = pl.any_horizontal(text.is_null() for text in texts)
    long = pl.any_horizontal(text.str.len_bytes().fill_null(0) > blocks.MAX_RECORD_BYTES for text in texts)
    marked = fields.with_columns(
        pl.when(missing).then(pl.lit("missing_column")).when(long).then(pl.lit("too_long")).alias("rule")
    )
    named = ", ".join(repr(column) for column in text_columns(source))
    detail = {
        "missing_column": f"{named} is null",
        "too_long": f"{named} holds more than {blocks.MAX_RECORD_BYTES} bytes",
    }
    bad = marked.filter(pl.col("rule").is_not_null()).select("row", "rule").iter_rows()
    faults = [row_fault(block.path, row, rule, detail[rule]) for row, rule in bad]
    return Parsed(to_documents(marked.filter(pl.col("rule").is_null()).drop("rule"), source), faults)


def _check_schema(schema: pa.Schema, path: str, source: Source) -> None:
    check_columns(source, path, set(schema.names))
    for column in text_columns(source):
        kind = schema.field(column).type
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)):
            raise CorpusError(
                f"{path}: column {column!r} of source {source.name} holds {kind}, not text: "
                "set text_column to a column of strings"
            )


def _batch_rows(metadata: Any, columns: list[str], block_bytes: int) -> int:
    size = rows = 0
    for group in (metadata.row_group(index) for index in range(metadata.num_row_groups)):
        rows += group.num_rows
        chunks = (group.column(index) for index in range(group.num_columns))
        size += sum(chunk.total_uncompressed_size for chunk in chunks if chunk.path_in_schema in columns)
    return max(1, min(1 << 16, block_bytes * rows // max(1, size)))


def _table_block(table: pa.Table, file: InputFile, row: int) -> Block:
    frame = pl.DataFrame(pl.from_arrow(table))
    texts = [pl.col(name).cast(pl.String) for name, kind in frame.schema.items() if kind == pl.Categorical]
    rows = pl.int_range(row, row + frame.height, dtype=pl.Int64, eager=True).alias("row")
    return frame_block(file.path, file.format, row, frame.height, frame.with_columns(rows, *texts))


def _load(path: str, source: Source) -> Any:
    import datasets  # takes seconds, so only for those who need it

    try:
        if path.startswith(HUB):
            name = path.removeprefix(HUB)
            return datasets.load_dataset(name, source.subset or None, split=source.split, streaming=True)
        saved = any((Path(path) / mark).exists() for mark in ("state.json", "dataset_dict.json"))
        if not saved:
            return datasets.load_dataset(path, source.subset or None, split=source.split, streaming=True)
        loaded = datasets.load_from_disk(path)
        return loaded[source.split] if isinstance(loaded, datasets.DatasetDict) else loaded
    except Exception as error:  # the library raises whatever its builders raise
        reason = cause_of(error)
        raise CorpusError(
            f"{path}: source {source.name} cannot be loaded as a dataset, split {source.split!r} ({reason}): "
            "check path, subset and split, and the network for a dataset of the hub"
        ) from error


def _batches(dataset: Any, path: str, source: Source) -> Iterator[pa.Table]:
    try:
        yield from dataset.with_format("arrow").iter(batch_size=ROWS_AT_ONCE)
    except CorpusError:
        raise
    except Exception as error:
        reason = cause_of(error)
        raise CorpusError(
            f"{path}: source {source.name} broke off while it was read ({reason}): try again"
        ) from error
