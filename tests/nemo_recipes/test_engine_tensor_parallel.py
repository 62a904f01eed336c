"""Matrices divided over two processes, and over two times two with FSDP2: what one process learns.

Over four processes each matrix is divided twice, which is where a norm that counts shards can go wrong.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file

FORKED = Path(__file__).with_name("forked_runs.py")
PRETRAIN = Path(__file__).parents[2] / "nemo_recipes" / "pretrain.py"

CASES = {2: ["untied"], 4: ["untied", "tied", "tied"]}
"""What so many processes run, one after another; the second time a resume."""

LONG = 1200
"""Seconds, for a machine that is busy with other things."""

Pretrain = Callable[[dict[str, Any], Path], dict[str, Any]]


@pytest.fixture(scope="module")
def recipes(recipe: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """A tied model whose new rows learn first, with running means; and an untied checkpoint, read shard by shard."""
    from transformers import AutoModelForCausalLM

    from nemo_recipes.engine.model import llama_config
    from nemo_recipes.pretrain_config import Shape

    checkpoint = tmp_path_factory.mktemp("base") / "model"
    torch.manual_seed(5)
    AutoModelForCausalLM.from_config(llama_config(Shape(**recipe["model"]["shape"]))).save_pretrained(
        checkpoint
    )
    common = recipe | {
        "data": recipe["data"] | {"reset_at_documents": True, "validation_megabytes": 0.0005},
        "watch": {"log_every": 1, "validate_every": 0},
    }
    tokens, shape = 4 * 32, recipe["model"]["shape"] | {"tie_word_embeddings": True}
    return {
        "tied": common
        | {
            "model": recipe["model"] | {"shape": shape, "new_rows_from": 380},
            "training": recipe["training"]
            | {
                "token_budget": 6 * tokens,
                "rows_first_steps": 2,
                "warmup_steps": 1,
                "ema": 0.9,
                "micro_batch": 2,
            },
            "checkpoint": {"every_steps": 4, "keep": 3},
        },
        "untied": common
        | {
            "model": {"checkpoint": str(checkpoint), "new_rows_from": 0},
            "training": recipe["training"]
            | {"token_budget": 3 * tokens, "loss_chunk": 20, "gradient_checkpointing": True},
        },
    }


@pytest.fixture(scope="module")
def alone(
    recipes: dict[str, dict[str, Any]], pretrain: Pretrain, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    directory = tmp_path_factory.mktemp("alone")
    for name, settings in recipes.items():
        pretrain(settings, directory / name)
    return directory


@pytest.fixture(scope="module")
def divided(recipes: dict[str, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runs of all cases, each in its PROCESSES/NAME, after one start of what takes long to start."""
    directory = tmp_path_factory.mktemp("divided")
    groups = []
    for processes, names in CASES.items():
        configs = {name: directory / f"{processes}-{name}.yaml" for name in names}
        for name, config in configs.items():
            layout = {"gpus_per_node": processes, "tensor": 2}
            content = recipes[name] | {"output_dir": str(directory / f"{processes}" / name), "layout": layout}
            config.write_text(yaml.safe_dump(content))
        groups.append(",".join([str(processes), *(str(configs[name]) for name in names)]))
    done = subprocess.run(
        [sys.executable, str(FORKED), *groups],
        env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True, timeout=LONG, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert "going on after step 4" in done.stderr
    return directory


def journal(output: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (output / "log.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "run"} for line in lines]


def tensors(checkpoint: Path) -> dict[tuple[str, str], torch.Tensor]:
    """All tensors of a checkpoint, by file and name."""
    return {
        (path.relative_to(checkpoint).as_posix(), name): tensor
        for path in checkpoint.rglob("*.safetensors")
        for name, tensor in load_file(path).items()
    }


@pytest.mark.parametrize("processes", CASES)
def test_it_learns_what_one_process_does(alone: Path, divided: Path, processes: int) -> None:
    """Losses and bits per byte to 1e-6 and norms to 1e-5 of themselves; weights to 5e-5 at a learning rate of .01.

    Adam divides by the size of a gradient, so that of tiny ones the order of sums shows in full.
    """
    for name in set(CASES[processes]):
        output = divided / str(processes) / name
        expected, found = journal(alone / name), journal(output)
        assert [line["kind"] for line in found] == [line["kind"] for line in expected]
        for before, after in zip(expected, found, strict=True):
            if before["kind"] == "step":
                assert after["loss"] == pytest.approx(before["loss"], rel=1e-6)
                assert after["gradient_norm"] == pytest.approx(before["gradient_norm"], rel=1e-5)
            else:
                for language, bits in before["languages"].items():
                    got = after["languages"][language]["bits_per_byte"]
                    assert got == pytest.approx(bits["bits_per_byte"], rel=1e-6)
        assert any(line.get("gradient_norm", 0) > 1 for line in found), "nothing was clipped"
        theirs, ours = (load_file(where / "model/model.safetensors") for where in (alone / name, output))
        assert theirs.keys() == ours.keys()
        assert ("lm_head.weight" in ours) == (name == "untied")
        for key, value in theirs.items():
            assert torch.allclose(ours[key], value, atol=5e-5), key


def test_shards_of_four_processes_go_on(
    recipes: dict[str, dict[str, Any]], alone: Path, divided: Path, tmp_path: Path, pretrain: Pretrain
) -> None:
    """In four processes what a resumed run ends with is the same, bit for bit; and one process goes on from them."""
    whole, resumed = (divided / "4" / name for name in ("tied.whole", "tied"))
    last = "checkpoints/step-00000006"
    before, after = tensors(whole / last), tensors(resumed / last)
    assert len({file for file, _ in before if file.startswith("weights/")}) == 4
    assert before.keys() == after.keys()
    assert all(torch.equal(value, after[key]) for key, value in before.items())
    assert journal(whole) == journal(resumed)

    copy = tmp_path / "tied"
    shutil.copytree(resumed, copy)
    shutil.rmtree(copy / last)
    pretrain(recipes["tied"], copy)
    for one, all_of_them in zip(journal(alone / "tied"), journal(copy), strict=True):
        if one["kind"] == "step":
            assert all_of_them["loss"] == pytest.approx(one["loss"], rel=1e-6)


@pytest.mark.parametrize(
    ("size", "why"),
    [
        ("vocab_size=401", "layout.tensor 2 does not divide vocab_size 401"),
        ("num_key_value_heads=1", "layout.tensor 2 does not divide num_key_value_heads 1"),
    ],
)
def test_what_does_not_divide_is_refused_by_a_dry_run(
    recipe: dict[str, Any], tmp_path: Path, size: str, why: str
) -> None:
    config = tmp_path / "run.yaml"
    config.write_text(yaml.safe_dump(recipe | {"output_dir": str(tmp_path / "run")}))
    more = ["--layout.gpus_per_node=2", "--layout.tensor=2", f"--model.shape.{size}", "--dry_run"]
    done = subprocess.run(
        [sys.executable, str(PRETRAIN), "--config", str(config), *more],
        capture_output=True, text=True, timeout=LONG, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.splitlines() == [f"nemo_recipes.pretrain: this cannot work: {why}"]
    assert not (tmp_path / "run").exists()
