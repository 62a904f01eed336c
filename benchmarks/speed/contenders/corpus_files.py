"""What every contender reads and leaves behind, so that all of them do the same work from file to file.

In: `parquet/part-*.parquet` with id, text, language. Out: `clusters.parquet` (id, cluster: the smallest id of
those alike) and `kept.parquet` (id, text, language of the first document of each cluster), zstd.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

NUM_PERM = 128
NUM_BANDS = 16
ROWS_PER_BAND = 8
SHINGLE_WORDS = 5
MINIMUM_SIMILARITY = 0.7
"""Estimated similarity from which a candidate pair counts, in every tool that can check its candidates."""


class Options(NamedTuple):
    """Where the corpus is, where the result goes, and how many cores there are."""

    input: Path
    output: Path
    threads: int


def read_options() -> Options:
    """The command line that all contenders share."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--input", type=Path, required=True, help="directory that generate.py wrote")
    parser.add_argument(
        "--output", type=Path, required=True, help="directory for clusters and kept documents"
    )
    parser.add_argument("--threads", type=int, default=1, help="number of cores to use")
    options = Options(**vars(parser.parse_args()))
    options.output.mkdir(parents=True, exist_ok=True)
    return options


def input_files(options: Options) -> list[Path]:
    """The parts of the corpus in order; documents are numbered through them from 0."""
    files = sorted((options.input / "parquet").glob("part-*.parquet"))
    if not files:
        raise SystemExit(f"{options.input}: no parquet/part-*.parquet; make them with generate.py")
    return files


def read_table(options: Options) -> pa.Table:
    """All documents at once."""
    return pa.concat_tables(pq.read_table(path) for path in input_files(options)).combine_chunks()


def word_shingles(text: str) -> list[str]:
    """Five neighboring words each, cut at blanks; for tools that leave cutting to the user."""
    words = text.split()
    starts = range(max(1, len(words) - SHINGLE_WORDS + 1))
    return [" ".join(words[start : start + SHINGLE_WORDS]) for start in starts]


def clusters_of(pairs: Iterable[tuple[int, int]], num_documents: int) -> npt.NDArray[np.int64]:
    """For each document the smallest number that it is connected with."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = np.array(list(pairs), np.int64).reshape(-1, 2)
    ones = np.ones(len(edges), np.bool_)
    graph = coo_array((ones, (edges[:, 0], edges[:, 1])), shape=(num_documents, num_documents))
    _, component = connected_components(graph, directed=False)
    smallest = np.full(num_documents, num_documents)
    np.minimum.at(smallest, component, np.arange(num_documents))
    return smallest[component]


def write_result(options: Options, documents: pa.Table, clusters: npt.NDArray[np.int64]) -> None:
    """Write the cluster of each document and the documents that stay."""
    pq.write_table(
        pa.table({"id": documents["id"], "cluster": clusters}),
        options.output / "clusters.parquet",
        compression="zstd",
    )
    kept = documents.filter(pa.array(clusters == np.arange(len(clusters))))
    pq.write_table(kept, options.output / "kept.parquet", compression="zstd")


def write_result_by_file(options: Options, clusters: npt.NDArray[np.int64]) -> None:
    """The same, with one file's documents in memory at a time."""
    stays = clusters == np.arange(len(clusters))
    kept: pq.ParquetWriter | None = None
    start = 0
    for path in input_files(options):
        documents = pq.read_table(path)
        end = start + len(documents)
        kept = kept or pq.ParquetWriter(options.output / "kept.parquet", documents.schema, compression="zstd")
        kept.write_table(documents.filter(pa.array(stays[start:end])))
        start = end
    assert start == len(clusters)
    if kept:
        kept.close()
    pq.write_table(
        pa.table({"id": np.arange(len(clusters)), "cluster": clusters}),
        options.output / "clusters.parquet",
        compression="zstd",
    )
