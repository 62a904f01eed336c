"""From a corpus to a tokenizer trained from scratch, proven as an expanded one is, the base's proofs apart."""

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from corpus.pipeline.atomic import write_json
from corpus.pipeline.layout import digest
from tokenization.expand_config import ExpandConfig
from tokenization.expansion import workplace
from tokenization.expansion.manifest import files_of, rows_of, shard_rows, versions
from tokenization.expansion.pipeline import evidence_from
from tokenization.expansion.proven import MANIFEST, put_in_place, require, staged
from tokenization.sample import find_shards, held_out_documents, weighted_documents
from tokenization.sentencepiece_base.claims import load_forms, prove_from_scratch
from tokenization.sentencepiece_base.scratch import train
from tokenization.sentencepiece_base.writing import write_tokenizer


def train_from_scratch(config: ExpandConfig) -> dict[str, Any]:
    """Train, prove, write, and return the manifest.

    Raises:
        TokenizationError: A mistake in the config, unusable input, or a proof that failed.
    """
    started = time.time()
    shards = find_shards(config.corpus)
    plan = {"versions": versions(), "config": config.decisive(), "shards": shard_rows(shards)}
    output_dir = Path(config.output_dir)
    with workplace.held(output_dir):
        finished = workplace.finished(output_dir, plan, update=config.update)
        if finished is not None:
            return finished
        strata, documents = weighted_documents(shards, config.sample, config.languages)
        threads = config.workers or len(os.sched_getaffinity(0))
        assert config.size != "auto"
        proto = train(_lines(documents), config.size, threads, config.multiple)
        with staged(output_dir) as directory:
            write_tokenizer(proto, directory)
            proofs = prove_from_scratch(proto, directory, evidence_from(shards, config))
            require(proofs, f"{len(proto.pieces):,} pieces from scratch")
            manifest = {
                "config": plan["config"],
                "versions": plan["versions"],
                "corpus": plan["shards"],
                "sample": {"strata": rows_of(strata)},
                "sizes": {
                    "base": 0,
                    "learned": config.size,
                    "characters": 0,
                    "reserve": len(proto.pieces) - config.size,
                    "total": len(proto.pieces),
                },
                "fertility": _fertility(directory, shards, config),
                "proofs": [proof.described() for proof in proofs],
                "files": files_of(directory),
                "run": {"seconds": round(time.time() - started, 1), "key": digest(plan)},
            }
            write_json(directory / MANIFEST, manifest)
            put_in_place(directory, output_dir)
    return manifest


def _lines(documents: Iterator[pl.DataFrame]) -> Iterator[str]:
    for frame in documents:
        for text in frame["text"].to_list():
            yield from filter(None, text.split("\n"))


def _fertility(directory: Path, shards: Sequence[Path], config: ExpandConfig) -> list[dict[str, Any]]:
    """Pieces per word of held-out documents by language."""
    encode = load_forms(directory)["sentencepiece"]
    documents = held_out_documents(shards, config.sample, config.languages)
    rows = []
    for (language,), chosen in documents.sort("language").group_by("language", maintain_order=True):
        taken = sum(map(len, encode(chosen["text"].to_list())))
        words = int(chosen["words"].sum())
        rows.append({"slice": language, "words": words, "base": None, "expanded": round(taken / words, 6)})
    return rows
