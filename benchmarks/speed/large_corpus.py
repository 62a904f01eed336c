"""The files of a corpus that is larger than memory, and what was planted in it.

Documents come from `many_documents.py` in Parquet files of FILE_DOCUMENTS each. A document depends on no later one, so
the first files of a large corpus are a small corpus, and one set of files serves all sizes.
"""

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from many_documents import ManyPlan, Pools, pack, texts
from tqdm import tqdm
from word_pools import load_word_pools

FILE_DOCUMENTS = 1 << 17
_ROWS_AT_ONCE = 1 << 12


def make_files(plan: ManyPlan, folder: Path, num_files: int) -> list[Path]:
    """The first files of the corpus; those that stand already are not made again."""
    paths = [folder / f"part-{number:04d}.parquet" for number in range(num_files)]
    missing = [(number, path) for number, path in enumerate(paths) if not path.exists()]
    if missing:
        folder.mkdir(parents=True, exist_ok=True)
        pools = pack(load_word_pools(), plan)
        for number, path in tqdm(missing, "generate", unit="file"):
            _write(plan, pools, path, number * FILE_DOCUMENTS)
    return paths


def _write(plan: ManyPlan, pools: Pools, path: Path, first: int) -> None:
    schema = pa.schema({"id": pa.string(), "text": pa.large_string()})
    partial = path.with_suffix(f".{os.getpid()}.partial")
    with pq.ParquetWriter(partial, schema, compression="zstd", compression_level=1) as writer:
        for start in range(first, first + FILE_DOCUMENTS, _ROWS_AT_ONCE):
            numbers = np.arange(start, start + _ROWS_AT_ONCE)
            ids = pa.array(numbers.astype(str).tolist(), pa.string())
            writer.write_table(pa.table([ids, texts(plan, pools, numbers)], schema=schema))
    partial.replace(path)


def text_bytes(path: Path) -> int:
    """Size of a file's texts in UTF-8."""
    file = pq.ParquetFile(path)
    columns = (file.read_row_group(group, columns=["text"])["text"] for group in range(file.num_row_groups))
    return sum(pc.sum(pc.binary_length(column)).as_py() for column in columns)
