"""Daad: fold, signatures and bands by thread and row group, then clusters over all documents.

The kernels release the GIL, so that threads share the cores; only as many row groups
as there are threads are in memory at a time, and they are read again for the documents that stay.
"""

# ruff: noqa: E402  the threads of polars have to be set before it is imported

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from corpus_files import MINIMUM_SIMILARITY, NUM_BANDS, NUM_PERM, ROWS_PER_BAND, input_files, read_options

OPTIONS = read_options()
os.environ["POLARS_MAX_THREADS"] = "1"  # read when polars is imported; the threads here are ours

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from corpus.dedup import band_keys, near_clusters, signatures
from corpus.dedup.settings import NearDuplicates
from corpus.fold import fold

SETTINGS = NearDuplicates(
    num_perm=NUM_PERM,
    bands=NUM_BANDS,
    rows_per_band=ROWS_PER_BAND,
    minimum_similarity=MINIMUM_SIMILARITY,
)


def main() -> None:
    """Sign all documents, cluster them, write the ones that stay."""
    tasks = [
        (path, group) for path in input_files(OPTIONS) for group in range(pq.ParquetFile(path).num_row_groups)
    ]
    with ThreadPoolExecutor(OPTIONS.threads) as pool:
        signed = np.concatenate(list(pool.map(_sign, *zip(*tasks, strict=True))))
    bands = band_keys(signed, SETTINGS)
    clusters = near_clusters(lambda band: bands[band], signed, SETTINGS)
    _write(tasks, clusters)


def _sign(path: Path, group: int) -> npt.NDArray[np.uint32]:
    texts = pl.Series(pl.from_arrow(pq.ParquetFile(path).read_row_group(group, columns=["text"])["text"]))
    return signatures(fold(texts), SETTINGS)


def _write(tasks: list[tuple[Path, int]], clusters: npt.NDArray[np.int64]) -> None:
    """Read the parts once more and write the first document of each cluster, while threads read ahead."""
    first_of_cluster = clusters == np.arange(len(clusters))
    starts = np.cumsum(
        [0, *(pq.ParquetFile(path).metadata.row_group(group).num_rows for path, group in tasks)]
    )
    ids: list[pa.ChunkedArray] = []

    def read(number: int) -> tuple[pa.Table, pa.ChunkedArray]:
        path, group = tasks[number]
        documents = pq.ParquetFile(path).read_row_group(group)
        stays = first_of_cluster[starts[number] : starts[number + 1]]
        return documents.filter(pa.array(stays)), documents["id"]

    schema = pq.read_schema(tasks[0][0])
    with (
        ThreadPoolExecutor(OPTIONS.threads) as pool,
        pq.ParquetWriter(OPTIONS.output / "kept.parquet", schema, compression="zstd") as kept,
    ):
        waiting: deque[Future[tuple[pa.Table, pa.ChunkedArray]]] = deque()
        for number in range(len(tasks)):
            waiting.append(pool.submit(read, number))
            ahead = OPTIONS.threads if number < len(tasks) - 1 else 0
            while len(waiting) > ahead:
                documents, group_ids = waiting.popleft().result()
                kept.write_table(documents)
                ids.append(group_ids)
    table = pa.table(
        {"id": pa.concat_arrays([chunk for part in ids for chunk in part.chunks]), "cluster": clusters}
    )
    pq.write_table(table, OPTIONS.output / "clusters.parquet", compression="zstd")


if __name__ == "__main__":
    main()
