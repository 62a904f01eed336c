"""What manifests and results say, read from where the rooms before left them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchmarkError
from benchmarks.model.opening import check_directory
from benchmarks.model_card.settings import CardConfig
from benchmarks.report.writing import read_run
from corpus.errors import cause_of

Facts = dict[str, Any]


def gather(config: CardConfig) -> Facts:
    """Everything that the card is made of but the gaps; a part that was not given is None or empty.

    Raises:
        BenchmarkError: The model or one of the directories cannot be used.
    """
    model = Path(config.model)
    return {
        "name": config.model_name,
        "digest": check_directory(model),
        "config": _json(model / "config.json", "model"),
        "parameters": parameters(model),
        "corpus": _written(config.corpus, "manifest.json", "corpus", "config", "shards", "counts"),
        "tokenizer": _written(config.tokenizer, "manifest.json", "tokenizer", "sizes"),
        "training": [
            (path.name, _written(str(path), "manifest.json", "training", "result"))
            for path in config.directories("training")
        ],
        "scores": [read_run(path) for path in config.directories("scores")],
        "safety": _written(config.safety, "results.json", "safety", "rates"),
        "contamination": _written(config.contamination, "results.json", "contamination", "tasks"),
        "human": _written(config.human, "results.json", "human", "agreement"),
    }


def parameters(model: Path) -> int:
    """Parameters in the safetensors files of a directory, from their headers alone; tied ones count once."""
    total = 0
    for path in sorted(model.glob("*.safetensors")):
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            header: Mapping[str, Any] = json.loads(file.read(size))
        for name, tensor in header.items():
            if name != "__metadata__":
                number = 1
                for length in tensor["shape"]:
                    number *= length
                total += number
    return total


def notes(facts: Facts) -> list[str]:
    """What must be said of the model wherever a figure of it stands (`model.note` of its training), each once."""
    found = (dig(manifest, "config", "model", "note") for _, manifest in facts["training"])
    return list(dict.fromkeys(str(note) for note in found if note))


def dig(content: Any, *path: str) -> Any:
    """A value deep in a manifest; None where a step of the path is missing."""
    for name in path:
        if not isinstance(content, Mapping) or name not in content:
            return None
        content = content[name]
    return content


def _written(directory: str, name: str, setting: str, *keys: str) -> Any:
    """What a room left in a directory, which has these keys; None where no directory is given."""
    if not directory:
        return None
    found = _json(Path(directory) / name, setting)
    for key in keys:
        if not isinstance(found, Mapping) or key not in found:
            raise BenchmarkError(f"{setting}: {directory}/{name} has no {key!r}: it is of another kind")
    return found


def _json(path: Path, setting: str) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        cause = cause_of(error)
        raise BenchmarkError(f"{setting}: {path} cannot be read ({cause}): check the directory") from error
