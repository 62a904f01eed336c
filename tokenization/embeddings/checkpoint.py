"""A Hugging Face checkpoint directory: configs, safetensors files, and which tensors have a row for each piece."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenization.embeddings.floats import STORED
from tokenization.embeddings.tensor_file import Tensor, TensorFile, read_contents
from tokenization.errors import TokenizationError

INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"

_INPUT_ENDINGS = (
    "embed_tokens.weight", "wte.weight", "embed_in.weight", "word_embeddings.weight", "tok_embeddings.weight",
)  # fmt: skip
_OUTPUT_ENDINGS = ("lm_head.weight", "embed_out.weight")
_SPEAKS_OF_VOCABULARY = ("embed", "lm_head", "wte", "logits", "vocab")
"""A tensor with one row for each piece and such a word in its name has rows that nobody here can make."""


@dataclass(frozen=True)
class Placed:
    """A tensor and the file that holds it."""

    file: TensorFile
    tensor: Tensor


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint directory holds. `output` is None where the output matrix is the input matrix."""

    directory: Path
    config: dict[str, Any]
    generation: dict[str, Any] | None
    index: dict[str, Any] | None
    files: tuple[TensorFile, ...]
    input: Placed
    output: Placed | None
    is_tied: bool  # one matrix in two roles, even where a file holds it twice

    @property
    def rows(self) -> int:
        """Rows of the matrices."""
        return self.input.tensor.shape[0]

    @property
    def matrices(self) -> list[Placed]:
        """What has to grow."""
        return [self.input] if self.output is None else [self.input, self.output]

    @property
    def files_read(self) -> list[Path]:
        """The files that the new checkpoint is made of, tokenizer and documents apart."""
        names = ["config.json", *(["generation_config.json"] if self.generation is not None else [])]
        names += [INDEX] if self.index is not None else []
        return [*(self.directory / name for name in names), *(file.path for file in self.files)]


def read_checkpoint(directory: Path, input_matrix: str = "", output_matrix: str = "") -> Checkpoint:
    """Read all but the tensors, and find the matrices.

    Raises:
        TokenizationError: It is no checkpoint of safetensors files, or its matrices cannot be told.
    """
    if not directory.is_dir():
        raise TokenizationError(f"{directory}: no directory there: give a Hugging Face checkpoint")
    config = read_json_file(directory / "config.json")
    index, files = _read_files(directory)
    generation_path = directory / "generation_config.json"
    generation = read_json_file(generation_path) if generation_path.exists() else None
    placed = {tensor.name: Placed(file, tensor) for file in files for tensor in file.tensors}
    found_input = _find(directory, placed, "input", input_matrix, _INPUT_ENDINGS)
    found_output = _find(directory, placed, "output", output_matrix, _OUTPUT_ENDINGS)
    if found_input is None:
        raise TokenizationError(
            f"{directory}: no input matrix among its tensors (looked for names that end in "
            f"{', '.join(_INPUT_ENDINGS)}): name it with --input_matrix"
        )
    matrices = [found_input] if found_output is None else [found_input, found_output]
    _check_matrices(directory, matrices)
    _check_others(directory, placed, matrices)
    tied = _is_tied(directory, language_config(config), config, found_input, found_output)
    checkpoint = Checkpoint(directory, config, generation, index, files, found_input, found_output, tied)
    rows = language_config(config).get("vocab_size")
    if rows != checkpoint.rows:
        raise TokenizationError(
            f"{directory / 'config.json'}: vocab_size is {rows}, but {found_input.tensor.name} has "
            f"{checkpoint.rows:,} rows: mend the checkpoint first"
        )
    return checkpoint


def language_config(config: dict[str, Any]) -> dict[str, Any]:
    """The part of a config.json that speaks of the language model: models of images keep it in `text_config`."""
    nested = config.get("text_config")
    return nested if "vocab_size" not in config and isinstance(nested, dict) else config


