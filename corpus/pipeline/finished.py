"""What a finished corpus says of itself, for all that work on corpora."""

from pathlib import Path, PurePosixPath
from typing import Any

from corpus.errors import CorpusError, cause_of
from corpus.pipeline.atomic import read_json


def within(directory: Path, name: str) -> Path:
    """A file that a manifest names, below the manifest's directory: a stranger's must not reach further.

    Raises:
        ValueError: The name is absolute or leads out.
    """
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in name:
        raise ValueError(f"{name!r} does not lie in its directory")
    return directory / path


def read_manifest(corpus: Path) -> dict[str, Any]:
    """The manifest of a finished corpus, which has `shards` and `config.sources`.

    Raises:
        CorpusError: There is none, it is another kind of manifest, or names a shard that is outside the corpus, not
            there, or none.
    """
    path = corpus / "manifest.json"
    try:
        manifest: dict[str, Any] = read_json(path)
        _ = [within(corpus, shard["path"]) for shard in manifest["shards"]], manifest["config"]["sources"]
    except FileNotFoundError as error:
        raise CorpusError(f"{corpus}: no manifest.json: give the directory of a finished corpus") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CorpusError(
            f"{path}: not a corpus manifest ({error!r:.200}): build the corpus again"
        ) from error
    for shard in manifest["shards"]:
        _check_shard(corpus / shard["path"])
    return manifest


def _check_shard(path: Path) -> None:
    """See that a shard is there and has a corpus's columns; only its footer is read."""
    import polars as pl

    try:
        columns = pl.read_parquet_schema(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        cause = cause_of(error)
        raise CorpusError(f"{path}: a shard that cannot be read ({cause}): build the corpus again") from error
    missing = [name for name in ("id", "text", "language") if name not in columns]
    if missing:
        raise CorpusError(
            f"{path}: no shard of a corpus, it has no column {missing[0]}: build the corpus again"
        )
