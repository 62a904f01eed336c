"""A corpus becomes a directory of token files: what is there already, what is missing, and the manifest of it.

train/NAME.bin, .idx, .documents.parquet         one set for each source, language and domain
validation/NAME.bin, .idx, .documents.parquet    of the documents that are never trained on
manifest.json                                    settings, tokenizer, counts and digests; `run` holds what varies
"""

import re
import shutil
import time
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from tqdm import tqdm

from corpus.mixture.sizes import Component, measure
from corpus.pipeline.atomic import atomic_path, read_json, remove_partials, write_json
from corpus.pipeline.layout import digest
from corpus.pipeline.lock import held
from corpus.pipeline.workers import Workers
from nemo_recipes.data.encoders import choose_kind
from nemo_recipes.data.megatron_files import index_size
from nemo_recipes.data.merge import MergeTask, PartFiles, find_leaks, merge
from nemo_recipes.data.part import PartTask, encode_part
from nemo_recipes.data.settings import Tokens
from nemo_recipes.data.split import SPLITS
from nemo_recipes.data.tokenizer import open_tokenizer
from nemo_recipes.errors import PretrainingError

FORMAT = 1
"""Raised whenever the same corpus, tokenizer and settings would give other files."""

_PART_BYTES = 16_000_000
_SAMPLE_DOCUMENTS = 50
_SAMPLE_SHARDS = 16
_PACKAGES = ("numpy", "polars", "pyarrow", "sentencepiece", "tokenizers")


def encode(settings: Tokens) -> dict[str, Any]:
    """Make the token files, or what is left of them, and return the manifest.

    Raises:
        PretrainingError: No usable tokenizer, or the directory holds token files of something else.
        CorpusError: No finished corpus is there.
    """
    started = time.time()
    tokenizer = open_tokenizer(settings.tokenizer, settings.end_piece)
    if settings.begin_of_document and tokenizer.begin_id is None:
        raise PretrainingError(
            f"{tokenizer.path}: has no begin-of-text piece: set begin_of_document to false"
        )
    components, corpus_sha256 = measure(Path(settings.corpus))
    if not components:
        raise PretrainingError(
            f"{settings.corpus}: the corpus holds no documents: its card says what was dropped"
        )
    shards = sorted({shard.path for component in components for shard in component.shards})
    output = Path(settings.output_dir)
    busy = PretrainingError(
        f"{output}: token files are being made here already; wait for it or choose another directory"
    )
    with held(output / ".lock", busy):
        remove_partials(output)
        sources = [Path(settings.corpus, shard) for shard in shards]
        encoder = choose_kind(tokenizer, _sample(sources))
        plan = {
            "format": FORMAT,
            "config": settings.decisive(),
            "corpus_manifest_sha256": corpus_sha256,
            "tokenizer": tokenizer.described(),
            "encoder": encoder,
        }
        versions = {name: version(name) for name in _PACKAGES}
        made = _finished(output, plan)
        if made:
            return made
        work = output / "work" / digest([plan, versions])
        names = [(component.source, component.language, component.domain) for component in components]
        groups = [(shard, rows) for shard in sources for rows in _row_groups(shard)]
        tasks = [
            PartTask(
                number=number,
                shard=shard,
                row_groups=rows,
                components=names,
                tokenizer=tokenizer,
                encoder=encoder,
                validation_share=settings.validation_share,
                begin_of_document=settings.begin_of_document,
                directory=work,
            )
            for number, (shard, rows) in enumerate(groups)
        ]
        with Workers(min(settings.num_workers, len(tasks))) as workers:
            encoded = _encode_all(tasks, sum(component.documents for component in components), workers)
            parts = _merge_all(tasks, components, Path(settings.corpus), output, workers)
        manifest = plan | {
            "versions": versions,
            "vocabulary_digest": tokenizer.vocabulary_digest(),
            "dtype": tokenizer.dtype,
            "parts": parts,
            "totals": _totals(parts),
        }
        manifest["run"] = {
            "corpus": settings.corpus,
            "tokenizer": settings.tokenizer,
            "workers": settings.num_workers,
            "text_bytes": sum(summary["bytes"] for summary in encoded),
            "seconds": round(time.time() - started, 3),
        }
        write_json(output / "manifest.json", manifest)
        shutil.rmtree(output / "work")
    return manifest


def _encode_all(tasks: Sequence[PartTask], documents: int, workers: Workers) -> list[dict[str, Any]]:
    summaries = []
    with tqdm(
        total=documents, desc=f"{'encode':<12}", unit="document", unit_scale=True, dynamic_ncols=True
    ) as bar:
        for summary in workers.map(encode_part, tasks):
            summaries.append(summary)
            bar.update(summary["documents"])
    return summaries


