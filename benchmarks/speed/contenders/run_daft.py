"""Daft's own `minhash`, bands joined by its group-by, as its documentation shows it; clusters by SciPy.

It has no way to check candidates: documents that share a band are duplicates. Pairs leave Daft as the first of a band's
documents with each other one.
"""

import os

os.environ.setdefault("DAFT_PROGRESS_BAR", "0")
os.environ.setdefault("DO_NOT_TRACK", "true")

import daft
from corpus_files import (
    NUM_BANDS,
    NUM_PERM,
    ROWS_PER_BAND,
    SHINGLE_WORDS,
    clusters_of,
    input_files,
    read_options,
    write_result_by_file,
)
from daft import col


def main() -> None:
    """Sign, cut into bands, group, connect."""
    options = read_options()
    files = [str(path) for path in input_files(options)]
    signed = daft.read_parquet(files).select(
        "id",
        col("text")
        .minhash(num_hashes=NUM_PERM, ngram_size=SHINGLE_WORDS, seed=1, hash_function="xxhash")
        .cast(daft.DataType.list(daft.DataType.uint32()))
        .chunk(ROWS_PER_BAND)
        .alias("values"),
    )
    numbered = signed.with_column("band", daft.lit(list(range(NUM_BANDS)))).explode("values", "band")
    runs = (
        numbered.groupby("band", "values")
        .agg(col("id").min().alias("first"), col("id").list_agg(), col("id").count().alias("members"))
        .where(col("members") > 1)
    )
    found = runs.select("first", "id").explode("id").where(col("id") != col("first")).to_arrow()
    pairs = zip(found["first"].to_pylist(), found["id"].to_pylist(), strict=True)
    count = sum(daft.read_parquet([path]).count_rows() for path in files)
    write_result_by_file(options, clusters_of(pairs, count))


if __name__ == "__main__":
    main()
