"""What a finished corpus says of itself, for all that work on corpora."""

from pathlib import Path
from typing import Any

from corpus.errors import CorpusError
from corpus.pipeline.atomic import read_json


def read_manifest(corpus: Path) -> dict[str, Any]:
    """The manifest of a finished corpus, which has `shards` and `config.sources`.

    Raises:
        CorpusError: There is none, or it is another kind of manifest.
    """
    path = corpus / "manifest.json"
    try:
        manifest: dict[str, Any] = read_json(path)
        _ = manifest["shards"], manifest["config"]["sources"]
    except FileNotFoundError as error:
        raise CorpusError(f"{corpus}: no manifest.json: give the directory of a finished corpus") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CorpusError(f"{path}: not a corpus manifest ({error!r}): build the corpus again") from error
    return manifest