def _merge_all(
    tasks: Sequence[PartTask], components: Sequence[Component], corpus: Path, output: Path, workers: Workers
) -> list[dict[str, Any]]:
    files = [PartFiles(tokens=task.tokens, documents=task.documents) for task in tasks]
    leaked = tasks[0].directory / "leaked.npy"
    with atomic_path(leaked) as partial, partial.open("wb") as file:
        np.save(file, find_leaks(files))
    names = file_names(components)
    merges: list[MergeTask] = []
    for number, component in enumerate(components):
        held = {corpus / shard.path for shard in component.shards}
        own = [part for part, task in zip(files, tasks, strict=True) if task.shard in held]
        merges += [
            MergeTask(
                component=number,
                split=split,
                parts=own,
                dtype=tasks[0].tokenizer.dtype,
                leaked=leaked,
                prefix=output / split / names[number],
            )
            for split in SPLITS
        ]
    results = []
    with tqdm(total=len(merges), desc=f"{'merge':<12}", unit="file", dynamic_ncols=True) as bar:
        for result in workers.map(merge, merges):
            results.append(result)
            bar.update()
    return [
        {
            "name": name,
            "source": component.source,
            "language": component.language,
            "domain": component.domain,
            "kind": component.kind,
            "words": component.words,
            "train": results[2 * number],
            "validation": results[2 * number + 1],
        }
        for number, (component, name) in enumerate(zip(components, names, strict=True))
    ]


def file_names(components: Sequence[Component]) -> list[str]:
    """A file name for each component; a number is added where two would be the same.

    >>> one = Component(source="wiki", language="ar", domain="long/reads", kind="natural", shards=())
    >>> file_names([one, one])
    ['wiki-ar-long_reads', 'wiki-ar-long_reads-2']
    """
    names: list[str] = []
    for component in components:
        plain = "-".join(
            re.sub(r"[^\w.]+", "_", word) or "none"
            for word in (component.source, component.language, component.domain)
        )
        same = sum(re.sub(r"-\d+$", "", name) == plain or name == plain for name in names)
        names.append(f"{plain}-{same + 1}" if same else plain)
    return names


def _totals(parts: Sequence[dict[str, Any]]) -> dict[str, dict[str, dict[str, int]]]:
    """Documents, bytes and tokens by split and language."""
    totals: dict[str, dict[str, dict[str, int]]] = {split: {} for split in SPLITS}
    for part in parts:
        for split in SPLITS:
            sums = totals[split].setdefault(part["language"], {"documents": 0, "bytes": 0, "tokens": 0})
            for name in sums:
                sums[name] += part[split][name]
    return totals


def _row_groups(shard: Path) -> Iterator[list[int]]:
    """Consecutive row groups of about _PART_BYTES."""
    try:
        metadata = pq.ParquetFile(shard).metadata
    except (OSError, ValueError) as error:
        raise PretrainingError(f"{shard}: the shard cannot be read: build the corpus again") from error
    group: list[int] = []
    size = 0
    for number in range(metadata.num_row_groups):
        more = metadata.row_group(number).total_byte_size
        if group and size + more > _PART_BYTES:
            yield group
            group, size = [], 0
        group.append(number)
        size += more
    if group:
        yield group


def _sample(shards: Sequence[Path]) -> pl.Series:
    """The first texts of some shards, to compare encoders on."""
    some = shards[:: max(1, len(shards) // _SAMPLE_SHARDS)]
    return pl.concat(
        pl.scan_parquet(shard).select("text").head(_SAMPLE_DOCUMENTS).collect()["text"] for shard in some
    )


def _finished(output: Path, plan: dict[str, Any]) -> dict[str, Any] | None:
    """The manifest of token files that are there and whole.

    Raises:
        PretrainingError: They are of another corpus, tokenizer or setting.
    """
    path = output / "manifest.json"
    if not path.exists():
        return None
    manifest: dict[str, Any] = read_json(path)
    other = [name for name, value in plan.items() if manifest.get(name) != value]
    if other:
        raise PretrainingError(
            f"{output} holds token files of another {', '.join(other)}: choose another directory, or delete this one"
        )
    return manifest if _is_whole(output, manifest) else None


def _is_whole(output: Path, manifest: dict[str, Any]) -> bool:
    """Whether all files of a manifest are there and have their size."""
    itemsize = np.dtype(manifest["dtype"]).itemsize
    for part in manifest["parts"]:
        for split in SPLITS:
            sizes = {"bin": part[split]["tokens"] * itemsize, "idx": index_size(part[split]["documents"])}
            paths = {ending: output / split / f"{part['name']}.{ending}" for ending in sizes}
            if not all(
                path.is_file() and path.stat().st_size == sizes[ending] for ending, path in paths.items()
            ):
                return False
            if not (output / split / f"{part['name']}.documents.parquet").is_file():
                return False
    return True
