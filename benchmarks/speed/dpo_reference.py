"""What DPO's cached reference saves in a step, and what the cache costs.

    python benchmarks/speed/dpo_reference.py [--rounds 3] [--threads 1] [--output benchmarks/results/dpo_reference.json]

Whole runs of `alignment/dpo.py`'s engine on the CPU in float32, over the same pairs in the same order: one with the
cache, one that computes the reference in each step; rounds alternate. A step's time is the mean over those after the
first WARM. Wall time tells what a user sees; CPU time of the process tells it too where other work shares the machine.
The cache costs one pass over all pairs, once; it has paid for itself after so many epochs as that cost, divided by what
is saved in an epoch, says.
"""

import argparse
import json
import os
import platform
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from recording import record

from alignment.chat_template import save_chat_tokenizer
from alignment.direct_preference import running
from alignment.direct_preference.batches import PairSamples
from alignment.dpo_config import DpoConfig, Preference
from alignment.preferences.settings import PreferenceData
from alignment.tuning import Tuning
from nemo_recipes.engine.model import llama_config
from nemo_recipes.engine.quiet import quietly
from nemo_recipes.planning.settings import Hardware
from nemo_recipes.pretrain_config import Checkpoint, Model, Shape, Watch
from tokenization.base import Additions
from tokenization.load_base import load_base

STEPS, WARM = 9, 2
PAIRS, BATCH = 48, 8
WORDS = 24
SHAPE = Shape(
    vocab_size=32_128,
    hidden_size=256,
    intermediate_size=768,
    num_hidden_layers=4,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=512,
    tie_word_embeddings=True,
)


def main() -> None:
    """Measure, print and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    rounds = []
    with tempfile.TemporaryDirectory() as directory:
        checkpoint, pairs = make_model(Path(directory)), make_pairs(Path(directory))
        for number in range(arguments.rounds):
            one = {}
            for reference in ("cached", "each_step") if number % 2 == 0 else ("each_step", "cached"):
                output = Path(directory, f"{reference}-{number}")
                one[reference] = measured(settings(output, checkpoint, pairs, reference))
            rounds.append(one)
            sys.stderr.write(f"round {number}: {one}\n")
    result = summary(rounds) | {
        "benchmark": "dpo_reference",
        "command": "python benchmarks/speed/dpo_reference.py",
        "settings": {"rounds": arguments.rounds, "threads": arguments.threads},
        "pairs": PAIRS,
        "pairs_per_step": BATCH,
        "steps_that_count": STEPS - 1 - WARM,
        "tokens_per_pair": rounds[0]["cached"]["tokens_per_pair"],
        "shape": vars(SHAPE),
        "versions": {"torch": torch.__version__, "python": platform.python_version()},
        "machine": {"cpu": cpu(), "cores_available": os.cpu_count(), "load_average": os.getloadavg()[0]},
    }
    record(result, arguments.output)


def make_model(directory: Path) -> str:
    """A Llama with random weights and Mistral's first tokenizer with a chat template."""
    from transformers import LlamaForCausalLM

    torch.manual_seed(1)
    plain, target = directory / "tokenizer", directory / "sft"
    plain.mkdir()
    nothing = Additions(pieces=[], texts=[], parts=[], base_ids=[], roles=[], counts=[])
    load_base("mistral-v1").write(nothing, 8, plain)
    LlamaForCausalLM(llama_config(SHAPE)).save_pretrained(target)
    save_chat_tokenizer(plain, target, "llama2-like")
    return str(target)


