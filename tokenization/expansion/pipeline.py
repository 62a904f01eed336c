"""The expansion as a whole: sample, learn, measure, choose, and write each size proven."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from corpus.pipeline.atomic import read_json, sha256_of, write_json, write_parquet
from corpus.pipeline.layout import digest
from tokenization.base import Additions, Base, Evidence
from tokenization.errors import TokenizationError
from tokenization.expand_config import ExpandConfig
from tokenization.expansion import workplace
from tokenization.expansion.curve import choose, measure_curve
from tokenization.expansion.manifest import (
    fertility_rows,
    files_of,
    reserve_for,
    rows_of,
    shard_rows,
    versions,
)
from tokenization.expansion.page import render
from tokenization.expansion.piece_table import additions_of, piece_table
from tokenization.expansion.proven import MANIFEST, put_in_place, require, staged
from tokenization.load_base import load_base
from tokenization.proofs.proof import Proof
from tokenization.sample import (
    Sample,
    find_shards,
    held_out_documents,
    place_of,
    read_documents,
    sample_words,
    sampled_documents,
)

_PROOF_CHARACTERS = 2_000_000


@dataclass(frozen=True)
class _Job:
    """What all steps need."""

    config: ExpandConfig
    base: Base
    shards: Sequence[Path]
    work: Path  # what this config and corpus have left, to go on from


def expand(config: ExpandConfig) -> dict[str, Any]:
    """Expand, or what is left of it, and return the manifest.

    Raises:
        TokenizationError: A mistake in the config, unusable input, or a proof that failed.
    """
    started = time.time()
    base = load_base(config.base)
    _check_phrases(config, base)
    shards = find_shards(config.corpus)
    plan = {
        "versions": versions(),
        "config": config.decisive(),
        "base": sha256_of(base.path),
        "shards": shard_rows(shards),
    }
    output_dir = Path(config.output_dir)
    with workplace.held(output_dir):
        finished = workplace.finished(output_dir, plan, update=config.update)
        if finished is not None:
            return finished
        job = _Job(config, base, shards, workplace.directory_for(output_dir, digest(plan)))
        sample, additions = _learn(job)
        curve = _curve(job, additions)
        pieces = _decide(config, base, additions, curve)
        with staged(output_dir) as directory:
            common = _common(job, sample, plan)
            for number in config.series:
                target = directory / "series" / str(number)
                _write(job, additions.first(number), curve, target, common)
            manifest = _write(job, additions.first(pieces), curve, directory, common)
            manifest["run"] = {
                "seconds": round(time.time() - started, 1),
                "base_path": str(base.path),
                "output_dir": config.output_dir,
            }
            write_json(directory / MANIFEST, manifest)
            put_in_place(directory, output_dir)
    return manifest


def evidence_from(shards: Sequence[Path], config: ExpandConfig) -> Evidence:
    """The documents of the shards, or the part that is to be tried, so many characters at a time."""
    part = 1.0
    if config.prove_megabytes:
        sizes = pl.scan_parquet(list(shards)).select(pl.col("characters").sum()).collect()
        part = config.prove_megabytes * 1_000_000 / max(int(sizes.item()), 1)

    def texts() -> Iterator[list[str]]:
        for documents in read_documents(shards, "prove", ("id", "text", "characters")):
            tried = documents.filter(place_of(documents) < part) if part < 1 else documents
            batch = tried["characters"].cum_sum() // _PROOF_CHARACTERS
            for (_,), group in tried.group_by(batch, maintain_order=True):
                yield group["text"].to_list()

    return Evidence(texts=texts, seed=config.seed)


def _learn(job: _Job) -> tuple[Sample, Additions]:
    """The sample and the most pieces that any size needs; from an earlier run where it stopped after this."""
    paths = [job.work / f"{name}.parquet" for name in ("words", "strata", "additions")]
    if not all(path.exists() for path in paths[:2]):
        sample = sample_words(
            job.shards,
            job.config.sample,
            job.config.languages,
            starts_with_space=job.base.starts_with_space,
        )
        write_parquet(paths[0], sample.words)
        write_parquet(paths[1], sample.strata)
    sample = Sample(pl.read_parquet(paths[0]), pl.read_parquet(paths[1]))
    if not paths[2].exists():
        write_parquet(paths[2], piece_table(_additions(job, sample), [], job.base.size))
    return sample, additions_of(pl.read_parquet(paths[2]))


def _additions(job: _Job, sample: Sample) -> Additions:
    """Pieces within words, and phrases after them where the config asks for some."""
    config = job.config
    number = _most_pieces(config, job.base)
    within = job.base.learn(sample.words, number - config.phrases, clitic_share=config.clitic_share)
    if not config.phrases or job.base.add_phrases is None:
        return within
    from tokenization.phrases import MOST_WORDS

    def running_text() -> Iterator[pl.Series]:
        for documents in sampled_documents(job.shards, config.sample, sample.strata, "phrases", MOST_WORDS):
            yield documents["text"]

    return job.base.add_phrases(within, sample.words, running_text, config.phrases)


def _check_phrases(config: ExpandConfig, base: Base) -> None:
    """Refuse phrases before anything is read.

    Raises:
        TokenizationError: The base has no use for them, or they would not be the last of the new pieces.
    """
    if not config.phrases:
        return
    if base.add_phrases is None:
        raise TokenizationError(
            f"{config.base}: a {base.kind} base cuts text into words before it joins anything, so that phrases are "
            "never made: leave phrases out, or choose a SentencePiece base"
        )
    wanted = _wanted(config, base)
    if config.phrases >= wanted:
        raise TokenizationError(
            f"phrases must be fewer than the {wanted:,} new pieces, got {config.phrases:,}"
        )
    if max(config.series, default=0) > wanted:
        raise TokenizationError(
            f"series must not go beyond the {wanted:,} new pieces where phrases end them, got {config.series[-1]:,}"
        )


def _most_pieces(config: ExpandConfig, base: Base) -> int:
    """As many pieces as the largest size needs."""
    return max([_wanted(config, base) or config.choice.most_pieces, *config.series])


def _wanted(config: ExpandConfig, base: Base) -> int:
    """How many new pieces are asked for; 0 where the curve chooses.

    Raises:
        TokenizationError: The size asked for leaves no room for new pieces.
    """
    if config.size == "auto":
        return config.pieces
    if config.size <= base.size:
        raise TokenizationError(
            f"size must be above the base's {base.size:,} pieces, got {config.size:,}: new pieces come on top"
        )
    return config.size - base.size


def _curve(job: _Job, additions: Additions) -> pl.DataFrame:
    """Fertility of held-out documents against size."""
    path = job.work / "curve.parquet"
    if not path.exists():
        documents = held_out_documents(job.shards, job.config.sample, job.config.languages)
        if documents.is_empty():
            raise TokenizationError(
                f"{job.config.corpus}: too few documents, none falls among the "
                f"{job.config.sample.held_out_percent} % held out to measure on: give more text, or raise "
                "sample.held_out_percent"
            )
        with staged(job.work) as directory:
            job.base.write(additions, 0, directory)
            encode = job.base.load(directory)
            measured = measure_curve(encode, additions, job.base.size, documents, job.config.choice.step)
        write_parquet(path, measured)
    return pl.read_parquet(path)


def _decide(config: ExpandConfig, base: Base, additions: Additions, curve: pl.DataFrame) -> int:
    """How many new pieces there are to be.

    Raises:
        TokenizationError: The text holds fewer pieces than asked for.
    """
    wanted = _wanted(config, base)
    for number in (wanted, *config.series):
        if number > len(additions):
            raise TokenizationError(
                f"{config.corpus}: holds {len(additions):,} new pieces at most, not {number:,}: give more text, or ask "
                "for fewer pieces"
            )
    if not len(additions):
        raise TokenizationError(
            f"{config.base}: has the pieces of this text already, so there is nothing to add"
        )
    return wanted or choose(curve, config.choice)


def _common(job: _Job, sample: Sample, plan: dict[str, Any]) -> dict[str, Any]:
    """What the manifests of all sizes share."""
    base = {"name": job.config.base, "kind": job.base.kind, "sha256": plan["base"], "size": job.base.size}
    return {
        "config": plan["config"],
        "versions": plan["versions"],
        "base": base,
        "corpus": plan["shards"],
        "sample": {
            "words": sample.words.height,
            "occurrences": int(sample.words["count"].sum()),
            "strata": rows_of(sample.strata),
        },
    }


def _write(
    job: _Job, additions: Additions, curve: pl.DataFrame, directory: Path, common: dict[str, Any]
) -> dict[str, Any]:
    """Write one size into a staged directory, prove it, describe it.

    Raises:
        TokenizationError: A proof failed.
    """
    directory.mkdir(parents=True, exist_ok=True)
    num_reserve = reserve_for(job.base.size + len(additions), job.config.multiple)
    reserve = job.base.write(additions, num_reserve, directory)
    evidence = evidence_from(job.shards, job.config)
    proofs: list[Proof] = job.base.prove(additions, num_reserve, directory, evidence)
    require(proofs, f"{len(additions):,} new pieces")
    table = piece_table(additions, reserve, job.base.size)
    write_parquet(directory / "pieces.parquet", table)
    characters = list(additions.roles).count("character")
    manifest = common | {
        "sizes": {
            "base": job.base.size,
            "learned": len(additions) - characters,
            "characters": characters,
            "reserve": num_reserve,
            "total": job.base.size + table.height,
        },
        "fertility": fertility_rows(curve, len(additions)),
        "curve": rows_of(curve),
        "proofs": [proof.described() for proof in proofs],
    }
    (directory / "expansion.html").write_text(render(manifest, curve, table), encoding="utf-8")
    manifest |= {"files": files_of(directory)}
    write_json(directory / MANIFEST, manifest)
    return read_json(directory / MANIFEST)  # type: ignore[no-any-return]
