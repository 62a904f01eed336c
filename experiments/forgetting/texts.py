"""The corpus of the experiment: training text, held-out text that nothing has learned from, and parallel documents.

It is the user's corpus, less the documents that are neither (`experiments.made_texts`). Parallel documents are made of
training pairs alone.
"""

from pathlib import Path
from typing import Any

import polars as pl
from tqdm import tqdm

from corpus.mixture.sizes import measure
from corpus.pipeline.atomic import read_json, write_json
from corpus.pipeline.finished import within
from experiments.errors import ExperimentError
from experiments.forgetting.parallel_documents import SOURCE, parallel_documents
from experiments.forgetting.settings import Texts
from experiments.made_texts import as_shard, kept, made_before, write_shard

FORMAT = 1
_PARALLEL_SHARD = "shards/parallel_text-00000.parquet"


def make_texts(settings: Texts, output: Path) -> dict[str, Any]:
    """Write the corpus unless it is there, and return its manifest.

    Raises:
        CorpusError: The user's corpus is not finished.
        ExperimentError: Texts of other settings are there, or the corpus has no pairs.
    """
    _, sha256 = measure(Path(settings.corpus))
    made_from = {
        "format": FORMAT,
        "corpus_manifest_sha256": sha256,
        "validation_share": settings.validation_share,
        "held_out": settings.held_out,
    }
    made = made_before(output, made_from)
    if made is not None:
        return made
    shards, pairs = [], []
    of_corpus = read_json(Path(settings.corpus, "manifest.json"))
    sources = of_corpus.get("config", {}).get("sources", [])
    closed = {source["name"] for source in sources if not source.get("examples", True)}
    for shard in tqdm(of_corpus["shards"], desc="texts", unit="shard"):
        stays = kept(
            pl.read_parquet(within(Path(settings.corpus), shard["path"])),
            settings.validation_share,
            settings.held_out,
        )
        pairs.append(stays.filter(~pl.col("validation") & pl.col("pair").is_not_null()))
        shards.append(write_shard(output, shard["path"], stays.drop("validation"), shard["source"]))
    paired = pl.concat(pairs)
    parallel = parallel_documents(paired, closed)
    if not parallel.height:
        raise ExperimentError(f"{settings.corpus}: holds no pairs of texts to make parallel documents of")
    share = int(parallel["arabic_bytes"].sum()) / int(parallel["text"].str.len_bytes().sum())
    shards.append(write_shard(output, _PARALLEL_SHARD, as_shard(parallel), SOURCE))
    manifest = {
        "made_from": made_from,
        "shards": shards,
        "arabic_share_of_parallel": share,
        "without_instruction": sorted(closed & set(paired["source"])),
    }
    write_json(output / "manifest.json", manifest)
    return manifest
