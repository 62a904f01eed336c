"""Commands given nonsense end with one line and exit code 2: configs, places and files of every wrong kind."""

import io
import json
import signal
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from corpus.command_line import run

COMMANDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "corpus.build": ("corpus.build", "corpus.build_config:BuildConfig", {"sources": [{"name": "a", "path": "{bad}"}]}),
    "corpus.translate": (
        "corpus.translate.__main__", "corpus.translate.settings:Translate",
        {"corpus": "{bad}", "translator": "{bad}"},
    ),
    "tokenization.expand": (
        "tokenization.expand", "tokenization.expand_config:ExpandConfig", {"corpus": "{bad}", "pieces": 20},
    ),
    "alignment.sft": (
        "alignment.sft", "alignment.sft_config:SftConfig",
        {"data": {"sources": [{"name": "a", "path": "{bad}"}]}, "model": {"checkpoint": "{bad}"}},
    ),
    "benchmarks.run": ("benchmarks.run", "benchmarks.run_config:RunConfig", {"model": "{bad}", "tasks": "mmlu"}),
    "nemo_recipes.pretrain": (
        "nemo_recipes.pretrain", "nemo_recipes.pretrain_config:PretrainConfig",
        {"data": {"tokens": "{bad}"}, "model": {"checkpoint": "{bad}"}, "training": {"token_budget": 10}},
    ),
}  # fmt: skip

CONFIGS: dict[str, bytes] = {
    "binary": bytes(range(256)),
    "list": b"- a\n",
    "text": b"5\n",
    "tag": b"output_dir: !!python/name:os.system\n",
    "null character": b'output_dir: "a\\0b"\n',
    "utf-16": "output_dir: x\n".encode("utf-16"),
    "two documents": b"output_dir: a\n---\noutput_dir: b\n",
    "number as a key": b"1: 2\n",
    "list as a key": b"? [a]\n: b\n",
    "within itself": b"output_dir: &a [*a]\n",
}


def said(command: str, arguments: list[str]) -> str:
    """The last line of a command that must end with exit code 2."""
    module, config, _ = COMMANDS[command]
    place, _, name = config.partition(":")
    printed, errors = io.StringIO(), io.StringIO()
    handler = signal.getsignal(signal.SIGTERM)
    with redirect_stdout(printed), redirect_stderr(errors), pytest.raises(SystemExit) as ended:
        run(import_module(module).main, getattr(import_module(place), name), command, arguments)
    signal.signal(signal.SIGTERM, handler)
    assert ended.value.code == 2, errors.getvalue()
    assert "Traceback" not in errors.getvalue()
    last = errors.getvalue().splitlines()[-1]
    assert last.startswith(f"{command}: ")
    assert last.isprintable()
    assert len(last) < 1600
    return last


@pytest.mark.parametrize("command", COMMANDS)
def test_configs_of_every_wrong_kind(command: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    for content in CONFIGS.values():
        path.write_bytes(content)
        said(command, ["--config", str(path)])
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    for odd in (tmp_path, tmp_path / "nothing", tmp_path / "a", "a" * 5000, "a\0b", "/dev/null"):
        said(command, ["--config", str(odd)])


def garbage(directory: Path) -> None:
    for name in (
        "manifest.json",
        "config.json",
        "tokenizer.json",
        "model.safetensors",
        "a.jsonl",
        "shards.parquet",
    ):
        (directory / name).write_bytes(bytes(range(256)) * 4)


def deep(directory: Path) -> None:
    for name in ("manifest.json", "config.json", "tokenizer.json"):
        (directory / name).write_text("[" * 5000)
    (directory / "model.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{}      ")


def other_types(directory: Path) -> None:
    for name in ("manifest.json", "config.json"):
        (directory / name).write_text("[1]")
    (directory / "tokenizer.json").write_text('{"model": null}')
    (directory / "model.safetensors").write_bytes(b"")


def outside(directory: Path) -> None:
    manifest = {
        "shards": [{"path": "../../x.parquet", "source": "a"}],
        "config": {"sources": [{"name": "a"}]},
    }
    (directory / "manifest.json").write_text(json.dumps(manifest))
    (directory / "config.json").write_text('{"model_type": "nothing"}')
    (directory / "model.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{}      ")


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "corpus.build"])
@pytest.mark.parametrize("make", [garbage, deep, other_types, outside])
def test_directories_of_nonsense(make: Callable[[Path], None], command: str, tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    make(tmp_path / "bad")
    settings = json.loads(json.dumps(COMMANDS[command][2]).replace("{bad}", str(tmp_path / "bad")))
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(settings | {"output_dir": str(tmp_path / "out")}))
    said(command, ["--config", str(path)])


@pytest.mark.parametrize("command", COMMANDS)
def test_places_of_every_wrong_kind(command: str, tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(bytes(range(256)))
    (tmp_path / "empty").mkdir()
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    path = tmp_path / "config.yaml"
    for odd in (
        tmp_path / "none",
        tmp_path / "binary",
        tmp_path / "empty",
        tmp_path / "a",
        "a" * 5000,
        "zip://a::b",
    ):
        settings = json.loads(json.dumps(COMMANDS[command][2]).replace("{bad}", str(odd)))
        path.write_text(yaml.safe_dump(settings | {"output_dir": str(tmp_path / "out")}))
        said(command, ["--config", str(path)])
