"""datatrove: its four MinHash steps with local executors, one task per core, Arabic word splitter (spaCy).

It checks no candidates: documents that share a band are duplicates. Its clusters are read from the cluster ids that
its third step can save.
"""

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from corpus_files import (
    NUM_BANDS,
    ROWS_PER_BAND,
    SHINGLE_WORDS,
    Options,
    read_options,
    write_result_by_file,
)
from datatrove.data import Document
from datatrove.executor.local import LocalPipelineExecutor
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.dedup import MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupBuckets
from datatrove.pipeline.readers import ParquetReader
from datatrove.pipeline.writers import ParquetWriter
from datatrove.utils.hashing import HashConfig
from datatrove.utils.typeshelper import Languages

NUM_TASKS = 8


def main() -> None:
    """Signatures, pairs band by band, clusters, filter; then its result in the form that all contenders leave."""
    options = read_options()
    work = Path(tempfile.mkdtemp(dir=options.output))
    try:
        clusters = _run(options, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    write_result_by_file(options, clusters)


def _run(options: Options, work: Path) -> np.ndarray:
    config = MinhashConfig(
        n_grams=SHINGLE_WORDS,
        num_buckets=NUM_BANDS,
        hashes_per_bucket=ROWS_PER_BAND,
        hash_config=HashConfig(precision=32, hash_fc="xxhash"),
    )
    reader = ParquetReader(str(options.input / "parquet"), glob_pattern="*.parquet")
    folders = {name: str(work / name) for name in ("signatures", "pairs", "clusters", "kept", "removed")}
    steps: list[tuple[int, list[PipelineStep]]] = [
        (
            NUM_TASKS,
            [
                reader,
                MinhashDedupSignature(
                    folders["signatures"], config, language=Languages.standard_arabic__arab
                ),
            ],
        ),
        (NUM_BANDS, [MinhashDedupBuckets(folders["signatures"], folders["pairs"], config=config)]),
        (
            1,
            [MinhashDedupCluster(folders["pairs"], folders["clusters"], config=config, save_cluster_id=True)],
        ),
        (
            NUM_TASKS,
            [
                reader,
                MinhashDedupFilter(
                    folders["clusters"],
                    exclusion_writer=ParquetWriter(folders["removed"], adapter=_row),
                    load_cluster_ids=True,
                ),
                ParquetWriter(folders["kept"], adapter=_row),
            ],
        ),
    ]
    for number, (tasks, pipeline) in enumerate(steps):
        LocalPipelineExecutor(
            pipeline=pipeline,
            tasks=tasks,
            workers=options.threads,
            logging_dir=str(work / f"logs-{number}"),
        ).run()
    return _clusters(work)


def _row(_writer: ParquetWriter, document: Document) -> dict[str, object]:
    """A plain row: the writer's own would leave out the number 0, and with it the column."""
    return {
        "id": int(document.id),
        "text": document.text,
        "cluster": document.metadata.get("minhash_cluster_id", -1),
    }


def _clusters(work: Path) -> np.ndarray:
    """Its cluster ids, turned into the smallest document number of each cluster."""
    numbers, labels = [], []
    for path in sorted((*(work / "kept").glob("*.parquet"), *(work / "removed").glob("*.parquet"))):
        rows = pq.ParquetFile(path).read()
        numbers += [int(number) for number in rows["id"].to_pylist()]
        labels += rows["cluster"].to_pylist()
    clusters = np.arange(len(numbers))
    first: dict[int, int] = {}
    for number, label in sorted(zip(numbers, labels, strict=True)):
        if label >= 0:
            clusters[number] = first.setdefault(label, number)
    return clusters


if __name__ == "__main__":
    main()
