"""Moses corpora: one file for each language, line by line translations of each other."""

from collections.abc import Iterator

import polars as pl

from corpus.readers.blocks import Block, Fault, Parsed, file_fault, row_fault
from corpus.readers.decoding import decode
from corpus.readers.fields import sides, to_documents
from corpus.readers.frames import frame_block, read_frame
from corpus.readers.inputs import InputFile
from corpus.readers.splitting import LINES, split_records
from corpus.readers.streams import ByteStream
from corpus.sources import Source


class _Side:
    """Lines of one file that wait for those of the others; None stands for a line that was too long."""

    def __init__(self, path: str, source: Source, block_bytes: int) -> None:
        self.stream = ByteStream(path, source.encoding)
        self.path = path
        self.lines: list[bytes | None] = []
        self.faults: list[Fault] = []
        self.num_lines = 0
        self._blocks = split_records(self.stream, LINES, path, "moses", block_bytes)

    def fill(self) -> None:
        """Wait until there are lines, or the file is at its end."""
        while not self.lines and (block := next(self._blocks, None)) is not None:
            self.faults.extend(block.faults)
            self.num_lines += block.num_rows
            if block.payload:
                self.lines.extend(block.payload.removesuffix(b"\n").split(b"\n"))
            elif block.num_rows:
                self.lines.append(None)


def cut(file: InputFile, source: Source, block_bytes: int) -> Iterator[Block]:
    """Cut all sides at the same lines; what one side has more than the others is a fault and left out."""
    opened = [_Side(path, source, block_bytes) for path in file.parts]
    row = 1
    try:
        while True:
            for side in opened:
                side.fill()
            count = min(len(side.lines) for side in opened)
            if not count:
                break
            columns = {name: side.lines[:count] for name, side in zip(sides(source), opened, strict=True)}
            rows = pl.int_range(row, row + count, dtype=pl.Int64, eager=True).alias("row")
            frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.Binary())).with_columns(rows)
            faults = tuple(
                fault
                for side in opened
                for fault in side.faults
                if (fault.row or 0) in range(row, row + count)
            )
            yield frame_block(file.path, file.format, row, count, frame, faults)
            row += count
            for side in opened:
                del side.lines[:count]
                side.faults = [fault for fault in side.faults if fault not in faults]
        faults = (
            *(fault for side in opened for fault in side.faults if fault.row is None),
            *_unequal(opened, file),
        )
        if faults:
            yield Block(path=file.path, format=file.format, first_row=row, num_rows=0, faults=faults)
    finally:
        for side in opened:
            side.stream.close()


def parse(block: Block, source: Source) -> Parsed:
    """Pairs of lines; a pair with a side that is not UTF-8 is a fault."""
    frame = read_frame(block)
    names = sides(source)
    whole = frame.filter(pl.all_horizontal(pl.col(name).is_not_null() for name in names))
    texts = whole.with_columns(decode(whole[name]).str.strip_chars_end("\r").alias(name) for name in names)
    unreadable = texts.select(pl.any_horizontal(pl.col(name).is_null() for name in names)).to_series()
    faults = [
        row_fault(block.path, row, "invalid_utf8", "a side of the pair is not UTF-8", b" | ".join(contents))
        for row, *contents in whole.filter(unreadable).select("row", *names).iter_rows()
    ]
    return Parsed(to_documents(texts.filter(~unreadable), source), faults)


def _unequal(opened: list[_Side], file: InputFile) -> list[Fault]:
    for side in opened:
        while side.lines:
            side.lines.clear()
            side.fill()
    counts = [side.num_lines for side in opened]
    if len(set(counts)) == 1:
        return []
    told = ", ".join(f"{side.path} has {count} lines" for side, count in zip(opened, counts, strict=True))
    detail = f"{told}; the first {min(counts)} pairs are kept, check that they are aligned"
    return [file_fault(file.path, 0, "unequal_sides", detail)]
