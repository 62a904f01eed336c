"""What a finished corpus says of itself, for all that work on corpora."""

from pathlib import Path, PurePosixPath
from typing import Any

from corpus.errors import CorpusError
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
        CorpusError: There is none, it is another kind of manifest, or names a shard outside the corpus.
    """
    path = corpus / "manifest.json"
    try:
        manifest: dict[str, Any] = read_json(path)
        _ = [within(corpus, shard["path"]) for shard in manifest["shards"]], manifest["config"]["sources"]
    except FileNotFoundError as error:
        raise CorpusError(f"{corpus}: no manifest.json: give the directory of a finished corpus") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CorpusError(f"{path}: not a corpus manifest ({error!r}): build the corpus again") from error
    return manifest
