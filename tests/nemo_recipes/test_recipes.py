"""Every recipe can be read, planned and carried out; ALLaM's say what the paper says."""

from pathlib import Path

import pytest

import nemo_recipes
from corpus.command_line import parse
from nemo_recipes import planning
from nemo_recipes.pretrain_config import PretrainConfig

CONFIGS = Path(nemo_recipes.__file__).parent / "configs"
NAMES = sorted(path.stem for path in CONFIGS.glob("*.yaml"))
ALLAM = [name for name in NAMES if name.startswith("allam")]


def read(name: str, *arguments: str) -> PretrainConfig:
    return parse(PretrainConfig, "pretrain", ["--config", str(CONFIGS / f"{name}.yaml"), *arguments])


def test_the_ladder_is_there() -> None:
    assert NAMES == [
        "allam-13b-continued",
        "allam-70b-continued",
        "allam-7b-continued",
        "allam-7b-scratch-english",
        "allam-7b-scratch-mixed",
        "demo-tiny",
        "smollm2-135m-continued",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_every_recipe_can_work(name: str) -> None:
    plan = planning.make_plan(read(name))
    assert plan.refusals == ()
    text = planning.render(plan)
    assert "cannot work" not in text
    for head in ("model", "parameters", "tokens", "layout", "memory", "FLOPs", "time"):
        assert f"\n{head} " in f"\n{text}"


@pytest.mark.parametrize(("name", "billions"), [("7b", 7.0), ("13b", 13.3), ("70b", 69.5)])
def test_the_papers_own_layout_can_be_planned(name: str, billions: float) -> None:
    given = ("--layout.engine=automodel", "--layout.pipeline=4")
    plan = planning.make_plan(read(f"allam-{name}-continued", *given))
    assert plan.refusals == ()
    assert plan.config.layout.tensor == (8 if name == "70b" else 2)
    assert plan.parameters.total / 1e9 == pytest.approx(billions, abs=0.05)


@pytest.mark.parametrize("name", ALLAM)
def test_allams_published_figures(name: str) -> None:
    config = read(name)
    training = config.training
    assert config.data.sequence_length == 4096
    assert training.global_batch * config.data.sequence_length == 4_194_304  # 4.19 M tokens
    assert (training.betas, training.weight_decay, training.clip) == ([0.9, 0.95], 0.1, 1.0)
    assert (training.precision, training.optimizer_state) == ("bf16", "fresh")
    assert config.layout.gpus_per_node == 8
    budgets = {"allam-7b-scratch-english": 4 * 10**12, "allam-70b-continued": 6 * 10**11}
    assert training.token_budget == budgets.get(name, 12 * 10**11)
    if not name.endswith("english"):
        assert (training.schedule, training.learning_rate) == ("constant", 3e-5)


@pytest.mark.parametrize("name", ALLAM)
def test_what_is_not_published_is_marked(name: str) -> None:
    """Figures that the paper does not give stand beside a mark, so that nobody takes them for ALLaM's."""
    lines = (CONFIGS / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    for setting in ("warmup_steps", "learning_rate", "token_budget", "global_batch"):
        (line,) = [line for line in lines if line.strip().startswith(f"{setting}:")]
        assert (
            "[paper" in line or "[ours]" in line or (setting == "warmup_steps" and name.endswith("english"))
        )


def test_smollm2_says_what_it_is() -> None:
    note = read("smollm2-135m-continued").model.note
    assert "Instruct" in note
    assert "4-bit" in note
