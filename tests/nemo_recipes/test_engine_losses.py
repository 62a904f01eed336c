"""Loss in chunks, z-loss and running means: what they are worked out by hand, and what runs make of them."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

from nemo_recipes.engine import averages
from nemo_recipes.engine.linear_loss import LossHead, losses_of

torch.manual_seed(0)


def plain(
    hidden: torch.Tensor, weight: torch.Tensor, labels: torch.Tensor, z: float
) -> tuple[torch.Tensor, torch.Tensor]:
    return losses_of(hidden @ weight.T, labels, z)


def chunked(
    hidden: torch.Tensor, weight: torch.Tensor, labels: torch.Tensor, z: float, chunk: int, rows: int = 0
) -> tuple[torch.Tensor, torch.Tensor]:
    head = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=False, dtype=weight.dtype)
    head.weight = torch.nn.Parameter(weight)
    loss = LossHead(head, chunk, visible_rows=rows, z_loss=z)
    loss.labels_N = labels
    total = loss(hidden[None])
    total.backward()  # type: ignore[no-untyped-call]
    assert loss.losses_N is not None
    assert head.weight.grad is not None
    weight.grad = head.weight.grad
    return loss.losses_N, total


def test_z_loss_is_what_it_is_by_hand() -> None:
    """Scores ln 1, ln 2, ln 5: Z = 8. Labels 2 and none: loss ln(8/5), z-loss .1 (ln 8)^2 once."""
    logits = torch.log(torch.tensor([[1.0, 2.0, 5.0], [1.0, 2.0, 5.0]]))
    losses, total = losses_of(logits, torch.tensor([2, -100]), 0.1)
    assert losses.tolist() == pytest.approx([math.log(8 / 5), 0])
    assert total.item() == pytest.approx(math.log(8 / 5) + 0.1 * math.log(8) ** 2)
    assert losses_of(logits, torch.tensor([2, -100]), 0.0)[1].item() == pytest.approx(math.log(8 / 5))


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 12), st.integers(1, 15), st.sampled_from([0.0, 0.01]), st.integers(0, 2**31))
def test_chunks_of_any_size_give_the_plain_loss_and_gradients(
    labels_in_all: int, chunk: int, z: float, seed: int
) -> None:
    drawn = torch.Generator().manual_seed(seed)
    hidden = torch.randn(labels_in_all, 6, generator=drawn, dtype=torch.float64).float()
    weight = torch.randn(11, 6, generator=drawn)
    labels = torch.randint(0, 11, (labels_in_all,), generator=drawn)
    labels[torch.rand(labels_in_all, generator=drawn) < 0.2] = -100
    found = []
    for take in (plain, chunked):
        ours, theirs = hidden.clone().requires_grad_(), weight.clone().requires_grad_()
        if take is plain:
            losses, total = plain(ours, theirs, labels, z)
            total.backward()  # type: ignore[no-untyped-call]
        else:
            theirs = weight.clone()
            losses, total = chunked(ours, theirs, labels, z, chunk)
        found.append((losses.detach(), total.detach(), ours.grad, theirs.grad))
    for expected, got in zip(*found, strict=True):
        assert torch.allclose(got, expected, atol=2e-5, rtol=1e-4)


def test_rows_that_are_not_there_yet_get_no_gradient() -> None:
    hidden, weight = torch.randn(5, 4, requires_grad=True), torch.randn(9, 4)
    labels = torch.tensor([0, 5, 3, 2, 1])
    losses, _ = chunked(hidden, weight, labels, 0.0, 2, rows=6)
    assert torch.allclose(losses, plain(hidden, weight[:6], labels, 0.0)[0], atol=1e-6)
    assert weight.grad is not None
    assert weight.grad[6:].eq(0).all()
    assert weight.grad[:6].abs().sum() > 0


def test_a_running_mean_is_what_it_is_by_hand() -> None:
    """Weights 0, then 1, then 1: decays 2/11 and 3/12, so 9/11, then 3/12 x 9/11 + 9/12."""
    weight = torch.zeros(1)
    means = averages.begin({"w": weight})
    weight += 1
    averages.follow(means, {"w": weight}, averages.decay_at(1, 0.999))
    assert means["w"].item() == pytest.approx(9 / 11)
    averages.follow(means, {"w": weight}, averages.decay_at(2, 0.999))
    assert means["w"].item() == pytest.approx(3 / 12 * 9 / 11 + 9 / 12)
    same = torch.tensor([0.1, 1 / 3])
    still = averages.begin({"w": same})
    averages.follow(still, {"w": same}, 0.37)
    assert torch.equal(still["w"], same)


def changed(recipe: dict[str, Any], **training: Any) -> dict[str, Any]:
    return recipe | {"training": recipe["training"] | training}


@pytest.fixture(scope="module")
def runs(recipe: dict[str, Any], tmp_path_factory: pytest.TempPathFactory, pretrain: Any) -> dict[str, Path]:
    """The recipe as it is, in chunks, and with z-loss in both ways."""
    directory = tmp_path_factory.mktemp("losses")
    ways = {"plain": {}, "chunks": {"loss_chunk": 13}, "z": {"z_loss": 0.01}}
    ways["both"] = ways["chunks"] | ways["z"]
    for name, training in ways.items():
        pretrain(changed(recipe, token_budget=6 * 4 * 32, **training), directory / name)
    return {name: directory / name for name in ways}


def curve(output: Path) -> list[float]:
    lines = [json.loads(line) for line in (output / "log.jsonl").read_text().splitlines()]
    return [line["loss"] for line in lines if line["kind"] == "step"]


def bits(output: Path) -> list[float]:
    lines = [json.loads(line) for line in (output / "log.jsonl").read_text().splitlines()]
    return [line["languages"]["en"]["bits_per_byte"] for line in lines if line["kind"] == "validation"]


def test_a_run_in_chunks_is_the_plain_run(runs: dict[str, Path]) -> None:
    for way, twin in (("plain", "chunks"), ("z", "both")):
        assert curve(runs[twin]) == pytest.approx(curve(runs[way]), rel=1e-5)
        assert bits(runs[twin]) == pytest.approx(bits(runs[way]), rel=1e-5)
    # What is logged is the loss alone: before the first update z-loss does not show, later it does.
    assert curve(runs["z"])[0] == curve(runs["plain"])[0]
    assert curve(runs["z"])[-1] != curve(runs["plain"])[-1]


def test_means_go_on_exactly_and_are_exported_by_a_switch(
    recipe: dict[str, Any], tmp_path: Path, pretrain: Any
) -> None:
    """Over 12 steps with checkpoints after 4, 8 and 12; all that came after the fourth is lost in the second run."""
    content = changed(recipe, ema=0.9, rows_first_steps=2) | {
        "model": recipe["model"] | {"new_rows_from": 380},
        "checkpoint": recipe["checkpoint"] | {"every_steps": 1, "keep": 12, "export_ema": True},
    }
    manifest = pretrain(content, tmp_path / "whole")
    assert manifest["exported"] == "ema"
    file = "shard-00001-model-00001-of-00001.safetensors"

    def read(run: str, step: int, kind: str) -> dict[str, torch.Tensor]:
        return load_file(tmp_path / run / f"checkpoints/step-{step:08d}" / kind / file)

    # The slow twin: the rule, from the weights of all steps.
    means = read("whole", 1, "ema")
    for step in range(2, 13):
        weights = read("whole", step, "weights")
        share = 1 - min(0.9, (1 + step) / (10 + step))
        means = {name: mean + share * (weights[name] - mean) for name, mean in means.items()}
    last = read("whole", 12, "ema")
    assert all(torch.allclose(last[name], means[name], atol=1e-7) for name in last)
    exported = load_file(tmp_path / "whole/model/model.safetensors")
    assert all(torch.equal(exported[name], last[name]) for name in exported)

    import shutil

    shutil.copytree(tmp_path / "whole", tmp_path / "again")
    for step in range(5, 13):
        shutil.rmtree(tmp_path / f"again/checkpoints/step-{step:08d}")
    pretrain(content, tmp_path / "again")
    for kind in ("weights", "optimizer", "ema"):
        ours, theirs = read("again", 12, kind), last if kind == "ema" else read("whole", 12, kind)
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