def make_pairs(directory: Path) -> str:
    """Made-up pairs whose prompts and answers are as long as one another."""
    drawn = random.Random(1)
    words = sorted(
        {
            "city",
            "doctor",
            "large",
            "market",
            "modern",
            "ocean",
            "of",
            "opened",
            "plan",
            "school",
            "the",
            "train",
        }
    )

    def text() -> str:
        return " ".join(drawn.choices(words, k=drawn.randint(WORDS // 2, WORDS)))

    path = directory / "pairs.jsonl"
    records = [{"prompt": text(), "chosen": text(), "rejected": text()} for _ in range(PAIRS)]
    path.write_text("\n".join(map(json.dumps, records)))
    return str(path)


def settings(output: Path, checkpoint: str, pairs: str, reference: Any) -> DpoConfig:
    """A run of STEPS steps that keeps and watches as little as can be."""
    return DpoConfig(
        output_dir=str(output),
        data=PreferenceData(path=[pairs], language="en", max_length=512, validation_share=0.0),
        model=Model(checkpoint=checkpoint),
        preference=Preference(reference=reference),
        training=Tuning(
            epochs=2, max_steps=STEPS, micro_batch=4, global_batch=BATCH, learning_rate=1e-5, precision="fp32"
        ),
        hardware=Hardware(device="cpu", peak_teraflops=0),
        checkpoint=Checkpoint(every_steps=10_000, export="never"),
        watch=Watch(log_every=STEPS, validate_every=0),
    )


def measured(config: DpoConfig) -> dict[str, float]:
    """Wall and CPU seconds of a step and of the cache, the last loss, and tokens of a pair."""
    marks: dict[int, tuple[float, float]] = {}
    cache: list[float] = [0.0, 0.0]
    take = PairSamples.__getitem__
    compute = running.cached_scores

    def marked(samples: PairSamples, number: int) -> Any:
        if number % BATCH == 0:
            marks[number // BATCH] = now()
        return take(samples, number)

    def timed(*given: Any) -> Any:
        began = now()
        found = compute(*given)
        cache[:] = [after - before for before, after in zip(began, now(), strict=True)]
        return found

    with (
        patch.object(PairSamples, "__getitem__", marked),
        patch.object(running, "cached_scores", timed),
        quietly(),
    ):
        manifest = running.run(config)
    steps = STEPS - 1 - WARM
    wall, cpu_time = ((marks[STEPS - 1][clock] - marks[WARM][clock]) / steps for clock in (0, 1))
    return {
        "wall": wall,
        "cpu": cpu_time,
        "cache_wall": cache[0],
        "cache_cpu": cache[1],
        "loss": manifest["result"]["last_step"]["all/loss"],
        "tokens_per_pair": manifest["data"]["tokens"] / manifest["data"]["pairs"],
    }


def now() -> tuple[float, float]:
    """Wall and CPU time."""
    return time.perf_counter(), time.process_time()


def summary(rounds: list[dict[str, dict[str, float]]]) -> dict[str, Any]:
    """Medians over the rounds, the ratio of each, and the break-even."""
    found: dict[str, Any] = {"n": len(rounds)}
    for clock in ("wall", "cpu"):

        def median(figure: Callable[[dict[str, dict[str, float]]], float]) -> float:
            return statistics.median(figure(one) for one in rounds)

        def saved(one: dict[str, dict[str, float]], clock: str = clock) -> float:
            return one["each_step"][clock] - one["cached"][clock]

        found[clock] = {
            "each_step_seconds_a_step": round(median(lambda one, c=clock: one["each_step"][c]), 4),
            "cached_seconds_a_step": round(median(lambda one, c=clock: one["cached"][c]), 4),
            "ratio_median": round(median(lambda one, c=clock: one["each_step"][c] / one["cached"][c]), 4),
            "ratio_each": [round(one["each_step"][clock] / one["cached"][clock], 4) for one in rounds],
            "cache_seconds_a_thousand_pairs": round(
                median(lambda one, c=clock: one["cached"][f"cache_{c}"]) / PAIRS * 1000, 2
            ),
            "break_even_epochs": round(
                median(lambda one, c=clock: one["cached"][f"cache_{c}"] / (saved(one) / BATCH * PAIRS)), 3
            ),
        }
    found["last_losses_cached_and_each_step"] = [
        [one["cached"]["loss"], one["each_step"]["loss"]] for one in rounds
    ]
    return found


def cpu() -> str:
    """Name of the processor."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine()
    )


if __name__ == "__main__":
    main()
