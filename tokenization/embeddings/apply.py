"""The new checkpoint as a whole: what it depends on, its rows, its files, its manifest."""

import resource
import time
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from corpus.pipeline.atomic import read_json, sha256_of, write_json
from tokenization.embeddings.checkpoint import Checkpoint, read_checkpoint
from tokenization.embeddings.expansion import Expansion, read_expansion, special_ids
from tokenization.embeddings.matrices import make_recipe
from tokenization.embeddings.output_files import MANIFEST, copy_the_rest, write_config, write_weights
from tokenization.embeddings.same_base import fit
from tokenization.embeddings.settings import Embeddings
from tokenization.embeddings.staging import PLAN, whole_directory
from tokenization.embeddings.token_ids import grown_config, settled

FORMAT = 1
"""Raised whenever the same input and settings would give other rows."""

_PACKAGES = ("numpy", "polars", "safetensors", "scipy", "tokenizers")


def apply(settings: Embeddings) -> dict[str, Any]:
    """Write the new checkpoint, or say that it is there already; returns its manifest.

    Raises:
        TokenizationError: The checkpoint or the expansion cannot be used, or do not belong together.
    """
    started = time.time()
    checkpoint = read_checkpoint(Path(settings.checkpoint), settings.input_matrix, settings.output_matrix)
    expansion, notes = fit(read_expansion(Path(settings.tokenizer)), checkpoint)
    configs = _configs(checkpoint, expansion, settings)
    output = Path(settings.output_dir)
    plan = _plan(checkpoint, expansion, settings)
    if (manifest := _finished(output, plan)) is not None:
        return manifest
    with whole_directory(output, plan) as staging:
        recipe = make_recipe(expansion, settings)
        matrices = write_weights(checkpoint, expansion, recipe, staging)
        for name, content in configs.items():
            write_config(staging / name, content)
        left_out = copy_the_rest(checkpoint, expansion, staging)
        manifest = {
            "format": FORMAT,
            "daad": version("daad"),
            "method": settings.method,
            "config": settings.decisive(),
            "versions": plan["versions"],
            "sizes": {
                "base": expansion.base_size,
                "pieces": int(expansion.is_learned.sum()),
                "reserve": int((~expansion.is_learned).sum()),
                "rows_before": checkpoint.rows,
                "rows": expansion.size,
                "tied": checkpoint.is_tied,
            },
            "weights": recipe.account,
            "matrices": matrices,
            "inputs": _digests(
                [*checkpoint.files_read, expansion.directory / "pieces.parquet", *_corpus_manifest(settings)]
            ),
            "files": _digests(sorted(path for path in staging.iterdir() if path.name != PLAN)),
            "left_out": left_out,
            "notes": notes,
            "run": {
                "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
                "seconds": round(time.time() - started, 3),
                "checkpoint": settings.checkpoint,
                "tokenizer": settings.tokenizer,
                "corpus": settings.corpus,
                "output_dir": settings.output_dir,
                "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
                "plan": plan,
            },
        }
        write_json(staging / MANIFEST, manifest)
    return manifest


def _plan(checkpoint: Checkpoint, expansion: Expansion, settings: Embeddings) -> dict[str, Any]:
    """All that the result depends on, told cheaply: files by size and time, so that a stopped run can go on."""
    shards = (
        sorted(Path(settings.corpus, "shards").glob("*.parquet")) if settings.method == "similarity" else []
    )
    files = [
        *(path for path in checkpoint.directory.iterdir() if path.is_file()),
        *expansion.files,
        expansion.directory / "pieces.parquet",
        *shards,
    ]
    return {
        "format": FORMAT,
        "versions": {name: version(name) for name in _PACKAGES},
        "config": settings.decisive(),
        "files": {str(path): [path.stat().st_size, path.stat().st_mtime_ns] for path in sorted(files)},
    }


def _finished(output: Path, plan: dict[str, Any]) -> dict[str, Any] | None:
    """The manifest of an earlier run that made just this."""
    path = output / MANIFEST
    if not path.is_file():
        return None
    manifest = read_json(path)
    is_ours = isinstance(manifest, dict) and manifest.get("run", {}).get("plan") == plan
    return manifest if is_ours else None


def _configs(checkpoint: Checkpoint, expansion: Expansion, settings: Embeddings) -> dict[str, dict[str, Any]]:
    """Contents of config.json and generation_config.json."""
    ids = special_ids(expansion)
    path = checkpoint.directory / "config.json"
    configs = {path.name: grown_config(checkpoint.config, expansion.size, ids, settings.special_ids, path)}
    if checkpoint.generation is not None:
        path = checkpoint.directory / "generation_config.json"
        configs[path.name] = settled(checkpoint.generation, expansion.size, ids, settings.special_ids, path)
    return configs


def _corpus_manifest(settings: Embeddings) -> list[Path]:
    path = Path(settings.corpus, "manifest.json")
    return [path] if settings.method == "similarity" and path.is_file() else []


def _digests(paths: Iterable[Path]) -> list[dict[str, Any]]:
    return [{"name": path.name, "bytes": path.stat().st_size, "sha256": sha256_of(path)} for path in paths]
