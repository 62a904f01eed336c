"""text-dedup: its MinHash job as its command runs it, one process per core, candidates checked on texts."""

import os
import tempfile
from pathlib import Path

# a benchmark must neither reach for a hub nor find what an earlier run left in a cache
os.environ["HF_HUB_OFFLINE"] = os.environ["HF_DATASETS_OFFLINE"] = "1"

import numpy as np
from corpus_files import (
    MINIMUM_SIMILARITY,
    NUM_BANDS,
    NUM_PERM,
    ROWS_PER_BAND,
    SHINGLE_WORDS,
    Options,
    input_files,
    read_options,
    write_result_by_file,
)
from text_dedup import minhash
from text_dedup.config.base import load_config_from_toml

_CONFIG = """
[input]
input_type = "local_files"
file_type = "parquet"
[input.read_arguments]
path = "parquet"
data_files = {files}
split = "train"
cache_dir = "{cache}"
[algorithm]
algorithm_name = "minhash"
text_column = "text"
num_perm = {num_perm}
bands = {bands}
rows = {rows}
ngram_size = {ngram}
threshold = {threshold}
hash_bits = 32
min_length = 1
check_false_positive = true
seed = 1
num_proc = {threads}
[output]
output_dir = "{output}"
skip_filtering = true
keep_index_column = true
keep_cluster_column = true
[debug]
"""


def main() -> None:
    """Run it, then bring its result into the form that all contenders leave."""
    options = read_options()
    with tempfile.TemporaryDirectory(dir=options.output) as cache:
        clusters = _run(options, Path(cache))
    write_result_by_file(options, clusters)


def _run(options: Options, cache: Path) -> np.ndarray:
    config_path = cache / "config.toml"
    config_path.write_text(
        _CONFIG.format(
            files=[str(path) for path in input_files(options)],
            cache=cache,
            output=cache / "result",
            threads=options.threads,
            num_perm=NUM_PERM,
            bands=NUM_BANDS,
            rows=ROWS_PER_BAND,
            ngram=SHINGLE_WORDS,
            threshold=MINIMUM_SIMILARITY,
        ),
        "utf-8",
    )
    minhash.main(load_config_from_toml(config_path))
    from datasets import load_from_disk

    result = load_from_disk(str(cache / "result")).sort("id")
    found = np.array(result["__CLUSTER__"], np.int64)
    smallest = np.full(len(found), len(found))
    np.minimum.at(smallest, found, np.arange(len(found)))
    return smallest[found]


if __name__ == "__main__":
    main()