def read_json_file(path: Path) -> dict[str, Any]:
    """A JSON object in a file.

    Raises:
        TokenizationError: It is not there, or no JSON object.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise TokenizationError(f"{path}: not there: give a Hugging Face checkpoint") from error
    except ValueError as error:
        raise TokenizationError(f"{path}: not JSON ({error}): download it again") from error
    if not isinstance(content, dict):
        raise TokenizationError(f"{path}: must hold a JSON object: download it again")
    return content


def _read_files(directory: Path) -> tuple[dict[str, Any] | None, tuple[TensorFile, ...]]:
    if (directory / INDEX).exists():
        index = read_json_file(directory / INDEX)
        weight_map = index.get("weight_map")
        if not isinstance(weight_map, dict) or not weight_map:
            raise TokenizationError(f"{directory / INDEX}: has no weight_map: download it again")
        names = sorted(set(weight_map.values()))
        if outside := [name for name in names if Path(name).name != name]:
            raise TokenizationError(
                f"{directory / INDEX}: file {outside[0]!r} must lie in the checkpoint's own directory: mend weight_map"
            )
        files = tuple(read_contents(directory / name) for name in names)
        held = {tensor.name: file.path.name for file in files for tensor in file.tensors}
        if wrong := sorted(held.items() ^ weight_map.items()):
            raise TokenizationError(
                f"{directory / INDEX}: and the files do not agree where tensor {wrong[0][0]!r} is: download it again"
            )
        return index, files
    if (directory / SINGLE).exists():
        return None, (read_contents(directory / SINGLE),)
    pickled = sorted([*directory.glob("*.bin"), *directory.glob("*.pt"), *directory.glob("*.pth")])
    if pickled:
        raise TokenizationError(
            f"{pickled[0]}: pickled weights are not opened, since a pickle can run code: if you trust it, convert it "
            'with python -c "from transformers import AutoModelForCausalLM as M; '
            f"M.from_pretrained('{directory}', dtype='auto').save_pretrained('CONVERTED')\" and give CONVERTED"
        )
    if (directory / "adapter_config.json").exists():
        raise TokenizationError(f"{directory}: an adapter, not a model: merge it into its base and save that")
    raise TokenizationError(
        f"{directory}: neither {SINGLE} nor {INDEX} is there: give a Hugging Face checkpoint"
    )


def _find(
    directory: Path, placed: dict[str, Placed], role: str, name: str, endings: Sequence[str]
) -> Placed | None:
    if name:
        if name not in placed:
            raise TokenizationError(
                f"{directory}: no tensor is named {name!r}: give --{role}_matrix another name"
            )
        return placed[name]
    found = [
        tensor for tensor in sorted(placed) if f".{tensor}".endswith(tuple(f".{end}" for end in endings))
    ]
    if len(found) > 1:
        raise TokenizationError(
            f"{directory}: {' and '.join(found)} could each be the {role} matrix: choose with --{role}_matrix"
        )
    return placed[found[0]] if found else None


def _check_matrices(directory: Path, matrices: Sequence[Placed]) -> None:
    for matrix in matrices:
        tensor = matrix.tensor
        if len(tensor.shape) != 2:
            raise TokenizationError(
                f"{matrix.file.path}: {tensor.name} must be a matrix, got shape {tensor.shape}: name another tensor"
            )
        if tensor.dtype not in STORED:
            raise TokenizationError(
                f"{matrix.file.path}: {tensor.name} is stored as {tensor.dtype}, and new rows can be made of "
                f"{', '.join(STORED)} only: give the checkpoint before it was quantized"
            )
        if tensor.shape[0] != matrices[0].tensor.shape[0]:
            raise TokenizationError(
                f"{directory}: {matrices[0].tensor.name} has {matrices[0].tensor.shape[0]:,} rows and {tensor.name} "
                f"{tensor.shape[0]:,}: they must have the same"
            )


def _check_others(directory: Path, placed: dict[str, Placed], matrices: Sequence[Placed]) -> None:
    rows, own = matrices[0].tensor.shape[0], {matrix.tensor.name for matrix in matrices}
    for name, other in placed.items():
        if name in own or other.tensor.shape[:1] != (rows,):
            continue
        if any(word in name for word in _SPEAKS_OF_VOCABULARY):
            raise TokenizationError(
                f"{directory}: {name} has {rows:,} entries too, and how to lengthen it is not known: this kind of "
                "model cannot be expanded here"
            )


def _is_tied(
    directory: Path, language: dict[str, Any], config: dict[str, Any], found: Placed, output: Placed | None
) -> bool:
    """Whether both matrices are one. A config may leave it to its model's default, then the files tell."""
    declared = language.get("tie_word_embeddings", config.get("tie_word_embeddings"))
    if output is None:
        if declared is False:
            raise TokenizationError(
                f"{directory}: tie_word_embeddings is false, but no output matrix is among the tensors (looked for "
                f"names that end in {', '.join(_OUTPUT_ENDINGS)}): name it with --output_matrix"
            )
        return True
    if declared is False:
        return False
    equal = _same_bytes(found, output)
    if declared and not equal:
        raise TokenizationError(
            f"{directory}: tie_word_embeddings is true, but {found.tensor.name} and {output.tensor.name} differ: set "
            "it to false in config.json if both are meant"
        )
    return equal


def _same_bytes(one: Placed, other: Placed) -> bool:
    if (one.tensor.dtype, one.tensor.shape) != (other.tensor.dtype, other.tensor.shape):
        return False
    left, size = one.tensor.end - one.tensor.start, 1 << 22
    with one.file.path.open("rb") as first, other.file.path.open("rb") as second:
        first.seek(one.tensor.start)
        second.seek(other.tensor.start)
        while left > 0:
            if first.read(min(size, left)) != second.read(min(size, left)):
                return False
            left -= size
    return True
