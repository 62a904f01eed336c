"""Frames as payloads of blocks: Arrow IPC streams, for formats whose records are not cut by bytes."""

import io

import polars as pl

from corpus.readers.blocks import Block, Fault, Parsed
from corpus.readers.fields import to_documents
from corpus.sources import Source


def frame_block(
    path: str,
    format_name: str,
    first_row: int,
    num_rows: int,
    frame: pl.DataFrame,
    faults: tuple[Fault, ...] = (),
    position: int = 0,
) -> Block:
    """A block whose payload is a frame; rows may be fewer than records where some are at fault."""
    stream = io.BytesIO()
    frame.write_ipc_stream(stream)
    return Block(
        path=path,
        format=format_name,
        first_row=first_row,
        num_rows=num_rows,
        payload=stream.getvalue() if frame.height else b"",
        faults=faults,
        position=position,
    )


def read_frame(block: Block) -> pl.DataFrame:
    """The frame of a block."""
    return pl.read_ipc_stream(io.BytesIO(block.payload))


def parse_fields(block: Block, source: Source) -> Parsed:
    """Documents of a block that holds a field frame already."""
    return Parsed(to_documents(read_frame(block), source), [])
