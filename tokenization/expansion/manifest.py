"""Entries of manifest.json that are computed from columns and files."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from corpus.pipeline.atomic import sha256_of

_DECISIVE_PACKAGES = (
    "daad",
    "numba",
    "numpy",
    "polars",
    "sentencepiece",
    "tokenizers",
    "transformers",
    "xxhash",
)
_SIGNIFICANT = 8


def versions() -> dict[str, str]:
    """Versions of the packages that a result can depend on."""
    return {name: version(name) for name in _DECISIVE_PACKAGES}


def shard_rows(shards: Sequence[Path]) -> list[dict[str, Any]]:
    """Name, size and digest of each shard."""
    return [{"path": path.name, "bytes": path.stat().st_size, "sha256": sha256_of(path)} for path in shards]


def files_of(directory: Path) -> dict[str, str]:
    """SHA-256 of every file below a directory, by its path there."""
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return {path.relative_to(directory).as_posix(): sha256_of(path) for path in files}


def rows_of(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """A frame as JSON rows, its fractions to eight significant digits."""
    fractions = [name for name, kind in frame.schema.items() if kind.is_float()]
    return frame.with_columns(pl.col(fractions).round_sig_figs(_SIGNIFICANT)).to_dicts()


def reserve_for(size: int, multiple: int) -> int:
    """How many reserve pieces fill a vocabulary up.

    >>> reserve_for(62_000, 128), reserve_for(64_000, 128)
    (80, 0)
    """
    return -size % multiple


def fertility_rows(curve: pl.DataFrame, pieces: int) -> list[dict[str, Any]]:
    """For each slice of the held-out text, pieces per word before and after; linear between points."""
    rows = []
    for (name,), points in curve.group_by("slice", maintain_order=True):
        below = points.filter(pl.col("pieces") <= pieces).sort("pieces").tail(1).to_dicts()[0]
        above = points.filter(pl.col("pieces") >= pieces).sort("pieces").head(1).to_dicts()[0]
        part = (pieces - below["pieces"]) / max(above["pieces"] - below["pieces"], 1)
        expanded = below["fertility"] + part * (above["fertility"] - below["fertility"])
        base = points.filter(pl.col("pieces") == 0)["fertility"][0]
        rows.append(
            {
                "slice": name,
                "words": below["words"],
                "base": float(f"{base:.8g}"),
                "expanded": float(f"{expanded:.8g}"),
            }
        )
    return rows
