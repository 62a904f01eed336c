"""What a run is made from beside its settings, which name files: its plan and the checkpoint that it starts from."""

from functools import cache
from pathlib import Path
from typing import Any

from corpus.pipeline.atomic import read_json, write_json
from experiments.errors import ExperimentError
from nemo_recipes.engine.checkpoint_files import digest
from nemo_recipes.pretrain_config import PretrainConfig

RECORD = "made_from.json"


def is_same(config: PretrainConfig) -> bool:
    """Whether what lies in a run's directory was made from what its settings name now."""
    return _recorded(config) == _origin(config)


def record(config: PretrainConfig) -> None:
    """Write down what a run that begins, or goes on, is made from.

    Raises:
        ExperimentError: It was begun from another plan or checkpoint.
    """
    output = Path(config.output_dir)
    if is_same(config):
        return
    if (output / "checkpoints").is_dir():
        raise ExperimentError(
            f"{output}: was begun from another plan or starting checkpoint than the settings make: delete it, and it "
            "is run anew, or choose another output_dir"
        )
    (output / "manifest.json").unlink(missing_ok=True)
    write_json(output / RECORD, _origin(config))


def _recorded(config: PretrainConfig) -> dict[str, Any] | None:
    path = Path(config.output_dir, RECORD)
    content: dict[str, Any] | None = read_json(path) if path.is_file() else None
    return content


def _origin(config: PretrainConfig) -> dict[str, Any]:
    start = config.model.checkpoint
    weights = sorted(Path(start).glob("*.safetensors")) if start else []
    return {"plan": _digest(Path(config.data.plan)), "start": {path.name: _digest(path) for path in weights}}


def _digest(path: Path) -> str:
    status = path.stat()
    return _digest_as_of(path, status.st_size, status.st_mtime_ns)


@cache
def _digest_as_of(path: Path, _size: int, _modified: int) -> str:
    """The bar asks every second: a file is read again only if it was written again."""
    return digest(path)
