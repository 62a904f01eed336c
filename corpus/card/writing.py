"""From a finished corpus directory to its card."""

import json
import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from corpus.card.account import Manifest, drop_reasons, showable_sources, stage_totals
from corpus.card.clusters import COPIES_SHOWN, shown_clusters
from corpus.card.documents import Document, choose_examples, contamination_findings, look_up, sum_contents
from corpus.card.losses import REASONS_WITH_EXAMPLES
from corpus.card.page import Evidence, render
from corpus.errors import CorpusError, cause_of
from corpus.privacy import Privacy, mask

EXAMPLES_PER_REASON = 3
KEPT_EXAMPLES_PER_LANGUAGE = 3
FINDINGS_SHOWN = 12

_NEEDED = (
    "config",
    "versions",
    "inputs",
    "counts",
    "lengths",
    "duplicates",
    "quarantine",
    "shards",
    "dropped",
)


def write_card(output_dir: Path) -> Path:
    """Write `card.html` from the manifest and Parquet files of a finished corpus, and return its path.

    The page depends on nothing that varies from run to run: the same corpus has the same card.

    Raises:
        CorpusError: The manifest or a file that it names is missing or cannot be read.
    """
    manifest = _read_manifest(output_dir / "manifest.json")
    try:
        page = render(manifest, _gather(output_dir, manifest))
    except (OSError, pl.exceptions.PolarsError) as error:
        cause = cause_of(error)
        raise CorpusError(
            f"{output_dir}: a file that manifest.json names cannot be read ({cause}): build the corpus again"
        ) from error
    path = output_dir / "card.html"
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(page, encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        cause = cause_of(error)
        raise CorpusError(f"{path}: cannot be read ({cause}): finish the build first") from error
    for name in _NEEDED:
        if name not in manifest:
            raise CorpusError(f"{path}: {name!r} is missing, a manifest must have it: build the corpus again")
    return manifest


def _gather(output_dir: Path, manifest: Manifest) -> Evidence:
    shards = _paths(output_dir, manifest["shards"])
    dropped = _paths(output_dir, manifest["dropped"])
    sources = showable_sources(manifest)
    copies, similarity = _copies(output_dir, manifest, sources, [*shards, *dropped])
    reasons = drop_reasons(stage_totals(manifest))[:REASONS_WITH_EXAMPLES]
    fallen = choose_examples(
        dropped,
        sources,
        ["stage", "reason"],
        EXAMPLES_PER_REASON,
        [(stage, reason) for stage, reason, _ in reasons],
    )
    return Evidence(
        contents=sum_contents(shards),
        kept=_masked(choose_examples(shards, sources, ["language"], KEPT_EXAMPLES_PER_LANGUAGE)),
        dropped=_masked(fallen),
        copies=copies,
        similarity=similarity,
        findings=contamination_findings(dropped, FINDINGS_SHOWN),
    )


def _paths(output_dir: Path, entries: Sequence[dict[str, Any]]) -> list[Path]:
    return [output_dir / entry["path"] for entry in entries]


def _masked(documents: list[Document]) -> list[Document]:
    """The documents without personal data: what was dropped before it was masked is not shown to everybody."""
    for column in ("text", "detail"):
        texts = pl.Series([document.get(column) for document in documents], dtype=pl.String)
        masked = mask(texts, Privacy()).texts.to_list()
        documents = [document | {column: text} for document, text in zip(documents, masked, strict=True)]
    return documents


def _copies(
    output_dir: Path, manifest: Manifest, sources: Collection[str], files: Sequence[Path]
) -> tuple[dict[str, Document], dict[str, float]]:
    """Texts of the clusters that are shown, and how similar each dropped copy is to what stays.

    A pair of parallel texts goes by the id that its sides share, and shows its first side.
    """
    chosen = shown_clusters(manifest)
    dropped = [copy for cluster in chosen for copy in cluster["dropped"][:COPIES_SHOWN]]
    if not chosen:
        return {}, {}
    texts: dict[str, Document] = {}
    for document in _masked(look_up([*dropped, *(cluster["kept"] for cluster in chosen)], files)):
        if document["source"] in sources:
            texts.setdefault(document["pair"] or document["id"], document)
            texts.setdefault(document["id"], document)
    similar = (
        pl.scan_parquet(output_dir / "clusters.parquet")
        .filter(pl.col("dropped").is_in(pl.Series(dropped, dtype=pl.String).implode()))
        .select("dropped", "similarity")
        .collect()
    )
    return texts, {copy: value for copy, value in similar.rows() if value is not None}
