"""A directory of token files, as training reads it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from numpy.typing import NDArray

from corpus.pipeline.atomic import read_json
from corpus.pipeline.layout import digest
from nemo_recipes.data.megatron_files import index_size
from nemo_recipes.data.split import SPLITS, shared
from nemo_recipes.data.tokenizer import Tokenizer
from nemo_recipes.errors import PretrainingError


@dataclass(frozen=True, kw_only=True)
class TokenPart:
    """Token files of one source, language and domain."""

    name: str
    source: str
    language: str
    domain: str
    train_tokens: int
    validation_tokens: int


@dataclass(frozen=True, kw_only=True)
class TokenDirectory:
    """Token files and what their manifest says of them."""

    path: Path
    parts: Sequence[TokenPart]
    vocab_size: int
    end_id: int
    vocabulary_digest: str  # digest of the tokenizer's pieces; "" in files that do not tell it
    sha256: str  # digest of all files, from the manifest
    corpus_manifest_sha256: str

    def prefix(self, part: TokenPart, split: str) -> Path:
        """Path of a part's files without their ending, as Megatron wants it."""
        return self.path / split / part.name

    def documents(self, part: TokenPart, split: str) -> pl.DataFrame:
        """Id, key, bytes and tokens of a part's documents, in file order."""
        path = self._documents_path(part, split)
        try:
            return pl.read_parquet(path)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise PretrainingError(f"{path}: cannot be read: make the token files again") from error

    def keys(self, part: TokenPart, split: str) -> Iterator[NDArray[np.uint64]]:
        """Keys of a part's documents, some at a time."""
        path = self._documents_path(part, split)
        try:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(columns=["key"]):
                    yield batch["key"].to_numpy()
        except (OSError, ValueError, KeyError) as error:
            raise PretrainingError(f"{path}: cannot be read: make the token files again") from error

    def _documents_path(self, part: TokenPart, split: str) -> Path:
        return self.path / split / f"{part.name}.documents.parquet"


def open_token_directory(path: Path) -> TokenDirectory:
    """Read the manifest and see that all files are there and have their size.

    Raises:
        PretrainingError: The manifest or a file is missing, or a file has another size.
    """
    manifest_path = path / "manifest.json"
    try:
        manifest: dict[str, Any] = read_json(manifest_path)
        itemsize = np.dtype(manifest["dtype"]).itemsize
        for part in manifest["parts"]:
            for split in SPLITS:
                held = part[split]
                _check_size(path / split / f"{part['name']}.bin", held["tokens"] * itemsize)
                _check_size(path / split / f"{part['name']}.idx", index_size(held["documents"]))
        return TokenDirectory(
            path=path,
            parts=[_part(part) for part in manifest["parts"]],
            vocab_size=manifest["tokenizer"]["vocab_size"],
            end_id=manifest["tokenizer"]["end_id"],
            vocabulary_digest=manifest.get("vocabulary_digest", ""),
            sha256=_digest(manifest),
            corpus_manifest_sha256=manifest["corpus_manifest_sha256"],
        )
    except FileNotFoundError as error:
        raise PretrainingError(
            f"{manifest_path}: no token files here: python -m nemo_recipes.data makes them from a corpus and a "
            "tokenizer"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise PretrainingError(
            f"{manifest_path}: not a manifest of token files ({error!r}): make them again"
        ) from error


def check_tokenizer(directory: TokenDirectory, tokenizer: Tokenizer, remedy: str) -> None:
    """See that a tokenizer is the one that made the token files, or has the same pieces; `remedy` says what to do.

    Raises:
        PretrainingError: It is another.
    """
    if (tokenizer.vocab_size, tokenizer.end_id) != (directory.vocab_size, directory.end_id):
        raise PretrainingError(
            f"{tokenizer.path}: has {tokenizer.vocab_size:,} ids and ends documents with {tokenizer.end_id}; the token "
            f"files in {directory.path} were made with {directory.vocab_size:,} and {directory.end_id}: {remedy}"
        )
    if directory.vocabulary_digest not in ("", tokenizer.vocabulary_digest()):
        raise PretrainingError(
            f"{tokenizer.path}: has as many ids as the tokenizer that made the token files in {directory.path}, but "
            f"other pieces: {remedy}"
        )


def check_no_leak(directory: TokenDirectory) -> int:
    """See that no text of the validation files is in the training files; returns how many were compared.

    Raises:
        PretrainingError: Some are; the first file that holds one is named.
    """
    keys = [some for part in directory.parts for some in directory.keys(part, "validation")]
    validation = np.unique(np.concatenate(keys)) if keys else np.zeros(0, np.uint64)
    for part in directory.parts:
        found = {key for some in directory.keys(part, "train") for key in shared(some, validation).tolist()}
        if found:
            raise PretrainingError(
                f"{directory.prefix(part, 'train')}: {len(found):,} of its documents are validation texts too, so the "
                "validation would measure what was learned by heart: make the token files again"
            )
    return len(validation)


def _part(entry: dict[str, Any]) -> TokenPart:
    return TokenPart(
        name=entry["name"],
        source=entry["source"],
        language=entry["language"],
        domain=entry["domain"],
        train_tokens=entry["train"]["tokens"],
        validation_tokens=entry["validation"]["tokens"],
    )


def _check_size(path: Path, size: int) -> None:
    if not path.is_file():
        raise PretrainingError(f"{path}: the file is missing: make the token files again")
    if path.stat().st_size != size:
        raise PretrainingError(
            f"{path}: {path.stat().st_size:,} bytes where the manifest says {size:,}: make the token files again"
        )


def _digest(manifest: dict[str, Any]) -> str:
    return digest(
        [[part["name"], *(part[split]["sha256"] for split in SPLITS)] for part in manifest["parts"]]
    )
