"""Directories of Hugging Face models: whether one is there, and what stands for all that is in it."""

from pathlib import Path

from corpus.errors import CorpusError
from corpus.pipeline.atomic import sha256_of
from corpus.pipeline.layout import digest


def model_directory(directory: str) -> Path:
    """The directory's path.

    Raises:
        CorpusError: No model is there.
    """
    path = Path(directory)
    if not (path / "config.json").is_file():
        raise CorpusError(f"{directory}: no Hugging Face model is there (config.json): give its directory")
    return path


def model_digest(path: Path) -> str:
    """What stands for a model: its weights, its shape and its tokenizer, all the files of its directory."""
    return digest([(each.name, sha256_of(each)) for each in sorted(path.iterdir()) if each.is_file()])
