"""The files of a handover, and what must be known of them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from corpus.pipeline.atomic import atomic_path
from nemo_recipes.engine.model import check_weights
from nemo_recipes.errors import PretrainingError
from nemo_recipes.handover.automodel import automodel_recipe
from nemo_recipes.handover.blend import WeightedPaths, weighted_paths
from nemo_recipes.handover.differences import not_carried
from nemo_recipes.handover.megatron_bridge import bridge_recipe
from nemo_recipes.planning.plan import make_plan
from nemo_recipes.pretrain_config import PretrainConfig, Shape


def write(config: PretrainConfig, output_dir: str) -> str:
    """Write a recipe in both forms; returns what to do with them.

    Raises:
        PretrainingError: The checkpoint, tokenizer or token files are missing, or the layout cannot be laid out.
    """
    output = Path(output_dir)
    check_weights(config.model)
    shape = _planned_shape(config)
    tokenizer = tokenizer_directory(config)
    paths = weighted_paths(config)
    write_text(output / "automodel.yaml", automodel_text(config, paths, tokenizer, output / "automodel"))
    write_text(
        output / "megatron_bridge.py", bridge_recipe(config, shape, paths, tokenizer, output / "megatron")
    )
    write_text(output / "blend.txt", " ".join(paths.flat()) + "\n")
    account = _account(config, output)
    write_text(output / "README.md", account)
    return account


def _planned_shape(config: PretrainConfig) -> Shape:
    """The shape of a model whose layout can be laid out; memory is for the other trainers to say.

    Raises:
        PretrainingError: Numbers do not divide or fit one another.
    """
    plan = make_plan(replace(config, layout=replace(config.layout, engine="automodel")))
    refusals = [line for line in plan.refusals if not line.startswith("memory")]
    if refusals:
        raise PretrainingError("this cannot work: " + "; ".join(refusals))
    return plan.shape


def automodel_text(config: PretrainConfig, paths: WeightedPaths, tokenizer: str, output: Path) -> str:
    """AutoModel's YAML, with a head that says what it leaves out."""
    content: dict[str, Any] = automodel_recipe(config, paths, tokenizer, output)
    lost = not_carried(config)
    head = "# Written by Daad for NeMo AutoModel 0.7.\n"
    head += "".join(
        f"# {line}\n" for line in [*_notes(config), *(f"Not carried over: {one}" for one in lost)]
    )
    return head + yaml.safe_dump(
        json.loads(json.dumps(content)), sort_keys=False, allow_unicode=True, width=110
    )


def tokenizer_directory(config: PretrainConfig) -> str:
    """Where the tokenizer lies, as transformers reads it.

    Raises:
        PretrainingError: It is a SentencePiece model alone.
    """
    path = Path(config.data.tokenizer or config.model.checkpoint)
    if not (path / "tokenizer_config.json").is_file():
        raise PretrainingError(
            f"{path}: no tokenizer_config.json is there: give the directory of a Hugging Face tokenizer as "
            "data.tokenizer (python -m tokenization.expand makes one)"
        )
    return str(path.absolute())


def write_text(path: Path, text: str) -> None:
    """Write a file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as partial:
        partial.write_text(text, encoding="utf-8")


def _notes(config: PretrainConfig) -> list[str]:
    return [f"Of the model must be said: {config.model.note}"] if config.model.note else []


def _account(config: PretrainConfig, output: Path) -> str:
    processes, nodes = config.layout.gpus_per_node, config.layout.nodes
    several = f" --nnodes {nodes} --rdzv_backend c10d --rdzv_endpoint HOST:29500" if nodes > 1 else ""
    lines = [
        "# Handover",
        *_notes(config),
        "",
        "NeMo AutoModel (an environment of its own, requirements/automodel.txt):",
        "",
        f"    torchrun{several} --nproc_per_node {processes} -m nemo_automodel.cli.app {output / 'automodel.yaml'}",
        "",
        "Megatron-Bridge (in NVIDIA's NeMo container):",
        "",
        f"    torchrun{several} --nproc_per_node {processes} {output / 'megatron_bridge.py'}",
        "",
        "`blend.txt` is the blend for any other trainer of the Megatron family, as `--data-path` takes it.",
        "",
        "The same tokens are read in the same shares, in the order of each trainer's own shuffle. AutoModel decays",
        "norms too. Failure policies, bits per byte and the energy ledger stay with Daad.",
    ]
    lines += [f"Not carried over: {one}." for one in not_carried(config)]
    return "\n".join(lines) + "\n"
