"""What the runs of an experiment are: tokenizers with their files, and what one worker does at a time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.mixtures import TokenMixture
from nemo_recipes.planning.plan import make_plan
from nemo_recipes.pretrain_config import PretrainConfig, Shape
from tokenization.embeddings import Embeddings

BASE = "base"
LOG = "output.log"
RUNS = "runs"


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """A tokenizer, its token files, and the shape of the model that reads them.

    Attributes:
        tokenizer: Path of the tokenizer.
        tokens: Directory of its token files.
        shape: Shape of the model with its rows.
        mixtures: Each mixture in its tokens.
        plans: Directory of the plans, one for each mixture.
    """

    tokenizer: str
    tokens: Path
    shape: Shape
    mixtures: Mapping[str, TokenMixture]
    plans: Path


@dataclass(frozen=True, kw_only=True)
class Job:
    """What one worker does at a time: a run, what is made or measured of it, or all of these.

    Attributes:
        seed: Number of the repetition.
        leg: Letter of the leg, or base.
        config: The run; None for a base that is there already.
        flops: What the run computes, by its plan.
        log: File for what it prints.
        rows: Checkpoints with new rows that are made afterwards.
        measure: What is measured of the model afterwards, unless that is done.
    """

    seed: int
    leg: str
    config: PretrainConfig | None
    flops: int
    log: Path
    rows: tuple[Embeddings, ...] = ()
    measure: Callable[[], None] | None = None


def run_dir(output_dir: str, seed: int, name: str) -> Path:
    """Directory of a run, or of a checkpoint with new rows."""
    return Path(output_dir, RUNS, f"seed-{seed}", name)


def planned_flops(config: PretrainConfig | None) -> int:
    """What a run computes, by its plan."""
    if config is None:
        return 0
    plan = make_plan(config)
    return plan.tokens * plan.flops_per_token


def described(job: Job) -> dict[str, Any]:
    """A run of the plan, for people."""
    assert job.config is not None
    plan = make_plan(job.config)
    return {"seed": job.seed, "leg": job.leg, "steps": plan.steps, "tokens": plan.tokens, "flops": job.flops}
