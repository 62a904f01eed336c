"""The files of the new checkpoint; each is written once, so that a run that was stopped goes on with the next."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from corpus.pipeline.atomic import atomic_path
from tokenization.embeddings.checkpoint import INDEX, Checkpoint, read_json_file
from tokenization.embeddings.expansion import TOKENIZER_FILES, Expansion
from tokenization.embeddings.matrices import Recipe, grow
from tokenization.embeddings.tensor_file import copy_file, write_grown

MANIFEST = "manifest.json"

_TEMPLATE = "chat_template.jinja"
_REPLACED = {*TOKENIZER_FILES, MANIFEST} - {_TEMPLATE}

_OTHER_TOKENIZERS = ("tekken.json", ".tiktoken", "spiece.model", "sentencepiece.bpe.model")
"""Other forms of the base's tokenizer lack the new pieces, and stay where they are."""

_WEIGHTS = (
    ".safetensors",
    ".bin",
    ".pt",
    ".pth",
    ".gguf",
    ".msgpack",
    ".h5",
    ".onnx",
    ".ckpt",
    ".index.json",
)
"""Other forms of the base's weights have the old rows, and stay where they are."""


def write_weights(
    checkpoint: Checkpoint, expansion: Expansion, recipe: Recipe, directory: Path
) -> list[dict[str, Any]]:
    """Write the safetensors files and their index, one file after the other; what became of each matrix.

    In memory are, at a time, the base rows of one matrix as float32 and the new rows of the matrices in one file. Every
    other tensor goes through a buffer.
    """
    described: dict[str, dict[str, Any]] = {}
    added = (expansion.size - checkpoint.rows) * sum(
        matrix.tensor.row_bytes for matrix in checkpoint.matrices
    )
    total = sum(file.num_bytes for file in checkpoint.files) + added
    with tqdm(total=total, desc=f"{'write the checkpoint':<22}", unit="B", unit_scale=True) as bar:
        for file in checkpoint.files:
            own = [matrix for matrix in checkpoint.matrices if matrix.file == file]
            grown = {matrix.tensor.name: grow(matrix, checkpoint, expansion, recipe) for matrix in own}
            described |= {name: matrix.described for name, matrix in grown.items()}
            growths = {name: matrix.growth for name, matrix in grown.items()}
            if growths:
                write = partial(write_grown, file, growths=growths, progress=bar.update)
            else:
                write = partial(copy_file, file.path, progress=bar.update)
            _once(directory / file.path.name, write)
            del grown, growths, write  # or these rows would still be held while the next are made
    if checkpoint.index is not None:
        write_config(directory / INDEX, _grown_index(checkpoint, expansion, total))
    return [described[matrix.tensor.name] for matrix in checkpoint.matrices]


def write_config(path: Path, content: dict[str, Any]) -> None:
    """Write JSON as transformers does: keys in their order, two spaces."""
    with atomic_path(path) as partial_path:
        partial_path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def copy_the_rest(checkpoint: Checkpoint, expansion: Expansion, directory: Path) -> list[str]:
    """Copy the expanded tokenizer, and what the checkpoint holds besides; names of what was left where it is.

    Custom code, licenses and model cards come along; the base's tokenizer, other forms of its weights and directories
    do not. A chat template of the base does, unless the expanded tokenizer has one.
    """
    for path in expansion.files:
        _once(directory / path.name, partial(copy_file, path, progress=_ignored))
    left_out = []
    replaced = _REPLACED | ({_TEMPLATE} if _has_chat_template(expansion.directory) else set())
    for path in sorted(checkpoint.directory.iterdir()):
        if (directory / path.name).exists():
            continue
        stays = path.name in replaced or path.name.endswith((*_WEIGHTS, *_OTHER_TOKENIZERS))
        if stays or not path.is_file():
            left_out.append(path.name)
        else:
            _once(directory / path.name, partial(copy_file, path, progress=_ignored))
    template = _chat_template(checkpoint.directory)
    if isinstance(template, str) and not _has_chat_template(directory):
        with atomic_path(directory / _TEMPLATE) as partial_path:
            partial_path.write_text(template, encoding="utf-8")
    return left_out


def _grown_index(checkpoint: Checkpoint, expansion: Expansion, total: int) -> dict[str, Any]:
    """The index with the sizes of the new files; the number of parameters counts a tied matrix once."""
    metadata = dict(checkpoint.index.get("metadata") or {}) if checkpoint.index else {}
    metadata["total_size"] = total
    if "total_parameters" in metadata:
        rows = expansion.size - checkpoint.rows
        counted = checkpoint.matrices[:1] if checkpoint.is_tied else checkpoint.matrices
        metadata["total_parameters"] += rows * sum(matrix.tensor.shape[1] for matrix in counted)
    return {**(checkpoint.index or {}), "metadata": metadata}


def _has_chat_template(directory: Path) -> bool:
    return (directory / _TEMPLATE).is_file() or _chat_template(directory) is not None


def _chat_template(directory: Path) -> Any:
    path = directory / "tokenizer_config.json"
    return read_json_file(path).get("chat_template") if path.is_file() else None


def _once(target: Path, write: Callable[[Path], object]) -> None:
    """Write a file atomically unless an earlier run did."""
    if not target.exists():
        with atomic_path(target) as partial_path:
            write(partial_path)


def _ignored(_count: int) -> None:
    """Small files need no progress bar."""
