"""What the training engine costs, against a bare PyTorch loop over the same model and batches.

    python benchmarks/speed/train_overhead.py [--rounds 5] [--threads 1] [--output FILE.json]

Both do the same arithmetic in float32 on the CPU: forward, cross-entropy, backward over two micro batches, clipping,
AdamW. The engine does the rest of its work too: Lightning and NeMo around it, the data loader, the journal, the guard
against broken losses. Rounds alternate; a figure is that of the steps after the fourth of a round. Wall time tells what
a user sees; CPU time of the process tells it too where other work shares the machine.
"""

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from recording import record

from nemo_recipes.data.settings import Data
from nemo_recipes.data.tokenizer import Tokenizer
from nemo_recipes.engine.feed import Feed
from nemo_recipes.engine.model import make_model
from nemo_recipes.engine.parallel import join_processes
from nemo_recipes.engine.quiet import quietly
from nemo_recipes.engine.training import train
from nemo_recipes.planning.settings import Hardware
from nemo_recipes.pretrain_config import Model, PretrainConfig, Shape, Training, Watch
from nemo_recipes.watch.byte_lengths import ByteCounter
from nemo_recipes.watch.journal import Journal

STEPS = 16
WARM = 4
LENGTH = 128
MICRO, GLOBAL = 4, 8
SHAPE = Shape(
    vocab_size=4096,
    hidden_size=256,
    intermediate_size=768,
    num_hidden_layers=4,
    num_attention_heads=4,
    num_key_value_heads=2,
    tie_word_embeddings=True,
)


class Sequences:
    """Random tokens, kept in memory, that remember when each step asked for them."""

    def __init__(self) -> None:
        drawn = np.random.default_rng(0)
        self.marks: dict[int, tuple[float, float]] = {}
        self.rows = drawn.integers(1, SHAPE.vocab_size, (STEPS * GLOBAL, LENGTH + 1))

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, number: int) -> dict[str, Any]:
        if number % GLOBAL == 0:
            self.marks[number // GLOBAL] = (time.perf_counter(), time.process_time())
        row = torch.from_numpy(self.rows[number])
        return {
            "tokens": row[:-1],
            "labels": row[1:],
            "loss_mask": torch.ones(LENGTH),
            "position_ids": torch.arange(LENGTH),
        }

    def tokens_per_second(self) -> tuple[float, float]:
        """By wall time and by CPU time, between the first of the steps that count and the last."""
        (wall, cpu), (wall_end, cpu_end) = self.marks[WARM], self.marks[STEPS - 1]
        tokens = (STEPS - 1 - WARM) * GLOBAL * LENGTH
        return tokens / (wall_end - wall), tokens / (cpu_end - cpu)


def main() -> None:
    """Measure, print and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    config = settings("unused")
    join_processes(config.layout, "cpu")
    sequences = Sequences()
    rounds = []
    for number in range(arguments.rounds):
        losses = engine_run(sequences), None
        engine = sequences.tokens_per_second()
        losses = losses[0], bare_run(sequences)
        rounds.append((engine, sequences.tokens_per_second(), losses))
        sys.stderr.write(f"round {number}: {rounds[-1]}\n")
    result: dict[str, Any] = {"n": arguments.rounds, "threads": arguments.threads, "torch": torch.__version__}
    for clock, name in enumerate(("wall", "cpu")):
        ratios = [engine[clock] / bare[clock] for engine, bare, _ in rounds]
        result[name] = {
            "engine_tokens_per_second": round(statistics.median(engine[clock] for engine, _, _ in rounds), 1),
            "bare_tokens_per_second": round(statistics.median(bare[clock] for _, bare, _ in rounds), 1),
            "ratio_median": round(statistics.median(ratios), 4),
            "ratio_each": [round(ratio, 4) for ratio in ratios],
        }
    result |= {
        "last_losses_engine_and_bare": rounds[-1][2],
        "parameters": sum(p.numel() for p in make_model(config.model, config.training).parameters()),
        "tokens_per_step": GLOBAL * LENGTH,
        "machine": platform.processor() or platform.machine(),
        "load_average": os.getloadavg(),
    }
    record(result, arguments.output)


def settings(output: str) -> PretrainConfig:
    """A model small enough for a minute, and large enough that arithmetic is most of it."""
    return PretrainConfig(
        output_dir=output,
        data=Data(tokens="none", sequence_length=LENGTH),
        model=Model(shape=SHAPE),
        training=Training(
            token_budget=STEPS * GLOBAL * LENGTH,
            micro_batch=MICRO,
            global_batch=GLOBAL,
            learning_rate=1e-3,
            precision="fp32",
        ),
        hardware=Hardware(device="cpu"),
        watch=Watch(log_every=10, validate_every=0),
    )


def engine_run(sequences: Sequences) -> float:
    """Run the engine; returns the last loss."""
    tokenizer = Tokenizer(path="", vocab_size=SHAPE.vocab_size, end_id=0, begin_id=None, sha256={})
    counter = ByteCounter(np.ones(SHAPE.vocab_size, np.int64), 0, 0)
    feed = Feed(samples=sequences, sets=[], tokenizer=tokenizer, counter=counter, described={})
    with tempfile.TemporaryDirectory() as directory, quietly():
        train(settings(directory), [feed], "cpu")
        return float(Journal(Path(directory, "log.jsonl")).lines("step")[-1]["loss"])


def bare_run(sequences: Sequences) -> float:
    """The same by a loop as one would write it by hand; returns the last loss."""
    config = settings("unused")
    model = make_model(config.model, config.training)
    groups = [
        {"params": [p for p in model.parameters() if p.ndim >= 2], "weight_decay": 0.1},
        {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.95))
    loss = 0.0
    for step in range(STEPS):
        loss = 0.0
        for first in range(step * GLOBAL, (step + 1) * GLOBAL, MICRO):
            samples = [sequences[number] for number in range(first, first + MICRO)]
            tokens, labels = (
                torch.stack([sample[name] for sample in samples]) for name in ("tokens", "labels")
            )
            logits = model(input_ids=tokens, use_cache=False).logits
            part = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten())
            (part * MICRO / GLOBAL).backward()
            loss += part.item() * MICRO / GLOBAL
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return loss


if __name__ == "__main__":
    main()
